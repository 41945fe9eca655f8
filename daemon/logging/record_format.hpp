// How a record looks as a line. Whatever the message holds, a record is exactly one line of UTF-8.
//
//   text 2030-01-31T12:00:00.250Z info  plugin.echo: listening on 127.0.0.1:7007
//   json {"time":"2030-01-31T12:00:00.250Z","level":"info","component":"plugin.echo","message":"…"}
//
// Times are UTC with milliseconds. Only for files of this folder: it names spdlog.
#pragma once

#include <spdlog/formatter.h>

#include <memory>
#include <string>
#include <string_view>

#include "daemon/logging/level.hpp"

namespace ekiden::daemon::log {

// One thread at a time may use a formatter; clone() it for another. The record's logger name is the
// component. Throws only std::bad_alloc.
std::unique_ptr<spdlog::formatter> make_formatter(Format format);

spdlog::level::level_enum to_spdlog(Level level) noexcept;

// A record of now, formatted, with its line break.
std::string format_line(spdlog::formatter& formatter, Level level, std::string_view component,
                        std::string_view message);

}  // namespace ekiden::daemon::log
