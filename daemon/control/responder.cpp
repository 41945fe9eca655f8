#include "daemon/control/responder.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/control/json_line.hpp"
#include "daemon/control/limits.hpp"
#include "daemon/control/progress_channel.hpp"

namespace ekiden::daemon::control {

Responder::Responder(std::shared_ptr<AnswerSink> sink, ConnectionId connection,
                     const Request& request, std::shared_ptr<ClientLink> client)
    : sink_(std::move(sink)),
      connection_(connection),
      wants_answer_(request.wants_answer),
      id_(request.id),
      client_(std::move(client)) {}

Responder::~Responder() {
  if (sink_ == nullptr) return;
  error({ErrorKind::kInternal, "the request was dropped without an answer", {}});
}

std::shared_ptr<ProgressChannel> Responder::open_progress(const std::string& plugin, bool want) {
  progress_ = std::make_shared<ProgressChannel>(want && wants_answer_ ? sink_ : nullptr,
                                                wants_answer_ ? client_ : nullptr, connection_, id_,
                                                plugin);
  return progress_;
}

void Responder::result(const nlohmann::json& value) {
  if (sink_ != nullptr) finish(wants_answer_ ? render_result(id_, value) : std::string());
}

void Responder::result_text(std::string_view text) {
  nlohmann::json value;
  if (!text.empty()) {
    if (const auto problem = read_json(text, value, kResultNestingMax)) {
      return error({ErrorKind::kFailed, "the answer is not acceptable JSON: " + *problem, {}});
    }
  }
  result(value);
}

void Responder::error(const RpcError& error) {
  if (sink_ != nullptr) finish(wants_answer_ ? render_error(id_, error) : std::string());
}

void Responder::defer(Continuation next) && {
  if (sink_ == nullptr) return;
  const std::shared_ptr<AnswerSink> sink = sink_;
  const ConnectionId connection = connection_;
  sink->defer({connection, std::move(*this), std::move(next)});
}

void Responder::finish(std::string line) {
  if (progress_ != nullptr) progress_->close();
  std::exchange(sink_, nullptr)->deliver({connection_, id_, std::move(line)});
}

}  // namespace ekiden::daemon::control
