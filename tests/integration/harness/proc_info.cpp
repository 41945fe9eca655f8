#include "tests/integration/harness/proc_info.hpp"

#include <filesystem>
#include <iterator>
#include <sstream>

#include "tests/integration/harness/temp_folder.hpp"

namespace ekiden::integration {
namespace {

std::filesystem::path folder_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

// The number behind "key:" in a status file; 0 if there is none.
std::uint64_t number_of(const std::string& status, const std::string& key) {
  const std::size_t at = status.find(key + ":");
  if (at == std::string::npos) return 0;
  return std::stoull(status.substr(at + key.size() + 1));
}

std::size_t kilobytes(pid_t pid, const std::string& key) {
  return number_of(read_text(folder_of(pid) / "status"), key) * 1024;
}

std::size_t entries(const std::filesystem::path& folder) {
  std::error_code ignored;
  const std::filesystem::directory_iterator all(folder, ignored);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

std::size_t resident_bytes(pid_t pid) { return kilobytes(pid, "VmRSS"); }
std::size_t peak_resident_bytes(pid_t pid) { return kilobytes(pid, "VmHWM"); }
std::size_t open_descriptors(pid_t pid) { return entries(folder_of(pid) / "fd"); }
std::size_t thread_count(pid_t pid) { return entries(folder_of(pid) / "task"); }

std::map<std::string, std::uint64_t> context_switches(pid_t pid) {
  std::map<std::string, std::uint64_t> switches;
  for (const auto& thread : std::filesystem::directory_iterator(folder_of(pid) / "task")) {
    std::string name = read_text(thread.path() / "comm");
    if (!name.empty()) name.pop_back();
    const std::string status = read_text(thread.path() / "status");
    switches[thread.path().filename().string() + " " + name] =
        number_of(status, "voluntary_ctxt_switches") +
        number_of(status, "nonvoluntary_ctxt_switches");
  }
  return switches;
}

}  // namespace ekiden::integration
