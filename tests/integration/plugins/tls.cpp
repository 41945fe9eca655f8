// Its tasks leave thread-local objects with destructors on the workers, which live longer than the
// plugin is loaded. The command `spread` runs tasks and answers how many objects there are by now.
#include <ekiden/plugin.h>

#include <atomic>
#include <cstdio>
#include <string>

namespace {

ekd_ctx* instance;
ekd_services ekd;
uint32_t toucher_type;

std::atomic<int> objects{0};

struct Local {
  Local() : text(1000, 'x') { objects++; }
  // Writes into the library's own data: that must still be there.
  ~Local() { objects--; }
  std::string text;
};

void touch() {
  static thread_local Local local;
  local.text[0]++;
}

struct Spread {
  ekd_call call;
  uint32_t polls_left;
};

int32_t poll(void* state, ekd_cx*) {
  auto* const self = static_cast<Spread*>(state);
  touch();
  if (--self->polls_left > 0) return EKD_YIELD;
  if (self->call == 0) return EKD_READY;
  char json[32];
  const int size = std::snprintf(json, sizeof(json), "%d", objects.load());
  ekd.host->call_reply(instance, self->call, EKD_OK, ekd_str_of(json, static_cast<uint64_t>(size)),
                       nullptr);
  return EKD_READY;
}

int32_t init(ekd_ctx* ctx, const ekd_host* host, ekd_str, void**, ekd_error* err) {
  instance = ctx;
  const int32_t code = ekd_services_get(host, &ekd, err);
  if (code != EKD_OK) return code;
  ekd_task_type type{};
  type.struct_size = sizeof(type);
  type.name = EKD_STR("toucher");
  type.poll = poll;
  type.state_size = sizeof(Spread);
  return ekd.task->type_register(ctx, &type, &toucher_type, err);
}

int32_t spawn(const Spread& state) {
  return ekd.task->spawn(instance, toucher_type, &state, sizeof(state), nullptr, nullptr);
}

int32_t command(void*, ekd_call call, ekd_str, ekd_str, ekd_error* err) {
  touch();
  for (int i = 0; i < 64; i++) {
    const int32_t code = spawn({0, 100});
    if (code != EKD_OK) return ekd_error_set(err, code, "a task was refused");
  }
  const int32_t code = spawn({call, 1000});
  return code == EKD_OK ? EKD_OK : ekd_error_set(err, code, "a task was refused");
}

}  // namespace

extern "C" EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .host_minor_min = 0,
    .reserved0 = 0,
    .flags = 0,
    .name = "tls",
    .version = "1.0.0",
    .reserved1 = 0,
    .requires_ext = nullptr,
    .config_schema = nullptr,
    .init = init,
    .start = nullptr,
    .reconfigure = nullptr,
    .drain = nullptr,
    .fini = nullptr,
    .command = command,
};
