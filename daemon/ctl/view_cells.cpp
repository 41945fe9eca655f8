#include "daemon/ctl/view_cells.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/ctl/units.hpp"

namespace ekiden::daemon::ctl {
namespace {

using nlohmann::json;

std::optional<std::int64_t> whole_number(const json& row, std::string_view member) {
  if (!row.is_object()) return std::nullopt;
  const auto found = row.find(member);
  if (found == row.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace

std::string cell(const json& row, std::string_view member) {
  if (!row.is_object()) return {};
  const auto found = row.find(member);
  if (found == row.end() || found->is_null() || found->is_structured()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string duration_cell(const json& row, std::string_view member) {
  const auto value = whole_number(row, member);
  return value ? duration_text(*value) : std::string();
}

std::string nanos_cell(const json& row, std::string_view histogram, std::string_view member) {
  const auto found = row.is_object() ? row.find(histogram) : row.end();
  if (!row.is_object() || found == row.end() || cell(*found, "count") == "0") return {};
  const auto value = whole_number(*found, member);
  return value && *value >= 0 ? nanos_text(static_cast<std::uint64_t>(*value)) : std::string();
}

std::string share_cell(const json& row, std::string_view member) {
  const auto found = row.is_object() ? row.find(member) : row.end();
  if (!row.is_object() || found == row.end() || !found->is_number()) return {};
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", found->get<double>() * 100);
  return text.data();
}

std::string bytes_cell(const json& row, std::string_view member) {
  const auto value = whole_number(row, member);
  return value && *value >= 0 ? bytes_text(static_cast<std::uint64_t>(*value)) : std::string();
}

std::string wait_cell(const json& task) {
  const auto found = task.is_object() ? task.find("waits_on") : task.end();
  if (!task.is_object() || found == task.end() || !found->is_object()) return {};
  const json& wait = *found;
  std::string text = cell(wait, "kind");
  if (const std::string in = duration_cell(wait, "deadline_in_ms"); !in.empty()) {
    text += " in " + in;
  } else if (const std::string fd = cell(wait, "fd"); !fd.empty()) {
    text += " fd " + fd;
    const std::string peer = cell(wait, "peer");
    const std::string local = cell(wait, "local");
    if (!peer.empty()) {
      text += " from " + peer;
    } else if (!local.empty()) {
      text += " at " + local;
    }
  } else if (const std::string channel = cell(wait, "channel"); !channel.empty()) {
    text += " " + channel + " (" + cell(wait, "direction") + ")";
  } else if (const std::string count = cell(wait, "count"); !count.empty()) {
    text += " " + count;
  } else if (const std::string id = cell(wait, "id"); !id.empty()) {
    text += " " + id;
    const std::string more = cell(wait, "type") + cell(wait, "state");
    if (!more.empty()) text += " (" + more + ")";
  }
  return text;
}

std::string member_cell(const json& row, std::string_view object, std::string_view member) {
  const auto found = row.is_object() ? row.find(object) : row.end();
  if (!row.is_object() || found == row.end()) return {};
  return cell(*found, member);
}

std::string spawner_cell(const json& task) {
  std::string text = member_cell(task, "spawned_by", "kind");
  if (const std::string id = member_cell(task, "spawned_by", "id"); !id.empty()) {
    const std::string type = member_cell(task, "spawned_by", "type");
    text += " " + id + (type.empty() ? " (it has ended)" : " (" + type + ")");
  }
  return text;
}

std::string current_cell(const json& worker) {
  const auto found = worker.is_object() ? worker.find("current") : worker.end();
  if (!worker.is_object() || found == worker.end() || !found->is_object()) return {};
  return cell(*found, "plugin") + "." + cell(*found, "type") + " " + cell(*found, "task");
}

}  // namespace ekiden::daemon::ctl
