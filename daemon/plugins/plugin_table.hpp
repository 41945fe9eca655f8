// Which plugins there are, by name: the instance that lives, or what became of the last attempt.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/plugins/instance.hpp"
#include "runtime/base/mutex.hpp"

namespace ekiden::daemon {

// Any thread may call any member.
class PluginTable {
 public:
  using InstancePtr = std::shared_ptr<Instance>;
  // Makes the instance of that generation, with the table locked; may throw.
  using Make = std::function<InstancePtr(std::uint32_t generation)>;

  struct Entered {
    InstancePtr made;    // the new one, or nullptr because of
    InstancePtr living;  // the one of that name that lives
  };
  // Makes and enters an instance of the next generation, unless one of that name lives.
  Entered enter(const std::string& name, const Make& make);
  enum class Leaves {
    kRow,         // it failed or was refused, and the row says why
    kGeneration,  // it was retired: only the counting goes on
    kNothing,     // there was no such file; or whoever asks for made-up names would fill the table
  };
  // An instance is over.
  void leave(const Instance& instance, const std::string& name, Leaves leaves);
  // Shows a name that has no instance: a file that is not even a plugin's, or a disabled plugin.
  void note(PluginRow row);

  // nullptr: none of that name lives.
  InstancePtr find_live(const std::string& name) const;
  std::vector<InstancePtr> live() const;
  std::vector<PluginRow> rows() const;
  std::optional<PluginRow> row(const std::string& name) const;

 private:
  struct Slot {
    std::uint32_t generation = 0;  // the last one given
    InstancePtr live;
    std::optional<PluginRow> last;  // shown while none lives
  };

  mutable runtime::Mutex mutex_;
  std::map<std::string, Slot> slots_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::daemon
