#include "daemon/control/json_line.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "daemon/logging/escape.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon::control {
namespace {

using nlohmann::json;

// How much of what was found a message quotes.
constexpr std::size_t kQuotedBytes = 24;

std::string quote(std::string_view text) {
  const bool cut = text.size() > kQuotedBytes;
  return "'" + escape_text(utf8_prefix(text, kQuotedBytes)) + (cut ? "…'" : "'");
}

// Builds the value from nlohmann's events, which come from a loop and not from recursion. A member
// function that answers false ends the parse; problem() then says why.
class Builder final : public json::json_sax_t {
 public:
  Builder(json& root, std::size_t nesting_max) : root_(root), nesting_max_(nesting_max) {}

  const std::string& problem() const { return problem_; }

  bool null() override { return place(nullptr); }
  bool boolean(bool value) override { return place(value); }
  bool number_integer(number_integer_t value) override { return place(value); }
  bool number_unsigned(number_unsigned_t value) override { return place(value); }
  bool number_float(number_float_t value, const string_t&) override { return place(value); }
  bool string(string_t& value) override { return place(std::move(value)); }
  bool binary(binary_t&) override { return refuse("binary values are not JSON"); }

  bool start_object(std::size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (open_.back()->contains(name)) {
      return refuse("an object has two members named " + quote(name));
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token,
                   const json::exception& error) override {
    // 406 is nlohmann's number for "number overflow".
    if (error.id == 406) return refuse("a number is out of range: " + quote(token));
    return refuse("a syntax error at byte " + std::to_string(position) +
                  (token.empty() ? std::string() : ", after " + quote(token)));
  }

 private:
  template <class T>
  bool place(T&& value) {
    put(std::forward<T>(value));
    return true;
  }

  template <class T>
  json* put(T&& value) {
    if (open_.empty()) {
      root_ = std::forward<T>(value);
      return &root_;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::forward<T>(value));
      return &parent.back();
    }
    return &(parent[key_] = std::forward<T>(value));
  }

  bool open(json container) {
    if (open_.size() == nesting_max_) {
      return refuse("objects and arrays are nested more than " + std::to_string(nesting_max_) +
                    " deep");
    }
    open_.push_back(put(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  json& root_;
  const std::size_t nesting_max_;
  // Containers that are being filled. A parent gets no new member while its child is open, so the
  // pointers stay good.
  std::vector<json*> open_;
  std::string key_;
  std::string problem_;
};

// Not escape_text(): control characters are fine in a JSON string, and must read back as they were.
std::string escape_invalid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t good = std::min(find_invalid_utf8(text), text.size());
    out += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    std::array<char, 8> byte{};
    std::snprintf(byte.data(), byte.size(), "\\x%02x", static_cast<unsigned char>(text.front()));
    out += byte.data();
    text.remove_prefix(1);
  }
  return out;
}

json with_valid_text(const json& value) {
  if (value.is_string()) return escape_invalid_utf8(value.get_ref<const std::string&>());
  if (value.is_array()) {
    json out = json::array();
    for (const json& element : value)
      out.push_back(with_valid_text(element));
    return out;
  }
  if (value.is_object()) {
    json out = json::object();
    for (const auto& [name, member] : value.items()) {
      out[escape_invalid_utf8(name)] = with_valid_text(member);
    }
    return out;
  }
  return value;
}

}  // namespace

std::optional<std::string> read_json(std::string_view text, json& value, std::size_t nesting_max) {
  // nlohmann's lexer takes a NUL byte for the end of the text.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return "a NUL byte at byte " + std::to_string(nul + 1);
  }
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    return "byte " + std::to_string(bad + 1) + " is not UTF-8";
  }
  Builder builder(value, nesting_max);
  if (json::sax_parse(text, &builder)) return std::nullopt;
  return builder.problem();
}

std::string write_json(const json& value) {
  try {
    return value.dump();
  } catch (const json::type_error&) {  // text that is not UTF-8, which is rare
    return with_valid_text(value).dump();
  }
}

}  // namespace ekiden::daemon::control
