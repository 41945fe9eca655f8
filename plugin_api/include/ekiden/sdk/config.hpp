// Reading a plugin's settings, or a command's parameters: a flat JSON object.
//
//   Config config(text);
//   listen = config.text("listen", "127.0.0.1:7070");
//   rooms = config.number("rooms_max", 100, 1, 10'000);
//   config.finish();    // refuses what nobody asked for
//
// Each refusal is one sentence that names the key, and what is allowed.
#pragma once

#include <ekiden/json.h>
#include <ekiden/sdk/base.hpp>

#include <cstdint>
#include <string>
#include <vector>

EKIDEN_SDK_BEGIN

// Throws Error (EKD_E_INVALID). Any thread, one at a time.
class Config {
 public:
  // An empty text counts as {}.
  explicit Config(std::string_view json) {
    if (json.empty()) return;
    ekd_json reader = ekd_json_of(to_str(json));
    while (ekd_json_next(&reader) != 0)
      members_.push_back({reader.key, reader.text, reader.number, reader.kind, false});
    if (reader.problem != nullptr) refuse(reader.key, reader.problem);
  }

  std::string text(std::string_view key, std::string_view fallback) {
    const Member* const member = take(key);
    if (member == nullptr) return std::string(fallback);
    if (member->kind != EKD_JSON_TEXT) refuse(key, "must be a text");
    return member->text;
  }
  std::uint64_t number(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                       std::uint64_t most) {
    const Member* const member = take(key);
    if (member == nullptr) return fallback;
    if (member->kind != EKD_JSON_NUMBER || member->number < least || member->number > most) {
      refuse(key, "must be a whole number from " + std::to_string(least) + " to " +
                      std::to_string(most));
    }
    return member->number;
  }
  bool truth(std::string_view key, bool fallback) {
    const Member* const member = take(key);
    if (member == nullptr) return fallback;
    if (member->kind != EKD_JSON_BOOL) refuse(key, "must be true or false");
    return member->number != 0;
  }

  void finish() const {
    std::string known;
    for (const std::string& key : asked_)
      known += (known.empty() ? "" : ", ") + key;
    for (const Member& member : members_)
      if (!member.taken) refuse(member.key, "is unknown or there twice; known are: " + known);
  }

 private:
  struct Member {
    std::string key;
    std::string text;
    std::uint64_t number;
    int kind;
    bool taken;
  };

  const Member* take(std::string_view key) {
    asked_.emplace_back(key);
    for (Member& member : members_) {
      if (member.key != key) continue;
      member.taken = true;
      return &member;
    }
    return nullptr;
  }
  [[noreturn]] static void refuse(std::string_view key, std::string_view why) {
    const std::string of = key.empty() ? ":" : " key \"" + std::string(key) + "\"";
    throw Error(EKD_E_INVALID, "config" + of + " " + std::string(why));
  }

  std::vector<Member> members_;
  std::vector<std::string> asked_;
};

// A text as JSON, with its quotes. Bytes that are not UTF-8 are escaped.
inline std::string json_quote(std::string_view text) {
  std::string quoted(6 * text.size() + 3, '\0');
  quoted.resize(ekd_json_quote(quoted.data(), quoted.size(), to_str(text)));
  return quoted;
}

EKIDEN_SDK_END
