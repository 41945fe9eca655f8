#include "daemon/plugins/file_check.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "daemon/config/limits.hpp"
#include "daemon/config/plugin_name.hpp"
#include "daemon/plugins/limits.hpp"

namespace ekiden::daemon {
namespace {

constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

std::string octal(mode_t mode) {
  constexpr char kDigits[] = "01234567";
  std::string text = "0";
  for (int shift = 6; shift >= 0; shift -= 3)
    text += kDigits[(mode >> shift) & 7];
  return text;
}

std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

std::string because(int error) { return std::generic_category().message(error); }

// What `what` says about who may write to `path`, or nothing if only the right users can.
std::optional<Refusal> check_writers(const struct stat& status, const std::filesystem::path& path,
                                     std::string_view what) {
  const std::string subject = std::string(what) + " " + quoted(path);
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return Refusal{Outcome::kDenied, subject + " belongs to user " + std::to_string(status.st_uid) +
                                         "; it must belong to root or to the daemon's user " +
                                         std::to_string(::geteuid()) + ": change it with chown"};
  }
  if ((status.st_mode & kOthersWrite) != 0) {
    return Refusal{Outcome::kDenied, subject + " has mode " + octal(status.st_mode) +
                                         "; group and others must not be able to write to it: "
                                         "run chmod go-w"};
  }
  return std::nullopt;
}

OrRefusal<UniqueFd> open_folder(const std::filesystem::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    const int error = errno;
    const Outcome outcome = error == ENOENT || error == ENOTDIR ? Outcome::kNotFound
                            : error == EACCES                   ? Outcome::kDenied
                                                                : Outcome::kFailed;
    return Refusal{outcome, "the plugin folder " + quoted(folder) + " cannot be opened (" +
                                because(error) +
                                "); it must be a folder that the daemon can "
                                "read: see plugins.directory"};
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return Refusal{Outcome::kFailed, "the plugin folder " + quoted(folder) +
                                         " cannot be examined: " + because(errno)};
  }
  if (auto refusal = check_writers(status, folder, "the plugin folder")) return *refusal;
  return fd;
}

Refusal cannot_open(const std::filesystem::path& path, int error) {
  switch (error) {
    case ENOENT:
      return {Outcome::kNotFound, "there is no file " + quoted(path) +
                                      "; put the plugin into the folder under that name"};
    case ELOOP:
      return {Outcome::kFailed, quoted(path) +
                                    " is a symbolic link; it must be the plugin's file "
                                    "itself: copy it here"};
    case EACCES:
    case EPERM:
      return {Outcome::kDenied, quoted(path) + " cannot be opened (" + because(error) +
                                    "); the daemon's user " + std::to_string(::geteuid()) +
                                    " must be able to read it: change its mode or owner"};
    default:
      return {Outcome::kFailed, quoted(path) + " cannot be opened: " + because(error)};
  }
}

std::optional<Refusal> check_file(const struct stat& status, const std::filesystem::path& path) {
  if (!S_ISREG(status.st_mode)) {
    return Refusal{Outcome::kFailed, quoted(path) +
                                         " is not a regular file; a plugin is a shared "
                                         "object: remove or rename it"};
  }
  if (auto refusal = check_writers(status, path, "the file")) return refusal;
  if (status.st_size == 0) {
    return Refusal{Outcome::kFailed,
                   quoted(path) + " is empty; a plugin is a shared object: build or copy it again"};
  }
  if (static_cast<std::uint64_t>(status.st_size) > plugin_limits::kFileMaxBytes) {
    return Refusal{Outcome::kFailed, quoted(path) + " has " + std::to_string(status.st_size) +
                                         " bytes; a plugin may have at most " +
                                         std::to_string(plugin_limits::kFileMaxBytes) +
                                         ": is it the right file, or can it be stripped?"};
  }
  return std::nullopt;
}

}  // namespace

Refusal not_a_plugin_name(std::string_view name) {
  constexpr std::size_t kShownBytes = 80;
  std::string shown(name.substr(0, kShownBytes));
  if (shown.size() < name.size()) shown += "…";
  return {Outcome::kFailed,
          "'" + shown + "' is not a plugin's name; one has 1 to " +
              std::to_string(limits::kPluginNameMaxBytes) +
              " letters a-z, digits and underscores and begins with a letter: give the name of a "
              "file in the plugin folder, without folder and without .so"};
}

OrRefusal<CheckedFile> open_checked(const std::filesystem::path& folder, std::string_view name) {
  if (!is_plugin_name(name)) return not_a_plugin_name(name);
  const auto folder_fd = open_folder(folder);
  if (!folder_fd) return folder_fd.refusal();

  CheckedFile file;
  const std::string file_name = std::string(name) + ".so";
  file.path = folder / file_name;
  // O_NONBLOCK: opening a named pipe must not wait for its other end.
  file.fd = UniqueFd(::openat(folder_fd->get(), file_name.c_str(),
                              O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.fd) return cannot_open(file.path, errno);
  if (::fstat(file.fd.get(), &file.status) != 0) return cannot_open(file.path, errno);
  if (auto refusal = check_file(file.status, file.path)) return *refusal;
  return file;
}

OrRefusal<CheckedFile> open_kept(const std::filesystem::path& copy,
                                 const std::filesystem::path& shown) {
  CheckedFile file;
  file.path = shown;
  file.fd = UniqueFd(::open(copy.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.fd || ::fstat(file.fd.get(), &file.status) != 0) {
    return Refusal{Outcome::kFailed, "the daemon's copy " + quoted(copy) + " of " + quoted(shown) +
                                         " cannot be opened again: " + because(errno)};
  }
  return file;
}

}  // namespace ekiden::daemon
