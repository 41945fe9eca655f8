#include "daemon/plugins/descriptor_reader.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <variant>
#include <vector>

#include "daemon/config/plugin_name.hpp"
#include "daemon/plugins/elf_image.hpp"
#include "daemon/plugins/limits.hpp"

namespace ekiden::daemon {
namespace {

constexpr const char* kSymbol = "ekd_plugin";

static_assert(offsetof(ekd_plugin_desc, requires_ext) == kDescriptorHeadBytes,
              "the head ends where the pointers begin");
// Of ABI 1.0, whatever has been appended since: every descriptor has at least that.
constexpr std::uint32_t kDescriptorMinBytes =
    offsetof(ekd_plugin_desc, command) + sizeof(ekd_plugin_desc::command);
static_assert(kDescriptorMinBytes <= plugin_limits::kDescriptorMaxBytes);

// ekd_plugin_desc up to its first pointer, member by member.
struct Head {
  std::uint64_t magic;
  std::uint32_t struct_size;
  std::uint16_t abi_major;
  std::uint16_t abi_minor;
  std::uint16_t host_minor_min;
  std::uint16_t reserved0;
  std::uint32_t flags;
  char name[EKD_NAME_BYTES];
  char version[EKD_VERSION_BYTES];
  std::uint64_t reserved1;
};
static_assert(sizeof(Head) == kDescriptorHeadBytes);
static_assert(offsetof(Head, struct_size) == offsetof(ekd_plugin_desc, struct_size));
static_assert(offsetof(Head, host_minor_min) == offsetof(ekd_plugin_desc, host_minor_min));
static_assert(offsetof(Head, name) == offsetof(ekd_plugin_desc, name));
static_assert(offsetof(Head, reserved1) == offsetof(ekd_plugin_desc, reserved1));

// A problem is the end of a sentence that begins with the file's name.
using Problem = std::optional<std::string>;

Problem check_symbol(const ElfSymbol& symbol) {
  if (!symbol.is_defined) {
    return "uses the symbol ekd_plugin without defining it; define it as "
           "`EKD_EXPORT const ekd_plugin_desc ekd_plugin = {…}`";
  }
  if (!symbol.is_data) {
    return "defines ekd_plugin as something else than a data object; it must be an "
           "ekd_plugin_desc: see ekiden/plugin.h";
  }
  if (!symbol.is_exported) {
    return "does not export ekd_plugin; declare it with EKD_EXPORT";
  }
  return std::nullopt;
}

std::string version_text(unsigned major, unsigned minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

Problem check_abi(const Head& head) {
  if (head.magic != EKD_PLUGIN_MAGIC) {
    return "has an ekd_plugin that does not begin with EKD_PLUGIN_MAGIC; set .magic, and "
           "initialise the object with constants only";
  }
  // The version goes before the size: another major version may well have another size.
  if (head.abi_major != EKD_ABI_MAJOR) {
    return "is built for version " + version_text(head.abi_major, head.abi_minor) +
           " of the plugin ABI and this daemon has " + version_text(EKD_ABI_MAJOR, EKD_ABI_MINOR) +
           "; build it against this daemon's headers";
  }
  if (head.host_minor_min > EKD_ABI_MINOR) {
    return "needs at least version " + version_text(EKD_ABI_MAJOR, head.host_minor_min) +
           " of the plugin ABI and this daemon has " + version_text(EKD_ABI_MAJOR, EKD_ABI_MINOR) +
           "; install a newer daemon or an older plugin";
  }
  return std::nullopt;
}

Problem check_size(const Head& head, std::uint64_t symbol_bytes) {
  const std::uint32_t size = head.struct_size;
  if (size < kDescriptorMinBytes || size > plugin_limits::kDescriptorMaxBytes) {
    return "says that its descriptor has " + std::to_string(size) + " bytes; expected " +
           std::to_string(kDescriptorMinBytes) + " to " +
           std::to_string(plugin_limits::kDescriptorMaxBytes) +
           ": set .struct_size to sizeof(ekd_plugin_desc)";
  }
  if (symbol_bytes < size) {
    return "says that its descriptor has " + std::to_string(size) +
           " bytes, but ekd_plugin has only " + std::to_string(symbol_bytes) +
           ": define it as an ekd_plugin_desc";
  }
  return std::nullopt;
}

Problem check_reserved(const Head& head) {
  if (head.flags == 0 && head.reserved0 == 0 && head.reserved1 == 0) return std::nullopt;
  return "sets flags or reserved members of its descriptor that this daemon does not know; they "
         "must be 0";
}

bool is_terminated(const char* text, std::size_t bytes) {
  return std::memchr(text, '\0', bytes) != nullptr;
}

Problem check_name(const Head& head, std::string_view stem) {
  if (!is_terminated(head.name, sizeof(head.name))) {
    return "has a name in its descriptor that does not end with a zero; at most " +
           std::to_string(sizeof(head.name) - 1) + " letters fit";
  }
  const std::string_view name = head.name;
  if (!is_plugin_name(name)) {
    return "has a name in its descriptor that is not one; expected 1 to " +
           std::to_string(sizeof(head.name) - 1) +
           " letters a-z, digits and underscores, a letter first";
  }
  if (name != stem) {
    return "names itself '" + std::string(name) + "' in its descriptor, so its file must be '" +
           std::string(name) + ".so'; rename the file, or change the descriptor's name to '" +
           std::string(stem) + "'";
  }
  return std::nullopt;
}

Problem check_version(const Head& head) {
  bool good = is_terminated(head.version, sizeof(head.version)) && head.version[0] != '\0';
  for (const char* c = head.version; good && *c != '\0'; c++)
    good = *c >= ' ' && *c <= '~';
  if (good) return std::nullopt;
  return "has a version in its descriptor that is not 1 to " +
         std::to_string(sizeof(head.version) - 1) +
         " printable ASCII characters and a zero; set .version, such as \"1.0.0\"";
}

Problem check_head(const Head& head, std::uint64_t symbol_bytes, std::string_view stem) {
  if (auto problem = check_abi(head)) return problem;
  if (auto problem = check_size(head, symbol_bytes)) return problem;
  if (auto problem = check_reserved(head)) return problem;
  if (auto problem = check_name(head, stem)) return problem;
  return check_version(head);
}

// Not checked yet: it may hold anything.
std::string shown_linked(const std::string& name) {
  return is_plugin_name(name) ? "the linked plugin '" + name + "'" : "the linked plugin";
}

Descriptor descriptor_of(const Head& head) {
  Descriptor descriptor;
  descriptor.name = head.name;
  descriptor.version = head.version;
  descriptor.abi_major = head.abi_major;
  descriptor.abi_minor = head.abi_minor;
  descriptor.struct_size = head.struct_size;
  std::memcpy(descriptor.head.data(), &head, sizeof(head));
  return descriptor;
}

// The file's bytes; an errno value if they cannot be read. Read, not mapped: a file that shrinks
// under a mapping is a SIGBUS.
std::variant<std::vector<std::byte>, int> read_whole(int fd, std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::pread(fd, bytes.data() + have, size - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) break;  // it was cut meanwhile
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

OrRefusal<Descriptor> read_descriptor(std::span<const std::byte> image, std::string_view stem,
                                      std::string_view shown) {
  const auto refuse = [&](const std::string& problem) {
    return Refusal{Outcome::kFailed, "'" + std::string(shown) + "' " + problem};
  };
  ElfImage elf(image);
  if (!elf.problem().empty()) return refuse(elf.problem());
  const auto symbol = elf.find_dynamic_symbol(kSymbol);
  if (!elf.problem().empty()) return refuse(elf.problem());
  if (!symbol) {
    return refuse(
        "is not a plugin: it exports no ekd_plugin; define it with EKD_EXPORT, as "
        "ekiden/plugin.h says");
  }
  if (auto problem = check_symbol(*symbol)) return refuse(*problem);
  const auto bytes = elf.at_address(symbol->address, kDescriptorHeadBytes);
  if (bytes.empty()) {
    return refuse(
        "has no bytes for ekd_plugin in the file; initialise it with constants only, or "
        "copy the file again if it was cut");
  }
  Head head;
  std::memcpy(&head, bytes.data(), sizeof(head));
  if (auto problem = check_head(head, symbol->size, stem)) return refuse(*problem);
  return descriptor_of(head);
}

OrRefusal<Descriptor> read_descriptor(int fd, std::string_view stem, std::string_view shown) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || status.st_size <= 0) {
    return Refusal{Outcome::kFailed, "'" + std::string(shown) + "' cannot be examined"};
  }
  const auto bytes = read_whole(fd, static_cast<std::size_t>(status.st_size));
  if (const int* error = std::get_if<int>(&bytes)) {
    return Refusal{Outcome::kFailed, "'" + std::string(shown) + "' cannot be read: " +
                                         std::generic_category().message(*error)};
  }
  return read_descriptor(std::get<std::vector<std::byte>>(bytes), stem, shown);
}

OrRefusal<Descriptor> read_descriptor(const ekd_plugin_desc& linked) {
  Head head;
  std::memcpy(&head, &linked, sizeof(head));
  const std::string name(head.name, ::strnlen(head.name, sizeof(head.name)));
  // The compiler that linked it has seen the whole object, as large as it says.
  if (auto problem = check_head(head, head.struct_size, name)) {
    return Refusal{Outcome::kFailed, shown_linked(name) + " " + *problem};
  }
  return descriptor_of(head);
}

}  // namespace ekiden::daemon
