// The ABI against its golden file, and the golden file against the headers.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/abi/golden.h"

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string generated() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  abi_golden_print(out);
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

// --- What the headers declare ------------------------------------------------------------------

std::vector<std::filesystem::path> headers() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(EKIDEN_ABI_HEADERS)) {
    if (entry.path().extension() == ".h") found.push_back(entry.path());
  }
  return found;
}

std::string without_comments(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = std::min(text.find("/*", at), text.size());
    out.append(text, at, begin - at);
    const std::size_t end = text.find("*/", begin);
    at = end == std::string::npos ? text.size() : end + 2;
  }
  return out;
}

// Every object-like macro with a value. Guards have none; EKD_EXPORT is an attribute.
std::set<std::string> constants(const std::string& header) {
  static const std::regex define(R"((?:^|\n)#define (EKD_\w+) +\S)");
  std::set<std::string> names;
  for (std::sregex_iterator it(header.begin(), header.end(), define), end; it != end; ++it) {
    if ((*it)[1] != "EKD_EXPORT") names.insert((*it)[1]);
  }
  return names;
}

// A member's name: of a function pointer, an array or a plain one.
std::string member_name(const std::string& declaration) {
  static const std::regex function(R"(\(\*(\w+)\))");
  static const std::regex plain(R"((\w+)(?:\[\w+\])?\s*$)");
  std::smatch found;
  if (std::regex_search(declaration, found, function)) return found[1];
  return std::regex_search(declaration, found, plain) ? found[1] : std::string();
}

// "type member" of every struct that is defined, and "type" for the struct itself.
std::set<std::string> members(const std::string& header) {
  static const std::regex open(R"(typedef struct (\w+) \{)");
  std::set<std::string> names;
  for (std::sregex_iterator it(header.begin(), header.end(), open), end; it != end; ++it) {
    const std::string type = (*it)[1];
    names.insert(type);
    const auto begin = static_cast<std::size_t>(it->position() + it->length());
    std::istringstream body(header.substr(begin, header.find('}', begin) - begin));
    for (std::string declaration; std::getline(body, declaration, ';');) {
      const std::string name = member_name(declaration);
      if (!name.empty()) names.insert(type + " " + name);
    }
  }
  return names;
}

// The same names as the golden file has them.
std::set<std::string> golden_names(const std::string& text) {
  static const std::regex constant(R"(^(EKD_\w+) = .*)");
  static const std::regex type(R"(^struct (\w+): .*)");
  static const std::regex member(R"(^  (\w+): .*)");
  std::set<std::string> names;
  std::string current;
  for (const std::string& line : lines_of(text)) {
    std::smatch found;
    if (std::regex_match(line, found, constant)) names.insert(found[1]);
    if (std::regex_match(line, found, type)) names.insert(current = found[1]);
    if (std::regex_match(line, found, member)) names.insert(current + " " + found[1].str());
  }
  return names;
}

TEST_CASE("the ABI is what its golden file says", "[abi]") {
  const std::vector<std::string> expected = lines_of(read_file(EKIDEN_ABI_GOLDEN));
  const std::vector<std::string> actual = lines_of(generated());
  INFO(
      "A line that is in the golden file must stay as it is. After an addition: "
      "abi_golden > plugin_api/abi.golden");
  REQUIRE_FALSE(expected.empty());
  for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
    INFO("line " << i + 1);
    REQUIRE(actual[i] == expected[i]);
  }
  CHECK(actual.size() == expected.size());
}

TEST_CASE("the golden file leaves nothing of the headers out", "[abi]") {
  std::set<std::string> declared;
  for (const auto& path : headers()) {
    const std::string header = without_comments(read_file(path));
    declared.merge(constants(header));
    declared.merge(members(header));
  }
  REQUIRE(declared.size() > 100);
  REQUIRE(declared.count("ekd_cx waker") == 1);
  REQUIRE(declared.count("ekd_task_api join_poll") == 1);
  CHECK(golden_names(generated()) == declared);
}

}  // namespace
