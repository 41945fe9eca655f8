// Which names the watch reports, and what it says of the folder itself.
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <vector>

#include "daemon/plugins/folder_watch.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;
using test::wait_until;
using test::write_bytes;

class Notes : public FolderListener {
 public:
  void file_changed(const std::string& stem) override { add(stem); }
  bool compare_folder(Comparison why) override {
    add(why == Comparison::kFolderBack ? "(back)" : "(lost)");
    const std::lock_guard lock(mutex_);
    return failures_ == 0 || failures_-- == 0;
  }
  void fail(int times) {
    const std::lock_guard lock(mutex_);
    failures_ = times;
  }
  std::size_t count(const std::string& what) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(said_.begin(), said_.end(), what));
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return said_.size();
  }

 private:
  void add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    said_.push_back(what);
  }
  mutable std::mutex mutex_;
  std::vector<std::string> said_;
  int failures_ = 0;  // comparisons that fail from now on
};

struct Watched {
  // `behind`: what follows the folder's name where it is configured.
  explicit Watched(bool is_there = true, const std::string& behind = {})
      : path(folder.path() / "a" / "plugins"), watch(path.string() + behind, notes) {
    if (is_there) fs::create_directories(path);
    REQUIRE(watch.begin().empty());
  }
  bool says(const std::string& what, std::size_t times = 1) {
    return wait_until([&] { return notes.count(what) >= times; });
  }

  test::TempFolder folder;
  fs::path path;
  Notes notes;
  FolderWatch watch;
};

}  // namespace

TEST_CASE("A file that is written, moved, changed or removed is reported once it is at rest") {
  Watched w;
  // What happens before the thread is there is not lost.
  write_bytes(w.path / "early.so", "x");
  w.watch.start();
  CHECK(w.says("early"));
  for (int i = 0; i < 20; i++)
    write_bytes(w.path / "pieces.so", "x");
  CHECK(w.says("pieces"));
  const std::size_t pieces = w.notes.count("pieces");
  CHECK(pieces < 20);
  write_bytes(w.folder.path() / "else", "y");
  fs::rename(w.folder.path() / "else", w.path / "moved.so");
  CHECK(w.says("moved"));
  ::chmod((w.path / "moved.so").c_str(), 0700);
  CHECK(w.says("moved", 2));
  fs::remove(w.path / "moved.so");
  CHECK(w.says("moved", 3));
  fs::rename(w.path / "pieces.so", w.path / "other.so");
  CHECK(w.says("pieces", pieces + 1));
  CHECK(w.says("other"));
}

TEST_CASE("What is no plugin's file is passed over") {
  Watched w;
  w.watch.start();
  for (const char* name : {"text", ".hidden.so", ".so", "x.so.tmp"})
    write_bytes(w.path / name, "x");
  write_bytes(w.path / "last.so", "x");
  CHECK(w.says("last"));
  CHECK(w.notes.size() == 1);
}

TEST_CASE("A name that somebody asks for is reported without any event") {
  Watched w;
  w.watch.look_at("early");
  w.watch.start();
  CHECK(w.says("early"));
  w.watch.look_at("asked");
  CHECK(w.says("asked"));
  w.watch.stop();
  w.watch.look_at("late");
  w.watch.stop();
  CHECK(w.notes.count("late") == 0);
}

TEST_CASE("A folder that goes is waited for, and is compared when it is there again") {
  Watched w;
  w.watch.start();
  const auto round = [&](std::size_t times, const std::function<void()>& go,
                         const std::function<void()>& come) {
    go();
    write_bytes(w.folder.path() / "noise.so", "x");
    come();
    CHECK(w.says("(back)", times));
    const std::string name = "file" + std::to_string(times);
    write_bytes(w.path / (name + ".so"), "x");
    CHECK(w.says(name));
  };
  const auto make = [&] { fs::create_directories(w.path); };
  round(
      1, [&] { fs::remove_all(w.path); }, make);
  round(
      2, [&] { fs::rename(w.path, w.folder.path() / "aside"); },
      [&] { fs::rename(w.folder.path() / "aside", w.path); });
  // With the folder above it, and the one above that is watched.
  round(
      3, [&] { fs::remove_all(w.path.parent_path()); }, make);
  CHECK(w.notes.count("noise") == 0);
}

TEST_CASE("A folder that is not there yet is waited for") {
  const std::string behind = GENERATE("", "/", "/.", "//./");
  INFO("configured with '" << behind << "' at its end");
  Watched w(false, behind);
  w.watch.start();
  fs::create_directories(w.path);
  CHECK(w.says("(back)"));
  write_bytes(w.path / "first.so", "x");
  CHECK(w.says("first"));
  fs::remove_all(w.path);
  fs::create_directories(w.path);
  CHECK(w.says("(back)", 2));
  write_bytes(w.path / "second.so", "x");
  CHECK(w.says("second"));
}

TEST_CASE("A folder that is a link to the one above it is watched, and the watch can be stopped") {
  Watched w(false);
  fs::create_directories(w.path.parent_path());
  w.watch.start();
  fs::create_directory_symlink(".", w.path);
  CHECK(w.says("(back)"));
  write_bytes(w.path / "first.so", "x");
  CHECK(w.says("first"));
  w.watch.stop();
}

TEST_CASE("A link counts when it is there, and a file that is being written when that is done") {
  Watched w;
  write_bytes(w.folder.path() / "whole", "x");
  w.watch.start();
  std::ofstream begun(w.path / "begun.so");
  fs::create_hard_link(w.folder.path() / "whole", w.path / "hard.so");
  fs::create_symlink(w.folder.path() / "whole", w.path / "soft.so");
  CHECK(w.says("hard"));
  CHECK(w.says("soft"));
  CHECK(w.notes.count("begun") == 0);
  begun << "x";
  begun.close();
  CHECK(w.says("begun"));
}

TEST_CASE("A comparison that fails is tried again until it works, and then no more") {
  Watched w(false);
  w.notes.fail(2);
  w.watch.start();
  fs::create_directories(w.path);
  CHECK(w.says("(back)", 3));
  write_bytes(w.path / "first.so", "x");
  CHECK(w.says("first"));
  CHECK(w.notes.count("(back)") == 3);
}

}  // namespace ekiden::daemon
