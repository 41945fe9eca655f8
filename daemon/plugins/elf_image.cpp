#include "daemon/plugins/elf_image.hpp"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <cstring>

namespace ekiden::daemon {
namespace {

#if defined(__x86_64__)
constexpr unsigned kThisMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kThisMachine = EM_AARCH64;
#else
#error "Name this machine's ELF number here."
#endif

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_386:
      return "i386";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "32-bit ARM";
    case EM_AARCH64:
      return "AArch64";
    case EM_RISCV:
      return "RISC-V";
    case EM_PPC64:
      return "64-bit PowerPC";
    case EM_S390:
      return "S/390";
    default:
      return "number " + std::to_string(machine);
  }
}

std::string type_name(unsigned type) {
  switch (type) {
    case ET_REL:
      return "an object file that has not been linked";
    case ET_EXEC:
      return "a program";
    case ET_CORE:
      return "a memory dump";
    default:
      return "an ELF file of type " + std::to_string(type);
  }
}

}  // namespace

struct ElfImage::Handle {
  explicit Handle(std::span<const std::byte> bytes) {
    if (::elf_version(EV_CURRENT) == EV_NONE) return;
    // libelf takes a pointer to non-const for writers; a handle for reading writes nothing.
    elf = ::elf_memory(reinterpret_cast<char*>(const_cast<std::byte*>(bytes.data())), bytes.size());
  }
  ~Handle() {
    if (elf != nullptr) ::elf_end(elf);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  Elf* elf = nullptr;
};

ElfImage::ElfImage(std::span<const std::byte> bytes) : bytes_(bytes) {
  check_header();
  if (!problem_.empty()) return;
  handle_ = std::make_unique<Handle>(bytes_);
  if (handle_->elf == nullptr || ::elf_kind(handle_->elf) != ELF_K_ELF) {
    problem_ = "is damaged: its ELF header contradicts itself; build or copy it again";
  }
}

ElfImage::~ElfImage() = default;

void ElfImage::check_header() {
  Elf64_Ehdr header;
  if (bytes_.size() < SELFMAG || std::memcmp(bytes_.data(), ELFMAG, SELFMAG) != 0) {
    problem_ = "is not an ELF file; a plugin is a shared object, built with -shared";
    return;
  }
  if (bytes_.size() < sizeof(header)) {
    problem_ = "ends within its ELF header; build or copy it again";
    return;
  }
  std::memcpy(&header, bytes_.data(), sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    problem_ = "is not a 64-bit little-endian ELF file; build it for this machine, " +
               machine_name(kThisMachine);
    return;
  }
  if (header.e_machine != kThisMachine) {
    problem_ = "is built for the machine " + machine_name(header.e_machine) + " and this is " +
               machine_name(kThisMachine) + "; build it for this machine";
    return;
  }
  if (header.e_type != ET_DYN) {
    problem_ =
        "is " + type_name(header.e_type) + "; a plugin is a shared object: link it with -shared";
  }
}

std::optional<ElfSymbol> ElfImage::find_dynamic_symbol(const char* name) {
  Elf* const elf = handle_->elf;
  bool has_symbols = false;
  for (Elf_Scn* section = ::elf_nextscn(elf, nullptr); section != nullptr;
       section = ::elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (::gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_DYNSYM) continue;
    if (header.sh_entsize != sizeof(Elf64_Sym)) continue;
    Elf_Data* const data = ::elf_getdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) continue;
    has_symbols = true;
    const int count = static_cast<int>(data->d_size / sizeof(Elf64_Sym));
    for (int i = 0; i < count; i++) {
      GElf_Sym symbol;
      if (::gelf_getsym(data, i, &symbol) == nullptr) break;
      const char* const found = ::elf_strptr(elf, header.sh_link, symbol.st_name);
      if (found == nullptr || std::strcmp(found, name) != 0) continue;
      const auto binding = GELF_ST_BIND(symbol.st_info);
      return ElfSymbol{
          .address = symbol.st_value,
          .size = symbol.st_size,
          .is_data = GELF_ST_TYPE(symbol.st_info) == STT_OBJECT,
          .is_defined = symbol.st_shndx != SHN_UNDEF,
          .is_exported = binding != STB_LOCAL && GELF_ST_VISIBILITY(symbol.st_other) == STV_DEFAULT,
      };
    }
  }
  if (!has_symbols) {
    problem_ =
        "has no readable table of dynamic symbols; build it again, and do not strip its "
        "section headers";
  }
  return std::nullopt;
}

std::span<const std::byte> ElfImage::at_address(std::uint64_t address, std::uint64_t size) const {
  std::size_t count = 0;
  if (::elf_getphdrnum(handle_->elf, &count) != 0) return {};
  for (std::size_t i = 0; i < count; i++) {
    GElf_Phdr segment;
    if (::gelf_getphdr(handle_->elf, static_cast<int>(i), &segment) == nullptr) return {};
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    // Differences only: no sum of two numbers from the file is ever formed.
    const std::uint64_t within = address - segment.p_vaddr;
    if (within > segment.p_filesz || size > segment.p_filesz - within) continue;
    if (segment.p_offset > bytes_.size()) return {};
    const std::uint64_t available = bytes_.size() - segment.p_offset;
    if (within > available || size > available - within) return {};
    return bytes_.subspan(segment.p_offset + within, size);
  }
  return {};
}

}  // namespace ekiden::daemon
