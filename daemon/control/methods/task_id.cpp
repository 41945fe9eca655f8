#include <charconv>
#include <cstdint>
#include <cstdio>

#include "daemon/control/methods/registration.hpp"

namespace ekiden::daemon::control {
namespace {

constexpr std::string_view kPrefix = "0x";

}  // namespace

std::string task_id(runtime::Handle task) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(task.bits()));
  return text;
}

std::optional<runtime::Handle> parse_task_id(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  std::uint64_t bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const runtime::Handle task(bits);
  if (task.kind() != runtime::HandleKind::kTask || task.is_null()) return std::nullopt;
  return task;
}

}  // namespace ekiden::daemon::control
