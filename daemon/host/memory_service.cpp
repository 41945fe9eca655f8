// ekd.memory/1 on the instance's ledger of blocks.
#include <algorithm>
#include <bit>

#include "daemon/host/host_call.hpp"
#include "daemon/host/services.hpp"

namespace ekiden::daemon::host {

namespace {

void* alloc(ekd_ctx* ctx, std::uint64_t size, std::uint32_t align) {
  HostCall call(ctx, Function::kMemoryAlloc);
  if (!call.admitted()) return nullptr;
  if (align != 0 && (!std::has_single_bit(align) || align > kBlockAlignMax)) {
    call.refuse(EKD_E_INVALID, "align is no power of two up to 4096");
    return nullptr;
  }
  return call.instance().blocks.allocate(std::max<std::uint64_t>(size, 1), align);
}

std::int32_t free_block(ekd_ctx* ctx, void* block) {
  HostCall call(ctx, Function::kMemoryFree, nullptr, reinterpret_cast<std::uintptr_t>(block));
  if (!call.admitted()) return call.refusal();
  if (block == nullptr || call.instance().blocks.free(block)) return EKD_OK;
  return call.refuse(EKD_E_FOREIGN, "the block is not this instance's, or was freed already");
}

constexpr ekd_memory_api kTable = {sizeof(ekd_memory_api), 0, alloc, free_block};

}  // namespace

const ekd_memory_api& memory_service() noexcept { return kTable; }

}  // namespace ekiden::daemon::host
