// How a plugin gets at the daemon's whole metrics, and at whether the daemon is ready: the host
// asks here, and the daemon, which knows, answers. One at a time in a process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ekiden::daemon::metrics {

enum class Format : std::uint8_t { kPrometheus, kJson };
enum class Readiness : std::uint8_t { kStarting, kReady, kDraining };

class Exposition {
 public:
  // Any thread that may wait for a lock.
  virtual std::string render(Format format) const = 0;
  // Any thread; waits for nothing.
  virtual Readiness readiness() const = 0;

 protected:
  ~Exposition() = default;
};

// Null: nobody answers any more. Returns when no render() is under way.
void set_exposition(const Exposition* exposition);

// Nothing where nobody answers.
std::optional<std::string> render(Format format);
std::optional<Readiness> readiness();

}  // namespace ekiden::daemon::metrics
