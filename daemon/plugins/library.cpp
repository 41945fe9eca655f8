#include "daemon/plugins/library.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <boost/dll/shared_library_load_mode.hpp>
#include <cstdlib>
#include <cstring>

#include "daemon/logging/log.hpp"

namespace ekiden::daemon {

struct Library::Handle {
  boost::dll::shared_library library;
};

namespace {

constexpr std::string_view kUndefined = "undefined symbol: ";

// The loader's text begins with the path of our copy, which says nothing to anybody.
std::string without_path(std::string text, const std::filesystem::path& path) {
  const std::string prefix = path.string() + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::string load_problem(const std::filesystem::path& path) {
  const char* const said = ::dlerror();
  const std::string text = without_path(said != nullptr ? said : "the loader gave no reason", path);
  const auto at = text.find(kUndefined);
  if (at == std::string::npos) return "cannot be loaded: " + text;
  const auto name = at + kUndefined.size();
  const auto end = text.find_first_of(" ,\n", name);
  return "needs the symbol " + text.substr(name, end == std::string::npos ? end : end - name) +
         ", which neither it nor the libraries that it names define; link it with "
         "-Wl,--no-undefined to see that when it is built";
}

[[noreturn]] void constructor_threw(std::string_view shown) {
  log::critical("daemon", "a constructor of '" + std::string(shown) +
                              "' threw an exception through the dynamic loader, which cannot be "
                              "used after that; the daemon ends");
  log::shutdown();
  std::abort();
}

bool is_mapped(const std::filesystem::path& path) {
  void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (handle != nullptr) ::dlclose(handle);
  return handle != nullptr;
}

}  // namespace

Library::Library(std::unique_ptr<Handle> handle, std::filesystem::path path)
    : handle_(std::move(handle)), path_(std::move(path)) {}

Library::~Library() {
  if (handle_ != nullptr) close();
}

OrRefusal<std::unique_ptr<Library>> Library::open(const std::filesystem::path& path,
                                                  const Descriptor& expected,
                                                  std::string_view shown) {
  auto handle = std::make_unique<Handle>();
  boost::dll::fs::error_code error;
  try {
    handle->library.load(path, error,
                         boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (...) {
    constructor_threw(shown);
  }
  if (error) {
    return Refusal{Outcome::kFailed, "'" + std::string(shown) + "' " + load_problem(path)};
  }
  std::unique_ptr<Library> library(new Library(std::move(handle), path));
  if (auto refusal = library->find_descriptor(expected, shown)) return *refusal;
  return library;
}

OrRefusal<std::unique_ptr<Library>> Library::linked(const ekd_plugin_desc& plugin,
                                                    const Descriptor& expected,
                                                    std::string_view shown) {
  std::unique_ptr<Library> library(new Library(nullptr, {}));
  const auto* const at = reinterpret_cast<const std::byte*>(&plugin);
  if (auto refusal = library->take_descriptor(at, expected, shown)) return *refusal;
  return library;
}

std::optional<Refusal> Library::find_descriptor(const Descriptor& expected,
                                                std::string_view shown) {
  const auto* const at =
      static_cast<const std::byte*>(::dlsym(handle_->library.native(), "ekd_plugin"));
  // The loader goes by hash tables that the check of the file has not looked at.
  if (at == nullptr || reinterpret_cast<std::uintptr_t>(at) % alignof(ekd_plugin_desc) != 0 ||
      std::memcmp(at, expected.head.data(), expected.head.size()) != 0) {
    return Refusal{Outcome::kFailed,
                   "'" + std::string(shown) +
                       "' shows the loader another ekd_plugin than its table of symbols; build it "
                       "again"};
  }
  return take_descriptor(at, expected, shown);
}

std::optional<Refusal> Library::take_descriptor(const std::byte* at, const Descriptor& expected,
                                                std::string_view shown) {
  const auto refuse = [&](const char* problem) {
    return Refusal{Outcome::kFailed, "'" + std::string(shown) + "' " + problem};
  };
  const std::size_t known = std::min<std::size_t>(expected.struct_size, sizeof(descriptor_));
  if (!std::all_of(at + known, at + expected.struct_size,
                   [](std::byte b) { return b == std::byte{0}; })) {
    return refuse(
        "uses members of its descriptor that this daemon does not know; install a newer "
        "daemon or an older plugin");
  }
  std::memcpy(&descriptor_, at, known);
  if (descriptor_.init == nullptr && descriptor_.start == nullptr &&
      descriptor_.command == nullptr) {
    return refuse(
        "has neither init, start nor command in its descriptor; a plugin needs one of "
        "them to be of use");
  }
  return std::nullopt;
}

bool Library::close() {
  if (handle_ == nullptr) return false;
  handle_->library.unload();
  handle_.reset();
  return is_mapped(path_);
}

void Library::leak() {
  if (handle_ == nullptr) return;
  // The flag sticks to the library, so both references can go and no memory of ours is lost.
  void* const handle = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  if (handle != nullptr) ::dlclose(handle);
  handle_.reset();
}

}  // namespace ekiden::daemon
