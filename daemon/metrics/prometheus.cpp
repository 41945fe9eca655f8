#include "daemon/metrics/prometheus.hpp"

#include <cstdint>
#include <string_view>

#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon::metrics {
namespace {

// 1500000000 ns is "1.5".
std::string in_seconds(std::uint64_t ns) {
  constexpr std::uint64_t kPerSecond = 1'000'000'000;
  std::string text = std::to_string(ns / kPerSecond);
  if (ns % kPerSecond == 0) return text;
  std::string fraction = std::to_string(ns % kPerSecond);
  fraction.insert(0, 9 - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return text + "." + fraction;
}

std::string number(std::uint64_t value, Unit unit) {
  return unit == Unit::kSeconds ? in_seconds(value) : std::to_string(value);
}

std::string signed_number(std::int64_t value, Unit unit) {
  if (value >= 0) return number(static_cast<std::uint64_t>(value), unit);
  return "-" + number(std::uint64_t{0} - static_cast<std::uint64_t>(value), unit);
}

std::string escape(std::string_view bytes, bool quotes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  while (!bytes.empty()) {
    const auto point = decode_utf8(bytes);
    const char c = bytes.front();
    const bool control = point && point->value != '\n' &&
                         (point->value < 0x20 || (point->value >= 0x7f && point->value < 0xa0));
    if (!point || control) {
      // One byte; what may be behind it is no beginning of a character, and goes the same way.
      const auto byte = static_cast<unsigned char>(c);
      out += {'\\', '\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    } else if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += bytes.substr(0, point->bytes);
    }
    bytes.remove_prefix(point && !control ? point->bytes : 1);
  }
  return out;
}

std::string label_list(const Labels& labels, std::string_view bound = {}) {
  std::string list;
  for (const auto& [name, value] : labels) {
    if (!list.empty()) list += ",";
    list += name + "=\"" + escape(value, true) + "\"";
  }
  if (!bound.empty()) {
    if (!list.empty()) list += ",";
    list += "le=\"" + std::string(bound) + "\"";
  }
  return list.empty() ? list : "{" + list + "}";
}

void add_line(std::string& text, const std::string& name, const std::string& labels,
              const std::string& value) {
  text += name;
  text += labels;
  text += ' ';
  text += value;
  text += '\n';
}

void add_histogram(std::string& text, const Family& family, const Sample& sample) {
  const runtime::HistogramSnapshot& histogram = *sample.histogram;
  const std::string count = std::to_string(histogram.count());
  for (unsigned power = kBoundFirst; power <= kBoundLast; ++power) {
    const std::uint64_t bound = std::uint64_t{1} << power;
    // Values are whole numbers, and a bound belongs to its bucket.
    const std::uint64_t last = family.unit == Unit::kSeconds ? bound : bound - 1;
    add_line(text, family.name + "_bucket", label_list(sample.labels, number(last, family.unit)),
             std::to_string(histogram.count_below(bound)));
  }
  add_line(text, family.name + "_bucket", label_list(sample.labels, "+Inf"), count);
  add_line(text, family.name + "_sum", label_list(sample.labels),
           number(histogram.sum_ns, family.unit));
  add_line(text, family.name + "_count", label_list(sample.labels), count);
}

constexpr std::string_view type_name(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
    case Kind::kMaximum:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace

std::string prometheus_text(const std::vector<Family>& families) {
  std::string text;
  for (const Family& family : families) {
    text += "# HELP " + family.name + " " + escape(family.help, false) + "\n";
    text += "# TYPE " + family.name + " " + std::string(type_name(family.kind)) + "\n";
    for (const Sample& sample : family.samples) {
      if (family.kind == Kind::kHistogram) {
        add_histogram(text, family, sample);
      } else {
        add_line(text, family.name, label_list(sample.labels),
                 signed_number(sample.value, family.unit));
      }
    }
  }
  return text;
}

}  // namespace ekiden::daemon::metrics
