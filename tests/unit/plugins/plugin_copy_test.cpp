// Copies of plugins: new inodes, named by content and generation, removed when stale.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/plugins/file_check.hpp"
#include "daemon/plugins/plugin_copy.hpp"
#include "daemon/plugins/sha256.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

namespace fs = std::filesystem;
using test::count_files;
using test::read_bytes;
using test::TempFolder;
using test::write_bytes;

// FIPS 180-4's example.
constexpr const char* kHashOfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

struct Folders {
  TempFolder temp;
  fs::path plugins = temp.path() / "plugins";
  fs::path copies = temp.path() / "copies";
  Folders() {
    fs::create_directory(plugins);
    ::chmod(plugins.c_str(), 0755);
  }
};

ino_t inode_of(const fs::path& path) {
  struct stat status {};
  ::stat(path.c_str(), &status);
  return status.st_ino;
}

}  // namespace

TEST_CASE("SHA-256 over pieces is the hash of the whole") {
  Sha256 hash;
  const std::string text = "abc";
  for (const char& c : text)
    hash.update(std::as_bytes(std::span(&c, 1)));
  CHECK(hash.finish() == kHashOfAbc);
}

TEST_CASE("A copy has the content, a name that says which, and an inode of its own") {
  Folders folders;
  REQUIRE(prepare_copies(folders.copies).empty());
  write_bytes(folders.plugins / "x.so", "abc");
  const auto source = open_checked(folders.plugins, "x");
  REQUIRE(source);
  const auto first = copy_plugin(*source, folders.copies, "x", 1);
  const auto second = copy_plugin(*source, folders.copies, "x", 2);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->sha256 == kHashOfAbc);
  CHECK(first->path.filename().string() ==
        "x-ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad-1.so");
  CHECK(read_bytes(first->path) == "abc");
  CHECK(inode_of(first->path) != inode_of(second->path));
  CHECK(inode_of(first->path) != inode_of(source->path));
  CHECK(count_files(folders.copies) == 2);
}

TEST_CASE("A copy is of the file that was checked, also when another one took its name") {
  Folders folders;
  REQUIRE(prepare_copies(folders.copies).empty());
  write_bytes(folders.plugins / "x.so", "checked");
  const auto source = open_checked(folders.plugins, "x");
  REQUIRE(source);
  fs::remove(folders.plugins / "x.so");
  write_bytes(folders.plugins / "x.so", "swapped");
  const auto copy = copy_plugin(*source, folders.copies, "x", 1);
  REQUIRE(copy);
  CHECK(read_bytes(copy->path) == "checked");
}

TEST_CASE("Where the copy cannot be written, nothing is left and a sentence says so") {
  Folders folders;
  write_bytes(folders.plugins / "x.so", "abc");
  const auto source = open_checked(folders.plugins, "x");
  REQUIRE(source);
  const auto copy = copy_plugin(*source, folders.copies / "none", "x", 1);
  REQUIRE_FALSE(copy);
  CHECK(copy.refusal().text.find("cannot be written") != std::string::npos);
}

TEST_CASE("Stale copies are removed and nothing else is") {
  Folders folders;
  REQUIRE(prepare_copies(folders.copies).empty());
  const std::string hash(64, 'a');
  for (const std::string& stale :
       {"x-" + hash + "-1.so", "x_y-" + hash + "-12.so", std::string("x-3.partial")}) {
    write_bytes(folders.copies / stale, "old");
  }
  for (const std::string& other :
       {std::string("notes.txt"), "x-" + hash + ".so", std::string("x-short-1.so"),
        "X-" + hash + "-1.so", "x-" + hash + "-.so"}) {
    write_bytes(folders.copies / other, "kept");
  }
  CHECK(remove_stale_copies(folders.copies) == 3);
  CHECK(count_files(folders.copies) == 5);
  CHECK(remove_stale_copies(folders.copies / "none") == 0);
}

TEST_CASE("The folder of copies is the daemon's alone") {
  Folders folders;
  REQUIRE(prepare_copies(folders.copies).empty());
  CHECK((fs::status(folders.copies).permissions() & fs::perms::all) == fs::perms::owner_all);
  ::chmod(folders.copies.c_str(), 0777);
  REQUIRE(prepare_copies(folders.copies).empty());
  CHECK((fs::status(folders.copies).permissions() & fs::perms::all) == fs::perms::owner_all);

  fs::remove(folders.copies);
  fs::create_symlink(folders.plugins, folders.copies);
  CHECK_FALSE(prepare_copies(folders.copies).empty());
  if (::geteuid() == 0) {
    fs::remove(folders.copies);
    fs::create_directory(folders.copies);
    REQUIRE(::chown(folders.copies.c_str(), 65534, 65534) == 0);
    CHECK(prepare_copies(folders.copies).find("belongs to user") != std::string::npos);
  }
}

}  // namespace ekiden::daemon
