// The rule of growth, on structs as a plugin may fill them.
#include "daemon/host/abi_struct.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "daemon/host/error_text.hpp"

namespace ekiden::daemon::host {
namespace {

// A struct of a plugin that is newer than we: the known part, then more.
struct alignas(8) Newer {
  ekd_listen_options known;
  unsigned char tail[5000];
};

Newer newer(std::uint32_t struct_size) {
  Newer given;
  std::memset(&given, 0, sizeof(given));
  given.known.struct_size = struct_size;
  given.known.backlog = 77;
  return given;
}

TEST_CASE("a struct is read by its own size", "[abi_struct]") {
  constexpr std::uint32_t kSize = sizeof(ekd_listen_options);
  struct Row {
    const char* what;
    std::uint32_t struct_size;
    std::size_t dirty_byte;  // of the tail; ~0: none
    StructFault expected;
  };
  const std::vector<Row> rows = {
      {"of this very version", kSize, ~std::size_t{0}, StructFault::kNone},
      {"never set", 0, ~std::size_t{0}, StructFault::kTooSmall},
      {"one too small", kSize - 1, ~std::size_t{0}, StructFault::kTooSmall},
      {"newer, nothing new used", kSize + 24, ~std::size_t{0}, StructFault::kNone},
      {"newer, something new used", kSize + 24, 23, StructFault::kUnknownTail},
      {"newer, dirty behind its end", kSize + 24, 24, StructFault::kNone},
      {"as large as allowed", kStructMaxBytes, ~std::size_t{0}, StructFault::kNone},
      {"larger than allowed", kStructMaxBytes + 1, ~std::size_t{0}, StructFault::kTooLarge},
      {"garbage", 0xdeadbeef, ~std::size_t{0}, StructFault::kTooLarge},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Newer given = newer(row.struct_size);
    if (row.dirty_byte != ~std::size_t{0}) given.tail[row.dirty_byte] = 1;
    ekd_listen_options out{};
    const StructFault fault = read_struct(&given.known, out);
    CHECK(fault == row.expected);
    if (fault != StructFault::kNone) {
      CHECK_FALSE(sentence_of(fault).empty());
      continue;
    }
    CHECK(out.backlog == 77);
    CHECK(out.struct_size == kSize);
  }
}

TEST_CASE("NULL and crooked addresses are refused before they are read", "[abi_struct]") {
  ekd_spawn_options out{};
  CHECK(read_struct(static_cast<const ekd_spawn_options*>(nullptr), out) == StructFault::kNull);
  alignas(8) unsigned char bytes[sizeof(ekd_spawn_options) + 8] = {};
  const auto* crooked = reinterpret_cast<const ekd_spawn_options*>(bytes + 1);
  CHECK(read_struct(crooked, out) == StructFault::kMisaligned);
}

TEST_CASE("a struct is filled by its own size", "[abi_struct]") {
  struct alignas(8) NewerResult {
    ekd_join_result known;
    unsigned char tail[32];
  } target;
  std::memset(&target, 0xab, sizeof(target));
  target.known.struct_size = sizeof(ekd_join_result) + 16;
  std::uint32_t size = 0;
  REQUIRE(check_struct(&target.known, size) == StructFault::kNone);
  ekd_join_result value{};
  value.status = EKD_E_CANCELLED;
  write_struct(&target.known, size, value);
  CHECK(target.known.struct_size == sizeof(ekd_join_result) + 16);
  CHECK(target.known.status == EKD_E_CANCELLED);
  CHECK(target.known.state == nullptr);
  CHECK(target.tail[15] == 0);     // unknown to us, so zero
  CHECK(target.tail[16] == 0xab);  // not the struct's any more
}

TEST_CASE("an error's text is cut between characters and always ended", "[error_text]") {
  ekd_error error = ekd_error_init();
  std::string longer(238, 'x');
  longer += "\xc3\xa9";  // é would need bytes 239 and 240
  CHECK(fill_error(&error, EKD_E_OS, longer, 24) == EKD_E_OS);
  CHECK(error.code == EKD_E_OS);
  CHECK(error.os_errno == 24);
  CHECK(error.text_size == 238);
  CHECK(error.text[238] == '\0');
  CHECK(error_text(&error) == std::string(238, 'x'));
}

TEST_CASE("an error that was never prepared is left alone", "[error_text]") {
  ekd_error error;
  std::memset(&error, 0x55, sizeof(error));
  error.struct_size = 8;
  CHECK(fill_error(&error, EKD_E_FULL, "full") == EKD_E_FULL);
  CHECK(error.code == 0x55555555);
  CHECK(error_text(&error).empty());
  CHECK(fill_error(nullptr, EKD_E_FULL, "full") == EKD_E_FULL);
  CHECK(error_text(nullptr).empty());
}

TEST_CASE("a plugin's error is made printable, whatever it says", "[error_text]") {
  ekd_error error = ekd_error_init();
  std::memcpy(error.text, "a\nb\xff", 4);
  error.text_size = 4;
  CHECK(error_text(&error) == "a\\nb\\xff");
  error.text_size = 0xffffffff;  // a lie: bounded by the array
  CHECK(error_text(&error).size() >= 239);
}

TEST_CASE("a failed system call is named and explained", "[error_text]") {
  ekd_error error = ekd_error_init();
  CHECK(fill_os_error(&error, "accept", 24) == EKD_E_OS);
  CHECK(error.os_errno == 24);
  CHECK(std::string(error.text) == "accept: Too many open files");
}

}  // namespace
}  // namespace ekiden::daemon::host
