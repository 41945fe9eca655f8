#include <stdexcept>
#include <string>

#include "mischief.hpp"

namespace mischief {
namespace {

int32_t second_reply_code = 1;

int32_t never(ekd_call, std::string_view, ekd_error*) { return EKD_OK; }

int32_t twice(ekd_call call, std::string_view, ekd_error*) {
  reply(call, "\"first\"");
  second_reply_code = reply(call, "\"second\"");
  return EKD_OK;
}

int32_t second_code(ekd_call call, std::string_view, ekd_error*) {
  reply(call, std::to_string(second_reply_code));
  return EKD_OK;
}

int32_t not_json(ekd_call call, std::string_view, ekd_error*) {
  reply(call, "{\"half\":");
  return EKD_OK;
}

int32_t not_utf8(ekd_call call, std::string_view, ekd_error*) {
  reply(call, "\"caf\xe9\"");
  return EKD_OK;
}

int32_t deep_json(ekd_call call, std::string_view, ekd_error*) {
  reply(call, std::string(100'000, '[') + std::string(100'000, ']'));
  return EKD_OK;
}

int32_t error_not_utf8(ekd_call, std::string_view, ekd_error* err) {
  return ekd_error_set(err, EKD_E_FAILED, "caf\xe9 \x01 closed");
}

int32_t log_not_utf8(ekd_call call, std::string_view, ekd_error*) {
  instance.ekd.log->write(instance.ctx, EKD_LOG_INFO, EKD_STR("line one\nline \xff two \x1b[31m"));
  reply(call, "null");
  return EKD_OK;
}

int32_t throws(ekd_call, std::string_view, ekd_error*) {
  throw std::runtime_error("thrown out of a command");
}

// Two returns that no command may give.
int32_t odd_code(ekd_call, std::string_view, ekd_error*) { return 77; }
int32_t answer_and_fail(ekd_call call, std::string_view, ekd_error* err) {
  reply(call, "\"answered\"");
  return ekd_error_set(err, EKD_E_FAILED, "and failed");
}

}  // namespace

const Command kAnswerCommands[] = {
    {"never", never},
    {"twice", twice},
    {"second_code", second_code},
    {"not_json", not_json},
    {"not_utf8", not_utf8},
    {"deep_json", deep_json},
    {"error_not_utf8", error_not_utf8},
    {"log_not_utf8", log_not_utf8},
    {"throw_in_command", throws},
    {"odd_code", odd_code},
    {"answer_and_fail", answer_and_fail},
    {nullptr, nullptr},
};

}  // namespace mischief
