#include "runtime/base/cpu_count.hpp"

#include <sched.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace ekiden::runtime::test {
namespace {

namespace fs = std::filesystem;

// A made-up /proc/self/cgroup and the hierarchies it speaks of.
class Groups {
 public:
  Groups() {
    static int count = 0;
    root_ = fs::temp_directory_path() /
            ("ekiden-cpu-" + std::to_string(getpid()) + "-" + std::to_string(++count));
    fs::create_directories(root_ / "mount");
  }
  ~Groups() { fs::remove_all(root_); }
  Groups(const Groups&) = delete;
  Groups& operator=(const Groups&) = delete;

  void write(const std::string& file, const std::string& text) const {
    const fs::path path = root_ / "mount" / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text << '\n';
  }
  std::optional<double> quota(const std::string& proc_cgroup) const {
    std::ofstream(root_ / "cgroup") << proc_cgroup;
    return cgroup_cpu_quota(root_ / "cgroup", root_ / "mount");
  }
  std::optional<double> quota_without_file() const {
    return cgroup_cpu_quota(root_ / "no such file", root_ / "mount");
  }

 private:
  fs::path root_;
};

TEST_CASE("the quota of a control group") {
  struct Case {
    const char* what;
    const char* proc_cgroup;
    std::vector<std::pair<const char*, const char*>> files;
    std::optional<double> quota;
  };
  const Case cases[] = {
      {"v2, one and a half", "0::/app\n", {{"app/cpu.max", "150000 100000"}}, 1.5},
      {"v2, another period", "0::/app\n", {{"app/cpu.max", "20000 10000"}}, 2.0},
      {"v2, none", "0::/app\n", {{"app/cpu.max", "max 100000"}}, std::nullopt},
      {"v2, no such file", "0::/app\n", {}, std::nullopt},
      {"v2, a parent is tighter",
       "0::/a/b/c\n",
       {{"a/cpu.max", "100000 100000"},
        {"a/b/cpu.max", "max 100000"},
        {"a/b/c/cpu.max", "400000 100000"}},
       1.0},
      {"v2, the group is tighter than its parent",
       "0::/a/b\n",
       {{"a/cpu.max", "300000 100000"}, {"a/b/cpu.max", "50000 100000"}},
       0.5},
      {"v2, a sibling's limit is none of ours",
       "0::/a\n",
       {{"a/cpu.max", "max 100000"}, {"b/cpu.max", "100000 100000"}},
       std::nullopt},
      {"v2 in a container: the group is the mount's root",
       "0::/\n",
       {{"cpu.max", "250000 100000"}},
       2.5},
      {"v2 in a container: a path that is not there",
       "0::/docker/abc\n",
       {{"cpu.max", "250000 100000"}},
       2.5},
      {"v2 beside v1 (hybrid)",
       "1:name=systemd:/x\n0::/x\n",
       {{"unified/x/cpu.max", "100000 100000"}},
       1.0},
      {"v1",
       "4:cpu,cpuacct:/app\n",
       {{"cpu/app/cpu.cfs_quota_us", "300000"}, {"cpu/app/cpu.cfs_period_us", "100000"}},
       3.0},
      {"v1, mounted under its full name",
       "4:cpu,cpuacct:/app\n",
       {{"cpu,cpuacct/app/cpu.cfs_quota_us", "300000"},
        {"cpu,cpuacct/app/cpu.cfs_period_us", "100000"}},
       3.0},
      {"v1, no limit is -1",
       "4:cpu:/app\n",
       {{"cpu/app/cpu.cfs_quota_us", "-1"}, {"cpu/app/cpu.cfs_period_us", "100000"}},
       std::nullopt},
      {"v1, a parent is tighter",
       "4:cpu:/a/b\n",
       {{"cpu/a/cpu.cfs_quota_us", "100000"},
        {"cpu/a/cpu.cfs_period_us", "100000"},
        {"cpu/a/b/cpu.cfs_quota_us", "-1"},
        {"cpu/a/b/cpu.cfs_period_us", "100000"}},
       1.0},
      {"v1, half of it is missing",
       "4:cpu:/app\n",
       {{"cpu/app/cpu.cfs_quota_us", "100000"}},
       std::nullopt},
      {"v1, a controller that only sounds like it",
       "4:cpuset:/app\n",
       {{"cpu/app/cpu.cfs_quota_us", "100000"}, {"cpu/app/cpu.cfs_period_us", "100000"}},
       std::nullopt},
      {"both versions: the tighter one",
       "4:cpu:/app\n0::/app\n",
       {{"cpu/app/cpu.cfs_quota_us", "400000"},
        {"cpu/app/cpu.cfs_period_us", "100000"},
        {"app/cpu.max", "200000 100000"}},
       2.0},
      {"a colon in the path", "0::/a:b\n", {{"a:b/cpu.max", "100000 100000"}}, 1.0},
      {"no line", "", {}, std::nullopt},
      {"lines that are none", "hello\n:\n\n0:\n", {}, std::nullopt},
      {"a quota that is no number", "0::/app\n", {{"app/cpu.max", "lots 100000"}}, std::nullopt},
      {"a quota alone", "0::/app\n", {{"app/cpu.max", "100000"}}, std::nullopt},
      {"a period of 0", "0::/app\n", {{"app/cpu.max", "100000 0"}}, std::nullopt},
      {"a quota of 0", "0::/app\n", {{"app/cpu.max", "0 100000"}}, std::nullopt},
      {"an empty file", "0::/app\n", {{"app/cpu.max", ""}}, std::nullopt},
      {"v1, a period of 0",
       "4:cpu:/app\n",
       {{"cpu/app/cpu.cfs_quota_us", "100000"}, {"cpu/app/cpu.cfs_period_us", "0"}},
       std::nullopt},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Groups groups;
    for (const auto& [file, text] : c.files)
      groups.write(file, text);
    CHECK(groups.quota(c.proc_cgroup) == c.quota);
  }
}

TEST_CASE("a system without control groups sets no quota") {
  CHECK(Groups().quota_without_file() == std::nullopt);
}

TEST_CASE("usable CPUs follow the affinity mask") {
  const unsigned all = usable_cpus();
  CHECK(all >= 1);
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  CHECK(all <= static_cast<unsigned>(CPU_COUNT(&before)));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &before)) continue;
    CPU_SET(cpu, &one);
    break;
  }
  REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
  const unsigned pinned = usable_cpus();
  REQUIRE(sched_setaffinity(0, sizeof before, &before) == 0);
  CHECK(pinned == 1);
}

}  // namespace
}  // namespace ekiden::runtime::test
