// Which plugins there are, by name: the instance that lives, or what became of the last attempt;
// and the next generation, while it is checked and waits for the one that lives.
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
  static constexpr std::uint32_t kWhicheverLives = 0;  // no generation's number

  using InstancePtr = std::shared_ptr<Instance>;
  // Makes the instance of that generation, with the table locked; may throw.
  using Make = std::function<InstancePtr(std::uint32_t generation)>;

  struct Entered {
    InstancePtr made;    // the new one, or nullptr because of
    InstancePtr living;  // the one of that name that lives
  };
  // Makes and enters an instance of the next generation, unless one of that name lives.
  Entered enter(const std::string& name, const Make& make);
  struct EnteredNext {
    InstancePtr made;  // the new one, or nullptr because of
    InstancePtr live;  // what lives: none, or one that may not be replaced as `may_replace` says
    InstancePtr next;  // or somebody else who waits to replace it
  };
  // Makes the generation that follows the one that lives, and which takes its place when that
  // leaves.
  EnteredNext enter_next(
      const std::string& name, const std::function<bool(const InstancePtr& live)>& may_replace,
      const std::function<InstancePtr(std::uint32_t generation, const InstancePtr& live)>& make);
  enum class Leaves {
    kRow,         // it failed or was refused, and the row says why
    kGeneration,  // it was retired: only the counting goes on
    kNothing,     // there was no such file; or whoever asks for made-up names would fill the table
  };
  struct Left {
    bool was_next = false;  // it never took the place of the one that lives
    InstancePtr promoted;   // who lives from now on
  };
  // An instance is over. `refusal`: what is shown of one that was to be next; or empty.
  Left leave(const Instance& instance, const std::string& name, Leaves leaves,
             const std::string& refusal);
  // What the row of the one that lives says about its replacement; empty: nothing. Passed over
  // where another generation than that lives by now.
  void set_pending_error(const std::string& name, std::uint32_t generation, std::string text);
  // Takes away the row of a name that has no instance.
  void forget(const std::string& name);
  // Shows a name that has no instance: a file that is not even a plugin's, or a disabled plugin.
  void note(PluginRow row);

  // nullptr: none of that name lives.
  InstancePtr find_live(const std::string& name) const;
  InstancePtr find_next(const std::string& name) const;
  // Those that are to be next, too.
  std::vector<InstancePtr> live() const;
  std::vector<PluginRow> rows() const;
  std::optional<PluginRow> row(const std::string& name) const;

 private:
  struct Slot {
    std::uint32_t generation = 0;  // the last one given
    InstancePtr live;
    InstancePtr next;               // only while one lives
    std::optional<PluginRow> last;  // shown while none lives
    std::string pending_error;      // shown while one lives
  };

  static PluginRow row_of(const Slot& slot);

  mutable runtime::Mutex mutex_;
  std::map<std::string, Slot> slots_ EKIDEN_GUARDED_BY(mutex_);
};

}  // namespace ekiden::daemon
