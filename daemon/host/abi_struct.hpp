// How structs cross the border. The rule of growth, on the reader's side: copy the smaller of the
// two sizes and take the rest as zero; refuse a tail that is not zero, because it asks for
// something that this host does not do.
#pragma once

#include <ekiden/plugin.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "daemon/host/limits.hpp"

namespace ekiden::daemon::host {

// The size that a struct had in the first ABI that had it: no plugin is older. These numbers never
// change.
template <class T>
inline constexpr std::uint32_t kFirstSize = 0;
template <>
inline constexpr std::uint32_t kFirstSize<ekd_error> = 256;
template <>
inline constexpr std::uint32_t kFirstSize<ekd_task_type> = 56;
template <>
inline constexpr std::uint32_t kFirstSize<ekd_spawn_options> = 40;
template <>
inline constexpr std::uint32_t kFirstSize<ekd_join_result> = 16;
template <>
inline constexpr std::uint32_t kFirstSize<ekd_job_options> = 32;
template <>
inline constexpr std::uint32_t kFirstSize<ekd_listen_options> = 16;
template <>
inline constexpr std::uint32_t kFirstSize<ekd_channel_options> = 16;
template <>
inline constexpr std::uint32_t kFirstSize<ekd_channel_info> = 32;

enum class StructFault : std::uint8_t {
  kNone,
  kNull,
  kMisaligned,
  kTooSmall,     // struct_size was never set, or is not one
  kTooLarge,     // beyond kStructMaxBytes
  kUnknownTail,  // a newer plugin asks for something that this host does not know
};

constexpr std::int32_t code_of(StructFault fault) noexcept {
  if (fault == StructFault::kNone) return EKD_OK;
  return fault == StructFault::kUnknownTail ? EKD_E_UNSUPPORTED : EKD_E_INVALID;
}

constexpr std::string_view sentence_of(StructFault fault) noexcept {
  switch (fault) {
    case StructFault::kNone:
      return "";
    case StructFault::kNull:
      return "the struct is NULL";
    case StructFault::kMisaligned:
      return "the struct's address is not aligned";
    case StructFault::kTooSmall:
      return "struct_size is smaller than in ABI 1.0: set it to sizeof the struct";
    case StructFault::kTooLarge:
      return "struct_size is over 4096: set it to sizeof the struct";
    case StructFault::kUnknownTail:
      return "the struct has members set that this host does not know: the plugin needs a newer "
             "one";
  }
  return "";
}

template <class T>
bool is_aligned(const T* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer) % alignof(T) == 0;
}

// Whether `given` may be read as, or written to as, a T; `size` is its struct_size then. Reads
// struct_size once: another thread of the plugin may scribble on it.
template <class T>
StructFault check_struct(const T* given, std::uint32_t& size) noexcept {
  static_assert(std::is_trivially_copyable_v<T> && offsetof(T, struct_size) == 0);
  static_assert(kFirstSize<T> != 0 && kFirstSize<T> <= sizeof(T) && sizeof(T) <= kStructMaxBytes);
  if (given == nullptr) return StructFault::kNull;
  if (!is_aligned(given)) return StructFault::kMisaligned;
  size = *static_cast<const volatile std::uint32_t*>(&given->struct_size);
  if (size < kFirstSize<T>) return StructFault::kTooSmall;
  return size > kStructMaxBytes ? StructFault::kTooLarge : StructFault::kNone;
}

// Copies a struct that the plugin filled. `out` is whole, whatever size the plugin's is.
template <class T>
StructFault read_struct(const T* given, T& out) noexcept {
  std::uint32_t size = 0;
  if (const StructFault fault = check_struct(given, size); fault != StructFault::kNone)
    return fault;
  if (size == sizeof(T)) [[likely]] {  // a few moves instead of calls
    std::memcpy(&out, given, sizeof(T));
    out.struct_size = sizeof(T);
    return StructFault::kNone;
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  if (size > sizeof(T) &&
      !std::all_of(bytes + sizeof(T), bytes + size, [](unsigned char byte) { return byte == 0; })) {
    return StructFault::kUnknownTail;
  }
  out = T{};
  std::memcpy(&out, given, std::min<std::size_t>(size, sizeof(T)));
  out.struct_size = sizeof(T);
  return StructFault::kNone;
}

// Fills a struct that the plugin owns: as much as it has room for, and zero in what this host does
// not know. Its struct_size stays as it is. `given` has passed check_struct.
template <class T>
void write_struct(T* given, std::uint32_t size, const T& value) noexcept {
  constexpr std::size_t kHead = sizeof(value.struct_size);
  auto* bytes = reinterpret_cast<unsigned char*>(given);
  const std::size_t known = std::min<std::size_t>(size, sizeof(T));
  std::memcpy(bytes + kHead, reinterpret_cast<const unsigned char*>(&value) + kHead, known - kHead);
  if (size > known) std::memset(bytes + known, 0, size - known);
}

// A pointer and a length that belong together.
inline bool is_readable(ekd_str text) noexcept { return text.data != nullptr || text.size == 0; }

inline std::string_view view_of(ekd_str text) noexcept {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}

}  // namespace ekiden::daemon::host
