#include "daemon/control/progress_channel.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/json_line.hpp"

namespace ekiden::daemon::control {
namespace {

// The message, params, and what the plugin says inside.
constexpr std::size_t kDataNestingMax = kNestingMax - 2;

}  // namespace

ProgressChannel::ProgressChannel(std::shared_ptr<AnswerSink> sink,
                                 std::shared_ptr<ClientLink> client, ConnectionId connection,
                                 IdText id, std::string plugin)
    : sink_(std::move(sink)),
      client_(std::move(client)),
      connection_(connection),
      id_(std::move(id)),
      plugin_(std::move(plugin)) {}

bool ProgressChannel::tell(std::string_view json) {
  const runtime::MutexLock lock(mutex_);
  if (closed_ || (client_ != nullptr && client_->is_gone())) return false;
  if (sink_ == nullptr) return true;
  std::string line = render(json);
  if (line.empty() || (client_ != nullptr && !client_->take_room(line.size()))) {
    dropped_++;
    return true;
  }
  dropped_ = 0;
  sink_->deliver({connection_, id_, std::move(line), Answer::Kind::kProgress});
  return true;
}

void ProgressChannel::close() {
  const runtime::MutexLock lock(mutex_);
  closed_ = true;
}

std::string ProgressChannel::render(std::string_view json) const {
  nlohmann::json data;
  if (read_json(json, data, kDataNestingMax)) return {};
  // By hand, because an id is JSON text already.
  std::string line = R"({"jsonrpc":"2.0","method":"plugin.progress","params":{"id":)" + id_;
  line += R"(,"plugin":)" + write_json(plugin_);
  if (dropped_ > 0) line += R"(,"dropped":)" + std::to_string(dropped_);
  line += R"(,"data":)" + write_json(data) + "}}\n";
  return line;
}

}  // namespace ekiden::daemon::control
