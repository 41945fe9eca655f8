// How many CPUs this process may really use.
#pragma once

#include <filesystem>
#include <optional>

namespace ekiden::runtime {

// The affinity mask, cut by the CPU quota of the control group (v1 and v2, the tightest of the
// group and its ancestors), rounded up, at least 1.
unsigned usable_cpus();

// The quota in CPUs (1.5 is one and a half), nullopt for none. `proc_cgroup`: a file like
// /proc/self/cgroup; `mount`: where the hierarchies are mounted. Separate for tests.
std::optional<double> cgroup_cpu_quota(const std::filesystem::path& proc_cgroup,
                                       const std::filesystem::path& mount);

}  // namespace ekiden::runtime
