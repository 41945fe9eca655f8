#include "daemon/host/json_check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "daemon/logging/escape.hpp"

namespace ekiden::daemon::host {

namespace {

using nlohmann::json;

// Looks at the events of the parser, which is iterative, and keeps nothing. Answering false ends
// it.
class DepthCheck final : public json::json_sax_t {
 public:
  explicit DepthCheck(std::size_t depth_max) : depth_max_(depth_max) {}
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return false; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return descend(); }
  bool end_object() override { return ascend(); }
  bool start_array(std::size_t) override { return descend(); }
  bool end_array() override { return ascend(); }
  bool parse_error(std::size_t position, const std::string&,
                   const json::exception& failure) override {
    std::string_view reason = failure.what();
    // Behind the library's own number: "[json.exception.parse_error.101] parse error at …".
    if (const std::size_t end = reason.find("] "); end != std::string_view::npos) {
      reason.remove_prefix(end + 2);
    }
    fault_ = "is not JSON: byte " + std::to_string(position) + ", ";
    fault_ += reason;
    return false;
  }

  const std::string& fault() const { return fault_; }

 private:
  bool descend() {
    if (++depth_ <= depth_max_) return true;
    fault_ = "is nested deeper than " + std::to_string(depth_max_) + " levels";
    return false;
  }
  bool ascend() {
    --depth_;
    return true;
  }

  const std::size_t depth_max_;
  std::size_t depth_ = 0;
  std::string fault_;
};

}  // namespace

std::string find_json_fault(std::string_view text, JsonBounds bounds) {
  if (text.size() > bounds.bytes) {
    return "is " + std::to_string(text.size()) + " bytes long; at most " +
           std::to_string(bounds.bytes) + " are carried";
  }
  // The parser takes a zero byte for the end of its input, and would pass over what follows.
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    return "is not JSON: byte " + std::to_string(zero + 1) + " is zero";
  }
  DepthCheck check(bounds.depth);
  if (json::sax_parse(text.begin(), text.end(), &check)) return {};
  return check.fault().empty() ? "is not JSON" : escape_text(check.fault());
}

std::string json_in_one_line(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

}  // namespace ekiden::daemon::host
