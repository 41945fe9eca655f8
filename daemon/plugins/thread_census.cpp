#include "daemon/plugins/thread_census.hpp"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kThreadNameMaxBytes = 15;

std::string name_of(const fs::path& task) {
  std::ifstream file(task / "comm");
  std::string name;
  std::getline(file, name);
  return name;
}

std::size_t count_once(const std::string& own_name) {
  const std::string own_id = std::to_string(::gettid());
  std::size_t count = 0;
  std::error_code error;
  for (fs::directory_iterator task("/proc/self/task", error);
       !error && task != fs::directory_iterator(); task.increment(error)) {
    if (task->path().filename() != own_id && name_of(task->path()) == own_name) count++;
  }
  return count;
}

}  // namespace

std::string unique_thread_name(const std::string& plugin) {
  static std::atomic<std::uint64_t> next{1};
  const std::string name =
      "p" + std::to_string(next.fetch_add(1, std::memory_order_relaxed)) + "." + plugin;
  return name.substr(0, kThreadNameMaxBytes);
}

std::size_t count_threads_named_like_me(std::chrono::nanoseconds patience) {
  std::array<char, kThreadNameMaxBytes + 1> own_name{};
  if (::pthread_getname_np(::pthread_self(), own_name.data(), own_name.size()) != 0) return 0;
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const std::size_t count = count_once(own_name.data());
    if (count == 0 || std::chrono::steady_clock::now() >= end) return count;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace ekiden::daemon
