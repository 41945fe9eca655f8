#include "daemon/config/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/limits.hpp"
#include "daemon/config/pointer.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon {
namespace {

using nlohmann::json;

struct Position {
  std::size_t line;
  std::size_t column;
};

Position position_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto breaks = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t last_break = before.rfind('\n');
  const std::size_t line_start = last_break == std::string_view::npos ? 0 : last_break + 1;
  return {breaks + 1, before.size() - line_start + 1};
}

void add_at(ProblemList& problems, std::string_view text, std::size_t offset, std::string what) {
  const Position at = position_of(text, std::min(offset, text.size()));
  problems.add_at(at.line, at.column, std::move(what));
}

// The reason stands behind "[json.exception.parse_error.101] parse error at line 1, column 2: " or
// behind "[json.exception.out_of_range.406] "; the position is ours to tell.
std::string_view reason_of(std::string_view message) {
  const std::size_t column = message.find(", column ");
  const std::string_view before_reason = column == std::string_view::npos ? "] " : ": ";
  const std::size_t start =
      message.find(before_reason, column == std::string_view::npos ? 0 : column);
  return start == std::string_view::npos ? message : message.substr(start + before_reason.size());
}

// Builds the value as the parser reports its parts. The parser is not recursive, and it stops here
// before a value could become deep.
class Builder {
 public:
  using number_integer_t = json::number_integer_t;
  using number_unsigned_t = json::number_unsigned_t;
  using number_float_t = json::number_float_t;
  using string_t = json::string_t;
  using binary_t = json::binary_t;

  Builder(std::string_view text, json& root, ProblemList& problems)
      : text_(text), root_(root), problems_(problems) {}

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(number_integer_t value) { return add(value); }
  bool number_unsigned(number_unsigned_t value) { return add(value); }
  bool number_float(number_float_t value, const string_t&) { return add(value); }
  bool string(string_t& value) { return add(std::move(value)); }
  bool binary(binary_t&) { return false; }  // not in JSON text

  bool start_object(std::size_t) { return open(json::object()); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_array() { return close(); }

  bool key(string_t& name) {
    Open& object = open_.back();
    const auto [member, is_new] = object.value->get_ref<json::object_t&>().emplace(name, nullptr);
    object.member = &member->second;
    object.key = name;
    if (!is_new) problems_.add(pointer(), "this key is there more than once; keep one of them");
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const json::exception& failure) {
    add_at(problems_, text_, byte > 0 ? byte - 1 : 0, escape_text(reason_of(failure.what())));
    return false;
  }

 private:
  // An object or array whose end has not come yet.
  struct Open {
    json* value;
    json* member = nullptr;  // of an object: where the next value goes
    std::string key;         // of an object: the name of that member
  };

  bool add(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json container) {
    json& placed = place(std::move(container));
    if (open_.size() == limits::kNestingMax) {
      problems_.add(pointer(), "nested deeper than " + std::to_string(limits::kNestingMax) +
                                   " levels; nothing below this was read");
      return false;
    }
    open_.push_back({&placed, nullptr, {}});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  json& place(json value) {
    if (open_.empty()) return root_ = std::move(value);
    Open& parent = open_.back();
    if (parent.value->is_object()) return *parent.member = std::move(value);
    // Only the last element is ever open, so growing the array moves nothing that open_ points to.
    parent.value->push_back(std::move(value));
    return parent.value->back();
  }

  // Of the value that is being read.
  std::string pointer() const {
    std::string path;
    for (const Open& container : open_) {
      path = pointer_to(path, container.value->is_object()
                                  ? container.key
                                  : std::to_string(container.value->size() - 1));
    }
    return path;
  }

  const std::string_view text_;
  json& root_;
  ProblemList& problems_;
  std::vector<Open> open_;
};

// Inside comments, too, where the parser does not look.
bool check_bytes(std::string_view text, ProblemList& problems) {
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    add_at(problems, text, nul, "found a NUL byte; a configuration is text");
    return false;
  }
  const std::size_t invalid = find_invalid_utf8(text);
  if (invalid != std::string_view::npos) {
    add_at(problems, text, invalid,
           "found a byte that is not UTF-8 (" + escape_text(text.substr(invalid, 1)) +
               "); save the file as UTF-8");
    return false;
  }
  return true;
}

}  // namespace

bool parse_json(std::string_view text, json& root, ProblemList& problems) {
  if (!check_bytes(text, problems)) return false;
  Builder builder(text, root, problems);
  return json::sax_parse(text, &builder, json::input_format_t::json, /*strict=*/true,
                         /*ignore_comments=*/true);
}

}  // namespace ekiden::daemon
