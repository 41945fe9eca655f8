// Reading a whole small file, with a sentence for everything that may be in the way.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace ekiden::daemon {

// Reads a regular file of at most `bytes_max` bytes into `content`. Answers with what is wrong, or
// nothing. Never waits: a pipe or a device is refused. Any thread; throws only std::bad_alloc.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path,
                                                   std::size_t bytes_max, std::string& content);

}  // namespace ekiden::daemon
