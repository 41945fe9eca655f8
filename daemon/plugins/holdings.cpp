#include "daemon/plugins/holdings.hpp"

#include <map>

#include "daemon/plugins/limits.hpp"
#include "runtime/runtime.hpp"

namespace ekiden::daemon {
namespace {

const char* kind_name(runtime::HandleKind kind) {
  switch (kind) {
    case runtime::HandleKind::kTimer:
      return "timer";
    case runtime::HandleKind::kIo:
      return "descriptor";
    case runtime::HandleKind::kJob:
      return "job";
    case runtime::HandleKind::kSender:
      return "sender";
    case runtime::HandleKind::kReceiver:
      return "receiver";
    case runtime::HandleKind::kBuffer:
      return "buffer";
    case runtime::HandleKind::kTask:
      return "task";
  }
  return "object";
}

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// Joins the first few parts.
template <class Rows, class Text>
std::string joined(const Rows& rows, Text text) {
  std::string all;
  std::size_t named = 0;
  for (const auto& row : rows) {
    if (named == plugin_limits::kTypesNamedMax) {
      return all + ", and " + std::to_string(rows.size() - named) + " kinds more";
    }
    all += (all.empty() ? "" : ", ") + text(row, named == 0);
    named++;
  }
  return all;
}

}  // namespace

std::vector<LiveType> live_types(const runtime::Runtime& runtime, runtime::OwnerId owner) {
  std::vector<LiveType> types;
  for (const runtime::TypeInfo& type : runtime.list_types()) {
    if (type.owner == owner && type.live > 0) types.push_back({type.name, type.live});
  }
  return types;
}

std::vector<MadeThings> made_things(runtime::Runtime& runtime, runtime::OwnerId owner) {
  std::map<runtime::TypeId, std::string> names;
  for (const runtime::TypeInfo& type : runtime.list_types())
    names[type.id] = type.name;
  std::vector<MadeThings> things;
  for (const runtime::Made& made : runtime.owner_made(owner)) {
    things.push_back({kind_name(made.kind), names[made.maker], made.count});
  }
  return things;
}

std::string tasks_text(const std::vector<LiveType>& types) {
  return joined(types, [](const LiveType& type, bool is_first) {
    return (is_first ? counted(type.count, "task") : std::to_string(type.count)) + " of type " +
           type.type;
  });
}

std::string things_text(const std::vector<MadeThings>& things) {
  return joined(things, [](const MadeThings& made, bool) {
    return counted(made.count, made.kind) +
           (made.made_by.empty() ? " made outside a task" : " made by task type " + made.made_by);
  });
}

}  // namespace ekiden::daemon
