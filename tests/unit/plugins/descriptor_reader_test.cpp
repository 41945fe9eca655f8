// Reading descriptors out of files, good, wrong and hostile.
#include <ekiden/plugin.h>
#include <elf.h>

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <random>

#include "daemon/plugins/descriptor_reader.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

using test::built_plugin;
using test::read_bytes;

OrRefusal<Descriptor> read(const std::string& bytes, std::string_view stem = "minimal") {
  return read_descriptor(std::as_bytes(std::span(bytes.data(), bytes.size())), stem, "x.so");
}

// Where the descriptor lies in the file.
std::size_t descriptor_at(const std::string& bytes) {
  const std::size_t at = bytes.find("EKDPLUG1");
  REQUIRE(at != std::string::npos);
  return at;
}

template <class T>
void put(std::string& bytes, std::size_t at, T value) {
  REQUIRE(at + sizeof(value) <= bytes.size());
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

void put_text(std::string& bytes, std::size_t at, const std::string& text) {
  REQUIRE(at + text.size() <= bytes.size());
  std::memcpy(bytes.data() + at, text.data(), text.size());
}

struct Patch {
  const char* what;
  std::function<void(std::string& bytes, std::size_t descriptor)> apply;
  const char* says;
};

const std::vector<Patch>& bad_patches() {
  using D = ekd_plugin_desc;
  static const std::vector<Patch> table = {
      {"not ELF", [](auto& b, auto) { b[1] = 'X'; }, "not an ELF file"},
      {"nothing", [](auto& b, auto) { b.clear(); }, "not an ELF file"},
      {"three bytes", [](auto& b, auto) { b.resize(3); }, "not an ELF file"},
      {"half a header", [](auto& b, auto) { b.resize(40); }, "ends within its ELF header"},
      {"32 bits", [](auto& b, auto) { b[EI_CLASS] = ELFCLASS32; }, "64-bit"},
      {"big-endian", [](auto& b, auto) { b[EI_DATA] = ELFDATA2MSB; }, "little-endian"},
      {"machine",
       [](auto& b, auto) { put<std::uint16_t>(b, offsetof(Elf64_Ehdr, e_machine), EM_RISCV); },
       "built for the machine RISC-V"},
      {"a program",
       [](auto& b, auto) { put<std::uint16_t>(b, offsetof(Elf64_Ehdr, e_type), ET_EXEC); },
       "link it with -shared"},
      {"an object file",
       [](auto& b, auto) { put<std::uint16_t>(b, offsetof(Elf64_Ehdr, e_type), ET_REL); },
       "link it with -shared"},
      {"no section headers",
       [](auto& b, auto) {
         put<std::uint64_t>(b, offsetof(Elf64_Ehdr, e_shoff), 0);
         put<std::uint16_t>(b, offsetof(Elf64_Ehdr, e_shnum), 0);
         put<std::uint16_t>(b, offsetof(Elf64_Ehdr, e_shstrndx), 0);
       },
       "section headers"},
      {"no program headers",
       [](auto& b, auto) { put<std::uint16_t>(b, offsetof(Elf64_Ehdr, e_phnum), 0); },
       "no bytes for ekd_plugin"},
      {"the symbol renamed",
       [](auto& b, auto) { b[b.find(std::string("\0ekd_plugin\0", 12)) + 2] = 'K'; },
       "exports no ekd_plugin"},
      {"magic", [](auto& b, auto d) { b[d]++; }, "EKD_PLUGIN_MAGIC"},
      {"struct_size 0",
       [](auto& b, auto d) { put<std::uint32_t>(b, d + offsetof(D, struct_size), 0); },
       "has 0 bytes"},
      {"struct_size too small",
       [](auto& b, auto d) { put<std::uint32_t>(b, d + offsetof(D, struct_size), sizeof(D) - 8); },
       "set .struct_size"},
      {"struct_size beyond the object",
       [](auto& b, auto d) {
         // Far beyond: AddressSanitizer makes the object larger than it is.
         put<std::uint32_t>(b, d + offsetof(D, struct_size), sizeof(D) + 2048);
       },
       "ekd_plugin has only"},
      {"struct_size absurd",
       [](auto& b, auto d) { put<std::uint32_t>(b, d + offsetof(D, struct_size), ~0u); },
       "set .struct_size"},
      {"ABI major", [](auto& b, auto d) { put<std::uint16_t>(b, d + offsetof(D, abi_major), 99); },
       "built for version 99."},
      {"a newer host needed",
       [](auto& b, auto d) { put<std::uint16_t>(b, d + offsetof(D, host_minor_min), 77); },
       "at least version 1.77"},
      {"flags", [](auto& b, auto d) { put<std::uint32_t>(b, d + offsetof(D, flags), 1); },
       "must be 0"},
      {"reserved0", [](auto& b, auto d) { put<std::uint16_t>(b, d + offsetof(D, reserved0), 1); },
       "must be 0"},
      {"reserved1", [](auto& b, auto d) { put<std::uint64_t>(b, d + offsetof(D, reserved1), 1); },
       "must be 0"},
      {"a name without end",
       [](auto& b, auto d) { put_text(b, d + offsetof(D, name), std::string(64, 'a')); },
       "does not end with a zero"},
      {"no name", [](auto& b, auto d) { b[d + offsetof(D, name)] = '\0'; }, "that is not one"},
      {"a name that is a path",
       [](auto& b, auto d) { put_text(b, d + offsetof(D, name), "../evil"); }, "that is not one"},
      {"another name", [](auto& b, auto d) { put_text(b, d + offsetof(D, name), "maximal"); },
       "names itself 'maximal'"},
      {"a version without end",
       [](auto& b, auto d) { put_text(b, d + offsetof(D, version), std::string(32, '1')); },
       "set .version"},
      {"no version", [](auto& b, auto d) { b[d + offsetof(D, version)] = '\0'; }, "set .version"},
      {"a version with an escape",
       [](auto& b, auto d) { put_text(b, d + offsetof(D, version), "\x1b[2J"); }, "set .version"},
  };
  return table;
}

}  // namespace

