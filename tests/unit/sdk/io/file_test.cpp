#include <ekiden/sdk/io.hpp>
#include <ekiden/sdk/time.hpp>

#include <algorithm>
#include <fstream>

#include "tests/unit/sdk/io/fixture.hpp"

namespace ekiden::test {
namespace {

using namespace std::chrono_literals;

// What an operation fails with.
template <class Wait>
Task<std::string> failure_of(Wait wait, int os_errno) {
  try {
    co_await wait;
  } catch (const Error& error) {
    require(error.os_errno() == os_errno, "another errno");
    co_return error.what();
  }
  co_return "";
}

}  // namespace

TEST_CASE("files are written and read at offsets", "[sdk][io][file]") {
  World world(GENERATE(1u, 2u, 4u, 8u));
  const TemporaryFolder folder;
  world.run([&]() -> Task<> {
    File file = co_await File::open(folder / "a", O_RDWR | O_CREAT);
    require(co_await file.size() == 0, "it is not empty");
    co_await file.write_at(5, bytes_of("world"));
    co_await file.write_at(0, bytes_of("hello"));
    require(text_of(co_await file.read_at(3, 4)) == "lowo", "other bytes");
    require(text_of(co_await file.read_at(8, 100)) == "ld", "the end was not told");
    require((co_await file.read_at(100, 1)).empty(), "bytes behind the end");
    require(text_of(co_await file.read_all(10)) == "helloworld", "not all");
    co_await file.write_all(pattern(300'000));
    require(co_await file.size() == 300'000, "another size");
    require(co_await file.read_all(300'000) == pattern(300'000), "other bytes");
    co_await file.write_all(pattern(3));
    require(co_await file.size() == 3, "it was not shortened");
    co_await file.sync();
    co_await file.close();
    require(!file, "it is still open");
    bool thrown = false;
    try {
      co_await file.size();
    } catch (const Error& error) {
      thrown = error.code() == EKD_E_WRONG_STATE;
    }
    require(thrown, "a closed file has a size");
  });
}

TEST_CASE("whole files are read up to a limit, and written", "[sdk][io][file]") {
  World world;
  const TemporaryFolder folder;
  world.run([&]() -> Task<> {
    const std::string path = folder / "b";
    co_await write_file(path, pattern(100'000));
    co_await write_file(path, bytes_of("short"));
    require(text_of(co_await read_file(path, 5)) == "short", "other bytes");
    require((co_await read_file(path, SIZE_MAX)).size() == 5, "no limit is a limit");
    std::int32_t code = 0;
    try {
      co_await read_file(path, 4);
    } catch (const Error& error) {
      code = error.code();
    }
    require(code == EKD_E_TOO_BIG, "the limit does not hold");
    // It says that its size is 0.
    require(!(co_await read_file("/proc/self/status", 1 << 20)).empty(), "nothing in /proc");
  });
}

TEST_CASE("errors of files name what was tried and the path", "[sdk][io][file]") {
  World world;
  const TemporaryFolder folder;
  world.run([&]() -> Task<> {
    const std::string path = folder / "none";
    const std::string expected = path + ": No such file or directory";
    require(co_await failure_of(File::open(path), ENOENT) == "open " + expected, "open");
    require(co_await failure_of(read_file(path, 10), ENOENT) == "open " + expected, "read_file");
    require(co_await failure_of(list_directory(path), ENOENT) == "list " + expected, "list");
    require(co_await failure_of(write_file(path + "/x", Bytes()), ENOENT) ==
                "open " + path + "/x: No such file or directory",
            "write_file");
    const File readable = co_await File::open(folder / "c", O_RDONLY | O_CREAT);
    require(co_await failure_of(readable.write_at(0, Bytes(1)), EBADF) ==
                "write " + (folder / "c") + ": Bad file descriptor",
            "write_at");
    const File directory = co_await File::open(folder.path());
    require(co_await failure_of(directory.read_at(0, 10), EISDIR) ==
                "read " + folder.path() + ": Is a directory",
            "read_at");
  });
}

TEST_CASE("a directory is listed", "[sdk][io][file]") {
  World world;
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  std::filesystem::create_directory(folder / "folder");
  std::filesystem::create_symlink("file", folder / "link");
  world.run([&]() -> Task<> {
    auto all = co_await list_directory(folder.path());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    require(all.size() == 3, "another number");
    using Kind = DirectoryEntry::Kind;
    require(all[0].name == "file" && all[0].kind == Kind::kFile, "the file");
    require(all[1].name == "folder" && all[1].kind == Kind::kDirectory, "the folder");
    require(all[2].name == "link" && all[2].kind == Kind::kLink, "the link");
  });
}

TEST_CASE("a task that is cut while it works with files leaves no descriptor",
          "[sdk][io][file][cancel]") {
  World world(GENERATE(1u, 2u, 4u));
  const TemporaryFolder folder;
  world.run([&]() -> Task<> { co_await blocking([] {}); });
  const int before = open_descriptors();
  world.run([&]() -> Task<> {
    auto body = [&]() -> Task<> {
      File file = co_await File::open(folder / "d", O_RDWR | O_CREAT);
      co_await file.write_at(0, pattern(1000));
      require(co_await file.read_at(0, 1000) == pattern(1000), "other bytes");
      co_await file.close();
    };
    for (int round = 0; round < 5; ++round) {
      unsigned turn = 0;
      while (!co_await cut_after(turn, body())) {
        turn = next_turn(turn);
        require(turn < kTurnMax, "it never ends");
      }
    }
  });
  CHECK(eventually([&] { return open_descriptors() == before; }));
}

}  // namespace ekiden::test
