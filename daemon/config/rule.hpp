// What a member of the configuration may be. A rule turns JSON into a value or into nothing, and
// says in words what it allows; who reads an object (object_reader.hpp) makes the message of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/logging/level.hpp"

namespace ekiden::daemon {

template <class T>
struct Rule {
  std::string allowed;  // as in: "allowed: a whole number from 1 to 1024"
  std::function<std::optional<T>(const nlohmann::json&)> convert;
};

Rule<bool> boolean();
Rule<std::uint32_t> whole_number(std::uint32_t min, std::uint32_t max);
Rule<std::uint32_t> power_of_two(std::uint32_t min, std::uint32_t max);

// A word, which gives no value, or what `rule` allows. The first: the word "auto".
Rule<std::optional<std::uint32_t>> auto_or(Rule<std::uint32_t> rule);
Rule<std::optional<std::uint32_t>> word_or(std::string word, Rule<std::uint32_t> rule);

Rule<log::Level> log_level();
Rule<log::Format> log_format();

// Permission bits as a string of three or four octal digits, `needed` among them.
Rule<std::uint32_t> octal_mode(std::uint32_t needed, std::uint32_t max);

// Not empty and without NUL. A relative path is taken from `folder`, which is absolute and has no
// symbolic link in it. At most `bytes_max` bytes in the end.
Rule<std::filesystem::path> path_in(const std::filesystem::path& folder, std::size_t bytes_max);

Rule<std::string> plugin_name();

// An object of any shape, as JSON text without white space.
Rule<std::string> object_text();

// A JSON value in a few words for a message: "the string \"abc\"", "12", "an array". Safe to print.
std::string describe(const nlohmann::json& value);

}  // namespace ekiden::daemon
