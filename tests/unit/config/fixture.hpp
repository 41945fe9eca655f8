// What the tests of the configuration share: a user, a folder, and the way from text to settings.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/parse.hpp"

namespace ekiden::daemon::test {

// Not the one who runs the test, so that results are the same everywhere.
inline const UserEnvironment kUser{1000, "/run/user/1000", "", "/home/runner"};
inline const std::filesystem::path kFolder = "/etc/ekiden";

inline ParsedSettings parse(std::string_view text) { return parse_settings(text, kFolder, kUser); }

// Throws where there are problems, with them as the text.
inline Settings settings_of(const ParsedSettings& parsed) {
  if (const Settings* const settings = std::get_if<Settings>(&parsed)) return *settings;
  std::string all;
  for (const Problem& problem : std::get<Problems>(parsed))
    all += to_string(problem) + "\n";
  throw std::runtime_error(all);
}

inline std::vector<std::string> problems_of(const ParsedSettings& parsed) {
  std::vector<std::string> texts;
  if (const Problems* const problems = std::get_if<Problems>(&parsed)) {
    for (const Problem& problem : *problems)
      texts.push_back(to_string(problem));
  }
  return texts;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "ekiden-config-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = std::filesystem::canonical(pattern);
    // Other users may look into it: one test becomes one.
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace ekiden::daemon::test
