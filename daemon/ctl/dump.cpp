#include "daemon/ctl/dump.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <variant>

#include "daemon/control/json_line.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/units.hpp"
#include "daemon/ctl/views.hpp"
#include "daemon/logging/escape.hpp"

namespace ekiden::daemon::ctl {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What a page may take longer than the whole dump: the daemon gives up before.
constexpr milliseconds kPageMargin{5'000};

// The document in the making.
class Writer {
 public:
  Writer(std::ostream& out, bool as_json) : out_(out), as_json_(as_json) {}

  void page(const json& result) {
    const json tasks = result.value("tasks", json::array());
    if (as_json_) {
      if (pages_ == 0)
        out_ << R"({"workers":)" << text(result.value("workers", json::array())) << R"(,"tasks":[)";
      for (const json& task : tasks)
        out_ << (rows_++ == 0 ? "" : ",") << text(task);
    } else {
      if (pages_ == 0) out_ << view("worker.list", result) << "\n";
      if (!tasks.empty() || pages_ == 0) out_ << view("task.list", {{"tasks", tasks}});
      rows_ += tasks.size();
    }
    pages_++;
    out_ << std::flush;
  }

  void end(bool complete, milliseconds took) {
    if (pages_ == 0) return;
    if (as_json_) {
      out_ << R"(],"rows":)" << rows_ << R"(,"complete":)" << (complete ? "true" : "false")
           << R"(,"took_ms":)" << took.count() << "}\n";
    } else if (complete) {
      out_ << "all of " << rows_ << " tasks\n";
    } else {
      out_ << "not all: " << rows_ << " tasks in " << duration_text(took.count())
           << "; --timeout gives it longer, --plugin makes it less\n";
    }
    out_ << std::flush;
  }

 private:
  static std::string text(const json& value) { return escape_text(control::write_json(value)); }

  std::ostream& out_;
  const bool as_json_;
  std::uint64_t rows_ = 0;
  std::uint64_t pages_ = 0;
};

}  // namespace

int dump(Client& client, const json& params, bool as_json, milliseconds timeout, std::ostream& out,
         std::ostream& err) {
  const auto began = steady_clock::now();
  const auto deadline = began + timeout;
  Writer writer(out, as_json);
  json query = params;
  std::optional<Failure> failure;
  bool complete = false;
  bool more = true;
  while (more && out) {
    const auto answer = client.call("task.dump", query, deadline + kPageMargin);
    if (const auto* problem = std::get_if<Failure>(&answer)) {
      failure = *problem;
      break;
    }
    const json& page = std::get<json>(answer);
    writer.page(page);
    const json next = page.is_object() ? page.value("next", json()) : json();
    complete = next.is_null() && page.is_object() && page.value("complete", json(true)) == true;
    more = !next.is_null() && steady_clock::now() < deadline;
    query["after"] = next;
  }
  writer.end(complete, std::chrono::duration_cast<milliseconds>(steady_clock::now() - began));
  if (!out) failure = Failure{kExitFailed, "cannot write the result"};
  if (!failure) return kExitOk;
  err << "ekidenctl: " << escape_text(failure->text) << "\n";
  return failure->exit_code;
}

}  // namespace ekiden::daemon::ctl
