#include "daemon/logging/record_format.hpp"

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>

#include <cstddef>
#include <ctime>

#include "daemon/logging/escape.hpp"
#include "daemon/logging/limits.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon::log {
namespace {

static_assert(static_cast<int>(Level::kTrace) == SPDLOG_LEVEL_TRACE);
static_assert(static_cast<int>(Level::kWarn) == SPDLOG_LEVEL_WARN);
static_assert(static_cast<int>(Level::kOff) == SPDLOG_LEVEL_OFF);

constexpr std::size_t kLevelColumn = 5;  // "critical" is rare enough to stand out of its column
constexpr std::string_view kNoComponent = "-";

void append(spdlog::memory_buf_t& out, std::string_view text) {
  out.append(text.data(), text.data() + text.size());
}

std::string_view view(spdlog::string_view_t text) noexcept { return {text.data(), text.size()}; }

// The part of a message that is kept, and what says how much is not.
std::string bounded(std::string_view message) {
  const std::string_view kept = utf8_prefix(message, kMessageMaxBytes);
  std::string text(kept);
  if (kept.size() < message.size()) {
    text += " … (" + std::to_string(message.size() - kept.size()) + " bytes more)";
  }
  return text;
}

std::string_view component_of(const spdlog::details::log_msg& record) noexcept {
  const std::string_view name = utf8_prefix(view(record.logger_name), kComponentMaxBytes);
  return name.empty() ? kNoComponent : name;
}

// spdlog names two levels differently ("warning", "err"), so the name is ours, too.
class TextBody final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& record, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string_view level = level_name(static_cast<Level>(record.level));
    append(out, level);
    for (std::size_t width = level.size(); width < kLevelColumn; ++width)
      append(out, " ");
    append(out, " ");
    append(out, escape_text(component_of(record)));
    append(out, ": ");
    append(out, escape_text(bounded(view(record.payload))));
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<TextBody>();
  }
};

class JsonBody final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& record, const std::tm&,
              spdlog::memory_buf_t& out) override {
    append(out, "\"level\":\"");
    append(out, level_name(static_cast<Level>(record.level)));
    append(out, "\",\"component\":");
    append(out, escape_json(component_of(record)));
    append(out, ",\"message\":");
    append(out, escape_json(bounded(view(record.payload))));
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonBody>();
  }
};

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %*";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%*})";

}  // namespace

std::unique_ptr<spdlog::formatter> make_formatter(Format format) {
  auto formatter =
      std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
  if (format == Format::kJson) {
    formatter->add_flag<JsonBody>('*').set_pattern(kJsonPattern);
  } else {
    formatter->add_flag<TextBody>('*').set_pattern(kTextPattern);
  }
  return formatter;
}

spdlog::level::level_enum to_spdlog(Level level) noexcept {
  return static_cast<spdlog::level::level_enum>(level);
}

std::string format_line(spdlog::formatter& formatter, Level level, std::string_view component,
                        std::string_view message) {
  const spdlog::details::log_msg record(spdlog::string_view_t(component.data(), component.size()),
                                        to_spdlog(level),
                                        spdlog::string_view_t(message.data(), message.size()));
  spdlog::memory_buf_t line;
  formatter.format(record, line);
  return std::string(line.data(), line.size());
}

}  // namespace ekiden::daemon::log
