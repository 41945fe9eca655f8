// A 64-bit little-endian ELF shared object in memory, as far as finding one exported object in it
// needs. The bytes may be hostile. libelf stays in the .cpp file. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ekiden::daemon {

struct ElfSymbol {
  std::uint64_t address = 0;  // relative to where the object will be loaded
  std::uint64_t size = 0;
  bool is_data = false;     // STT_OBJECT
  bool is_defined = false;  // here, and not in some other object
  bool is_exported = false;
};

class ElfImage {
 public:
  // `bytes` must outlive the image. Check problem() before anything else.
  explicit ElfImage(std::span<const std::byte> bytes);
  ~ElfImage();
  ElfImage(const ElfImage&) = delete;
  ElfImage& operator=(const ElfImage&) = delete;

  // What keeps this from being a shared object of this machine, as the end of a sentence that
  // begins with the file's name; empty: nothing.
  const std::string& problem() const { return problem_; }

  // The first dynamic symbol of that name. nullopt: there is none. problem() may be set afterwards.
  std::optional<ElfSymbol> find_dynamic_symbol(const char* name);

  // The file's bytes for [address, address + size) by the loader's map, the program headers; empty
  // where they are not wholly in the file.
  std::span<const std::byte> at_address(std::uint64_t address, std::uint64_t size) const;

 private:
  struct Handle;

  void check_header();

  const std::span<const std::byte> bytes_;
  std::unique_ptr<Handle> handle_;
  std::string problem_;
};

}  // namespace ekiden::daemon
