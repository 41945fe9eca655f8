#include "daemon/config/object_reader.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "daemon/config/nearest.hpp"
#include "daemon/config/pointer.hpp"

namespace ekiden::daemon {
namespace {

using nlohmann::json;

constexpr std::string_view kObject = "an object";

std::string mismatch(const std::string& found, std::string_view allowed) {
  return "found " + found + "; allowed: " + std::string(allowed);
}

}  // namespace

ObjectReader::ObjectReader(const json& object, std::string pointer, ProblemList& problems)
    : object_(object), pointer_(std::move(pointer)), problems_(problems) {}

void ObjectReader::object(std::string_view key, Presence presence, const ReadObject& read) {
  const json* const value = find(key, presence, kObject);
  if (value != nullptr) read_object(key, *value, read);
}

void ObjectReader::entries(std::string_view key, const Rule<std::string>& name,
                           const ReadEntry& read) {
  const json* const value = find(key, Presence::kOptional, kObject);
  if (value == nullptr) return;
  if (!value->is_object()) {
    report_mismatch(key, *value, kObject);
    return;
  }
  ObjectReader names(*value, pointer_to(pointer_, key), problems_);
  for (const auto& item : value->items()) {
    const std::string& entry = item.key();
    if (!name.convert(entry)) {
      problems_.add(pointer_to(names.pointer_, entry), "not a name; allowed: " + name.allowed);
    }
    names.read_object(entry, item.value(), [&](ObjectReader& reader) { read(entry, reader); });
  }
}

void ObjectReader::finish() {
  for (const auto& [key, value] : object_.items()) {
    if (!is_known(key)) report_unknown(key);
  }
}

const json* ObjectReader::find(std::string_view key, Presence presence, std::string_view allowed) {
  known_.push_back(key);
  const auto found = object_.find(key);
  if (found != object_.end()) return &*found;
  if (presence == Presence::kRequired) {
    problems_.add(pointer_to(pointer_, key), "this key is missing; give " + std::string(allowed));
  }
  return nullptr;
}

void ObjectReader::read_object(std::string_view key, const json& value, const ReadObject& read) {
  if (!value.is_object()) {
    report_mismatch(key, value, kObject);
    return;
  }
  ObjectReader reader(value, pointer_to(pointer_, key), problems_);
  read(reader);
  reader.finish();
}

void ObjectReader::report_mismatch(std::string_view key, const json& value,
                                   std::string_view allowed) {
  problems_.add(pointer_to(pointer_, key), mismatch(describe(value), allowed));
}

bool ObjectReader::is_known(std::string_view key) const {
  return std::find(known_.begin(), known_.end(), key) != known_.end();
}

void ObjectReader::report_unknown(std::string_view key) {
  std::string text = "unknown key";
  // A search costs time, and a file full of unknown keys is told about the first few only.
  const std::string_view meant = problems_.full() ? std::string_view() : nearest(key, known_);
  if (!meant.empty()) text += "; did you mean \"" + std::string(meant) + "\"?";
  text += " (allowed here:";
  for (std::size_t at = 0; at < known_.size(); ++at) {
    text += (at == 0 ? " " : ", ") + std::string(known_[at]);
  }
  problems_.add(pointer_to(pointer_, key), text + ")");
}

}  // namespace ekiden::daemon
