#include "daemon/config/rule.hpp"

#include <nlohmann/json.hpp>

#include <bit>
#include <utility>

#include "daemon/config/limits.hpp"
#include "daemon/config/plugin_name.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon {
namespace {

using nlohmann::json;

constexpr std::size_t kDescribedMaxBytes = 64;

std::string range_text(std::uint32_t min, std::uint32_t max) {
  return "from " + std::to_string(min) + " to " + std::to_string(max);
}

// Only what is written without fraction and exponent: 1.0 and 1e3 are floating point to JSON
// readers.
std::optional<std::uint32_t> whole_in(const json& value, std::uint32_t min, std::uint32_t max) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<std::uint64_t>();
  if (number < min || number > max) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

template <class Names>
std::string choice_text(const Names& names) {
  std::string text;
  for (std::size_t at = 0; at < names.size(); ++at) {
    if (at > 0) text += at + 1 == names.size() ? " or " : ", ";
    text += '"' + std::string(names[at]) + '"';
  }
  return text;
}

const std::string* string_in(const json& value) { return value.get_ptr<const json::string_t*>(); }

std::optional<std::uint32_t> parse_octal(std::string_view digits) {
  if (digits.size() < 3 || digits.size() > 4) return std::nullopt;
  std::uint32_t number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '7') return std::nullopt;
    number = number * 8 + static_cast<std::uint32_t>(digit - '0');
  }
  return number;
}

// `folder` has no symbolic links, so a ".." at the front can be taken back in the text; one further
// behind may follow a link and is left to the kernel.
std::filesystem::path resolve(std::filesystem::path folder, const std::filesystem::path& path) {
  if (path.is_absolute()) return path;
  bool at_front = true;
  for (const std::filesystem::path& part : path) {
    if (part == "." || part.empty()) continue;
    if (at_front && part == "..") {
      folder = folder.parent_path();
      continue;
    }
    at_front = false;
    folder /= part;
  }
  return folder;
}

}  // namespace

Rule<bool> boolean() {
  return {"true or false", [](const json& value) -> std::optional<bool> {
            if (!value.is_boolean()) return std::nullopt;
            return value.get<bool>();
          }};
}

Rule<std::uint32_t> whole_number(std::uint32_t min, std::uint32_t max) {
  return {"a whole number " + range_text(min, max),
          [min, max](const json& value) { return whole_in(value, min, max); }};
}

Rule<std::uint32_t> power_of_two(std::uint32_t min, std::uint32_t max) {
  return {"a power of two " + range_text(min, max), [min, max](const json& value) {
            const std::optional<std::uint32_t> number = whole_in(value, min, max);
            return number && std::has_single_bit(*number) ? number : std::nullopt;
          }};
}

Rule<std::optional<std::uint32_t>> auto_or(Rule<std::uint32_t> rule) {
  return word_or("auto", std::move(rule));
}

Rule<std::optional<std::uint32_t>> word_or(std::string word, Rule<std::uint32_t> rule) {
  using Choice = std::optional<std::uint32_t>;
  std::string allowed = "\"" + word + "\" or " + rule.allowed;
  return {std::move(allowed),
          [word = std::move(word),
           convert = std::move(rule.convert)](const json& value) -> std::optional<Choice> {
            if (value == word) return Choice{};
            const Choice number = convert(value);
            return number ? std::optional<Choice>(number) : std::nullopt;
          }};
}

Rule<log::Level> log_level() {
  return {choice_text(log::kLevelNames), [](const json& value) -> std::optional<log::Level> {
            const std::string* const name = string_in(value);
            return name == nullptr ? std::nullopt : log::parse_level(*name);
          }};
}

Rule<log::Format> log_format() {
  return {choice_text(log::kFormatNames), [](const json& value) -> std::optional<log::Format> {
            const std::string* const name = string_in(value);
            return name == nullptr ? std::nullopt : log::parse_format(*name);
          }};
}

Rule<std::uint32_t> octal_mode(std::uint32_t needed, std::uint32_t max) {
  return {
      "a string of three or four octal digits up to \"0777\" that lets the owner read and write, "
      "such as \"0660\"",
      [needed, max](const json& value) -> std::optional<std::uint32_t> {
        const std::string* const digits = string_in(value);
        const auto mode = digits == nullptr ? std::nullopt : parse_octal(*digits);
        if (!mode || *mode > max || (*mode & needed) != needed) return std::nullopt;
        return mode;
      }};
}

Rule<std::filesystem::path> path_in(const std::filesystem::path& folder, std::size_t bytes_max) {
  return {"a path that is not empty, has no NUL and, made absolute, at most " +
              std::to_string(bytes_max) + " bytes",
          [folder, bytes_max](const json& value) -> std::optional<std::filesystem::path> {
            const std::string* const text = string_in(value);
            if (text == nullptr || text->empty()) return std::nullopt;
            if (text->find('\0') != std::string::npos) return std::nullopt;
            std::filesystem::path path = resolve(folder, *text);
            if (path.native().size() > bytes_max) return std::nullopt;
            return path;
          }};
}

Rule<std::string> plugin_name() {
  return {"a plugin's name: a small letter, then small letters, digits and _, at most " +
              std::to_string(limits::kPluginNameMaxBytes) + " bytes",
          [](const json& value) -> std::optional<std::string> {
            const std::string* const name = string_in(value);
            if (name == nullptr || !is_plugin_name(*name)) return std::nullopt;
            return *name;
          }};
}

Rule<std::string> object_text() {
  return {"an object", [](const json& value) -> std::optional<std::string> {
            if (!value.is_object()) return std::nullopt;
            return value.dump();
          }};
}

std::string describe(const json& value) {
  if (value.is_object()) return value.empty() ? "an empty object" : "an object";
  if (value.is_array()) return value.empty() ? "an empty array" : "an array";
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string_view shown = utf8_prefix(text, kDescribedMaxBytes);
  std::string words = value.is_string() ? "the string " : "";
  words += escape_text(shown);
  if (shown.size() < text.size()) {
    words += "… (" + std::to_string(text.size()) + " bytes)";
  }
  return words;
}

}  // namespace ekiden::daemon
