// A plugin's copy as a loaded library: opened with every symbol bound at once and visible to nobody
// else, and closed as far as the dynamic loader allows. Boost.DLL stays in the .cpp file.
// Or a plugin that is part of this program, in tests of plugins: there is nothing to open or close.
//
// open() runs the library's constructors and close() its destructors on the calling thread, which
// is the instance's lifecycle thread.
#pragma once

#include <ekiden/plugin.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/plugins/descriptor_reader.hpp"
#include "daemon/plugins/refusal.hpp"

namespace ekiden::daemon {

class Library {
 public:
  // `path` is the copy, `shown` what messages call the file. kFailed: it cannot be loaded (the
  // message names an unresolved symbol), or its descriptor is not the one that was read from the
  // file. A constructor that throws ends the process, with a line in the log: the loader cannot be
  // used after that.
  static OrRefusal<std::unique_ptr<Library>> open(const std::filesystem::path& path,
                                                  const Descriptor& expected,
                                                  std::string_view shown);
  // A plugin that is linked into this program. Its statics are the program's: they are as the last
  // instance has left them.
  static OrRefusal<std::unique_ptr<Library>> linked(const ekd_plugin_desc& plugin,
                                                    const Descriptor& expected,
                                                    std::string_view shown);
  // Closes it if close() was not called.
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // The loaded descriptor, as large as this daemon knows it; what the plugin's own lacks is zero.
  const ekd_plugin_desc& descriptor() const { return descriptor_; }

  // Gives the library back to the loader. True: it is mapped all the same, because the loader never
  // unmaps it (unique symbols, -z nodelete), another library needs it, or destructors of
  // thread-local objects are still to run. Once. False also for what is part of this program.
  bool close();
  // Leaves it mapped for the rest of the process's life. Once, instead of close().
  void leak();

 private:
  struct Handle;

  Library(std::unique_ptr<Handle> handle, std::filesystem::path path);
  std::optional<Refusal> find_descriptor(const Descriptor& expected, std::string_view shown);
  std::optional<Refusal> take_descriptor(const std::byte* at, const Descriptor& expected,
                                         std::string_view shown);

  std::unique_ptr<Handle> handle_;  // null: part of this program, or closed
  const std::filesystem::path path_;
  ekd_plugin_desc descriptor_{};
};

}  // namespace ekiden::daemon
