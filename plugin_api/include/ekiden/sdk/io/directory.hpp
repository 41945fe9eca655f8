// What a directory holds, on the blocking pool.
#pragma once

#include <ekiden/sdk/blocking.hpp>
#include <ekiden/sdk/io/handle.hpp>

#include <memory>
#include <string>
#include <vector>

#include <dirent.h>

EKIDEN_SDK_BEGIN

struct DirectoryEntry {
  std::string name;
  // Links are not followed. kOther also where the file system does not tell.
  enum class Kind : std::uint8_t { kFile, kDirectory, kLink, kOther } kind = Kind::kOther;
};

namespace detail {

inline DirectoryEntry::Kind kind_of(const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG:
      return DirectoryEntry::Kind::kFile;
    case DT_DIR:
      return DirectoryEntry::Kind::kDirectory;
    case DT_LNK:
      return DirectoryEntry::Kind::kLink;
    default:
      return DirectoryEntry::Kind::kOther;
  }
}

// Blocks.
inline std::vector<DirectoryEntry> list(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (directory == nullptr) throw os_error("list " + path, errno);
  std::vector<DirectoryEntry> all;
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") all.push_back({std::string(name), kind_of(*entry)});
  }
  if (errno != 0) throw os_error("list " + path, errno);
  return all;
}

}  // namespace detail

// co_await: the entries but for "." and "..", in no order. Throws Error (EKD_E_OS).
inline auto list_directory(std::string path) {
  return blocking([path = std::move(path)] { return detail::list(path); });
}

EKIDEN_SDK_END
