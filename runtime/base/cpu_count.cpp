#include "runtime/base/cpu_count.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace ekiden::runtime {

namespace {

namespace fs = std::filesystem;

std::optional<double> read_v2_limit(const fs::path& group) {
  std::ifstream file(group / "cpu.max");  // "max 100000" or "150000 100000"
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(quota.c_str(), &end);
  if (end == quota.c_str() || value <= 0) return std::nullopt;
  return value / period;
}

std::optional<double> read_v1_limit(const fs::path& group) {
  std::ifstream quota_file(group / "cpu.cfs_quota_us");
  std::ifstream period_file(group / "cpu.cfs_period_us");
  double quota = 0;
  double period = 0;
  if (!(quota_file >> quota) || !(period_file >> period)) return std::nullopt;
  if (quota <= 0 || period <= 0) return std::nullopt;  // -1: no limit
  return quota / period;
}

using LimitReader = std::optional<double> (*)(const fs::path&);

// A parent's limit binds its children, so the whole way up to the mount counts. Inside a container
// the group's own path may not exist below the mount; then the mount's root is the group.
std::optional<double> tightest(const fs::path& mount, fs::path group, LimitReader read) {
  std::optional<double> result = read(mount);
  for (group = group.relative_path(); !group.empty(); group = group.parent_path()) {
    const std::optional<double> limit = read(mount / group);
    if (limit && (!result || *limit < *result)) result = limit;
  }
  return result;
}

bool names_cpu_controller(const std::string& controllers) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

unsigned affinity_cpus() {
  // Larger machines than CPU_SETSIZE (1024) need a larger mask: the call says EINVAL until it fits.
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(cpus));
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus));
    const bool ok = sched_getaffinity(0, bytes, set) == 0;
    const int count = ok ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (ok) return static_cast<unsigned>(count);
  }
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const fs::path& proc_cgroup, const fs::path& mount) {
  std::ifstream file(proc_cgroup);
  std::optional<double> result;
  // Lines are "hierarchy:controllers:path"; v2 is "0::path".
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    std::optional<double> limit;
    if (controllers.empty()) {
      limit = tightest(mount, group, read_v2_limit);
      if (!limit) limit = tightest(mount / "unified", group, read_v2_limit);
    } else if (names_cpu_controller(controllers)) {
      limit = tightest(mount / "cpu", group, read_v1_limit);
      if (!limit) limit = tightest(mount / controllers, group, read_v1_limit);
    }
    if (limit && (!result || *limit < *result)) result = limit;
  }
  return result;
}

unsigned usable_cpus() {
  unsigned cpus = affinity_cpus();
  if (const auto quota = cgroup_cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup")) {
    // Compared as double: a quota may be larger than any unsigned.
    cpus = static_cast<unsigned>(std::min<double>(cpus, std::ceil(*quota)));
  }
  return std::max(1u, cpus);
}

}  // namespace ekiden::runtime
