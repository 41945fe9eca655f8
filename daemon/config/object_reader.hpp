// Reads one JSON object by naming its members. It knows where it is (its JSON pointer), so that
// every problem names the place, and which members it was asked for, so that what nobody asked for
// is reported as unknown, with the nearest name that is known.
//
//   ObjectReader reader(root, "", problems);
//   reader.object("runtime", Presence::kOptional, [&](ObjectReader& runtime) {
//     runtime.member("lifo_slot", Presence::kOptional, boolean(), settings.lifo_slot);
//   });
//   reader.finish();
//
// A target keeps its value where the member is absent or wrong.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/problem.hpp"
#include "daemon/config/rule.hpp"

namespace ekiden::daemon {

enum class Presence : bool { kOptional, kRequired };

class ObjectReader {
 public:
  using ReadObject = std::function<void(ObjectReader&)>;
  using ReadEntry = std::function<void(const std::string& key, ObjectReader&)>;

  // `object` is an object; it and `problems` outlive the reader.
  ObjectReader(const nlohmann::json& object, std::string pointer, ProblemList& problems);

  // `key` outlives the reader: it is a literal.
  template <class T>
  void member(std::string_view key, Presence presence, const Rule<T>& rule, T& target) {
    const nlohmann::json* const value = find(key, presence, rule.allowed);
    if (value == nullptr) return;
    if (auto converted = rule.convert(*value)) {
      target = std::move(*converted);
    } else {
      report_mismatch(key, *value, rule.allowed);
    }
  }

  // A member that is an object itself; `read` is called where it is there, and what it leaves
  // unread is reported.
  void object(std::string_view key, Presence presence, const ReadObject& read);

  // An optional member that is an object of objects with free names: `read` is called for each of
  // them. What `name` refuses is a problem.
  void entries(std::string_view key, const Rule<std::string>& name, const ReadEntry& read);

  // Reports the members that were not asked for. Last call.
  void finish();

 private:
  const nlohmann::json* find(std::string_view key, Presence presence, std::string_view allowed);
  void read_object(std::string_view key, const nlohmann::json& value, const ReadObject& read);
  void report_mismatch(std::string_view key, const nlohmann::json& value, std::string_view allowed);
  bool is_known(std::string_view key) const;
  void report_unknown(std::string_view key);

  const nlohmann::json& object_;
  const std::string pointer_;
  ProblemList& problems_;
  std::vector<std::string_view> known_;  // every member that was asked for, in that order
};

}  // namespace ekiden::daemon
