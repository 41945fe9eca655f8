// The part of ekd.channel/1 that is about buffers; see ekiden/channel.h.
#pragma once

#include <ekiden/plugin.h>

#include <cstdint>

#include "daemon/host/host_call.hpp"

namespace ekiden::daemon::host {

std::int32_t buffer_alloc(ekd_ctx* ctx, std::uint64_t size, ekd_buffer* out_buffer,
                          void** out_data);
std::int32_t buffer_retain(ekd_ctx* ctx, ekd_buffer buffer, ekd_buffer* out_buffer);
std::int32_t buffer_release(ekd_ctx* ctx, ekd_buffer buffer);
std::int32_t buffer_data(ekd_ctx* ctx, ekd_buffer buffer, const void** out_data,
                         std::uint64_t* out_size);
std::int32_t buffer_edit(ekd_ctx* ctx, ekd_buffer buffer, void** out_data, std::uint64_t* out_size);
std::int32_t buffer_trim(ekd_ctx* ctx, ekd_buffer buffer, std::uint64_t size);

// For a call whose own handle is an end: says that it is the buffer which is wrong.
std::int32_t refuse_buffer(HostCall& call, runtime::Status status) noexcept;

}  // namespace ekiden::daemon::host
