#include "mischief.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace mischief {

Instance instance;

namespace {

std::string_view behind_key(std::string_view params, std::string_view key) {
  const std::string quoted = "\"" + std::string(key) + "\":";
  const std::size_t at = params.find(quoted);
  return at == std::string_view::npos ? std::string_view() : params.substr(at + quoted.size());
}

// config: {"init":"error"|"throw"|"odd_throw", "start":"error", "report":"…"}
int32_t init(ekd_ctx* ctx, const ekd_host* host, ekd_str config, void**, ekd_error* err) {
  const std::string_view text(config.data, config.size);
  const std::string wish = text_in(text, "init");
  if (wish == "error") return ekd_error_set(err, EKD_E_FAILED, "the moon is in the wrong phase");
  if (wish == "throw") throw std::runtime_error("thrown out of init");
  if (wish == "odd_throw") throw 42;
  instance.ctx = ctx;
  instance.report = text_in(text, "report");
  const int32_t code = ekd_services_get(host, &instance.ekd, err);
  if (code != EKD_OK) return code;
  instance.ekd.log->write(ctx, EKD_LOG_INFO, ekd_str_of(text.data(), text.size()));
  const int32_t registered = register_task_types(err);
  return registered == EKD_OK ? register_wait_types(err) : registered;
}

bool start_fails = false;

int32_t init_then_maybe_fail(ekd_ctx* ctx, const ekd_host* host, ekd_str config, void** out_self,
                             ekd_error* err) {
  start_fails = text_in(std::string_view(config.data, config.size), "start") == "error";
  return init(ctx, host, config, out_self, err);
}

int32_t start(void*, ekd_error* err) {
  if (start_fails) return ekd_error_set(err, EKD_E_FAILED, "the engine does not turn over");
  return EKD_OK;
}

void fini(void*) {
  if (instance.report.empty()) return;
  if (std::FILE* file = std::fopen(instance.report.c_str(), "w")) {
    std::fprintf(file, "{\"created\":%llu,\"dropped\":%llu}\n",
                 static_cast<unsigned long long>(instance.created.load()),
                 static_cast<unsigned long long>(instance.dropped.load()));
    std::fclose(file);
  }
}

const Command* find(const Command* table, std::string_view name) {
  for (; table->name != nullptr; table++) {
    if (name == table->name) return table;
  }
  return nullptr;
}

int32_t command(void*, ekd_call call, ekd_str method, ekd_str params, ekd_error* err) {
  const std::string_view name(method.data, method.size);
  const Command* found = find(kAnswerCommands, name);
  if (found == nullptr) found = find(kTaskCommands, name);
  if (found == nullptr) found = find(kWaitCommands, name);
  if (found == nullptr) return ekd_error_set(err, EKD_E_NOT_FOUND, "no such mischief");
  return found->run(call, std::string_view(params.data, params.size), err);
}

}  // namespace

std::uint64_t number_in(std::string_view params, std::string_view key, std::uint64_t otherwise) {
  const std::string rest(behind_key(params, key));
  return rest.empty() ? otherwise : std::strtoull(rest.c_str(), nullptr, 10);
}

std::string text_in(std::string_view params, std::string_view key) {
  const std::string_view rest = behind_key(params, key);
  if (rest.empty() || rest[0] != '"') return {};
  return std::string(rest.substr(1, rest.find('"', 1) - 1));
}

int32_t reply(ekd_call call, std::string_view json) {
  return instance.ekd.host->call_reply(instance.ctx, call, EKD_OK,
                                       ekd_str_of(json.data(), json.size()), nullptr);
}

}  // namespace mischief

extern "C" EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .host_minor_min = 0,
    .reserved0 = 0,
    .flags = 0,
    .name = "mischief",
    .version = "1.0.0",
    .reserved1 = 0,
    .requires_ext = nullptr,
    .config_schema = nullptr,
    .init = mischief::init_then_maybe_fail,
    .start = mischief::start,
    .reconfigure = nullptr,
    .drain = nullptr,
    .fini = mischief::fini,
    .command = mischief::command,
};