TEST_CASE("A good file gives its descriptor") {
  const auto descriptor = read(read_bytes(built_plugin("minimal")));
  if (!descriptor) FAIL(descriptor.refusal().text);
  CHECK(descriptor->name == "minimal");
  CHECK(descriptor->version == "1");
  CHECK(descriptor->abi_major == EKD_ABI_MAJOR);
  CHECK(descriptor->struct_size == sizeof(ekd_plugin_desc));
}

TEST_CASE("Patched files are refused with a sentence that names the file and the fault") {
  const std::string good = read_bytes(built_plugin("minimal"));
  for (const Patch& patch : bad_patches()) {
    std::string bytes = good;
    patch.apply(bytes, descriptor_at(good));
    INFO(patch.what);
    const auto descriptor = read(bytes);
    REQUIRE_FALSE(descriptor);
    INFO(descriptor.refusal().text);
    CHECK(descriptor.refusal().outcome == Outcome::kFailed);
    CHECK(descriptor.refusal().text.starts_with("'x.so' "));
    CHECK(descriptor.refusal().text.find(patch.says) != std::string::npos);
  }
}

TEST_CASE("A newer plugin of the same major version is taken") {
  std::string bytes = read_bytes(built_plugin("minimal"));
  put<std::uint16_t>(bytes, descriptor_at(bytes) + offsetof(ekd_plugin_desc, abi_minor), 9);
  CHECK(read(bytes));
}

TEST_CASE("What only has the name of a descriptor is refused") {
  CHECK(read(read_bytes(built_plugin("function")), "function").refusal().text.find("data object") !=
        std::string::npos);
  CHECK_FALSE(read(read_bytes(built_plugin("small")), "small"));
}

TEST_CASE("The test program itself is not a plugin") {
  CHECK_FALSE(read(read_bytes("/proc/self/exe")));
}

TEST_CASE("No mutation of a file is read out of bounds, and none is taken under another name") {
  const std::string good = read_bytes(built_plugin("minimal"));
  std::mt19937 random(20260);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::size_t taken = 0;
  for (int round = 0; round < 6000; round++) {
    std::string bytes = good;
    if (round % 3 == 0) bytes.resize(below(bytes.size()));
    const std::size_t changes = 1 + below(8);
    for (std::size_t i = 0; i < changes && bytes.size() > 8; i++) {
      // Headers are what everything hangs on: half of the changes go there, the section headers at
      // the end included.
      const std::size_t where = below(4);
      const std::size_t room = bytes.size() - 8;
      const std::size_t at = where == 0   ? below(std::min<std::size_t>(room, sizeof(Elf64_Ehdr)))
                             : where == 1 ? room - below(std::min<std::size_t>(room, 2048))
                                          : below(room);
      const std::uint64_t values[] = {0, 1, ~0ull, 1ull << 63, bytes.size(), random()};
      const std::uint64_t value = values[below(std::size(values))];
      std::memcpy(bytes.data() + at, &value, below(2) == 0 ? 8 : 1 + below(4));
    }
    // Exactly as long as its bytes, so that a sanitizer sees the first byte beyond.
    const std::vector<std::byte> image(
        reinterpret_cast<const std::byte*>(bytes.data()),
        reinterpret_cast<const std::byte*>(bytes.data() + bytes.size()));
    const auto descriptor = read_descriptor(image, "minimal", "x.so");
    if (!descriptor) {
      REQUIRE(descriptor.refusal().text.size() > 10);
      continue;
    }
    taken++;
    REQUIRE(descriptor->name == "minimal");
  }
  // Changes in what nobody reads are harmless; but most of them are not.
  CHECK(taken > 0);
  CHECK(taken < 6000);
}

}  // namespace ekiden::daemon
