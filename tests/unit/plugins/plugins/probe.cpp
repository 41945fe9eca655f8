// A plugin that does what its configuration and its commands say, and writes down what is asked of
// it: one line a callback into the file `journal`. The configuration is {"journal":"…","mode":"…"}.
// What is stuck goes on when the file `journal`.go exists. A start that finds `journal`.bad fails
// and takes it away.
#include <ekiden/plugin.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

using namespace std::chrono_literals;

// Fresh in every generation, or the counts in the answers would not start at 1.
std::atomic<int> calls{0};

struct Probe {
  ekd_ctx* ctx = nullptr;
  ekd_services ekd{};
  std::string journal;
  std::string mode;
  std::thread helper;
  std::uint32_t parked = 0;
  std::uint32_t stuck = 0;
  std::uint32_t stubborn = 0;
};

Probe* probe = nullptr;

std::string member(std::string_view json, std::string_view key) {
  const std::string quoted = "\"" + std::string(key) + "\":\"";
  const std::size_t at = json.find(quoted);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = json.substr(at + quoted.size());
  return std::string(rest.substr(0, rest.find('"')));
}

void note(const char* what) {
  if (probe == nullptr || probe->journal.empty()) return;
  if (std::FILE* file = std::fopen(probe->journal.c_str(), "a")) {
    std::fprintf(file, "%s\n", what);
    std::fclose(file);
  }
}

void wait_for_go() {
  const std::string go = probe->journal + ".go";
  while (::access(go.c_str(), F_OK) != 0)
    std::this_thread::sleep_for(1ms);
}

// --- Tasks ---------------------------------------------------------------------------------------

int32_t poll_parked(void*, ekd_cx* cx) { return cx->cancelled ? EKD_READY : EKD_PENDING; }
void drop_parked(void*) { note("drop"); }

int32_t poll_stuck(void*, ekd_cx*) {
  wait_for_go();
  return EKD_READY;
}

int32_t poll_stubborn(void*, ekd_cx*) { return EKD_PENDING; }

std::uint32_t task_type(std::string_view name, ekd_poll_fn poll, ekd_drop_fn drop,
                        std::uint32_t cancel) {
  ekd_task_type type{};
  type.struct_size = sizeof(type);
  type.cancel = cancel;
  type.name = ekd_str_of(name.data(), name.size());
  type.poll = poll;
  type.drop = drop;
  type.state_size = 16;
  std::uint32_t id = 0;
  probe->ekd.task->type_register(probe->ctx, &type, &id, nullptr);
  return id;
}

int32_t spawn(std::uint32_t type) {
  return probe->ekd.task->spawn(probe->ctx, type, nullptr, 0, nullptr, nullptr);
}

int32_t stuck_job(void*) {
  wait_for_go();
  return 0;
}

int32_t submit_job() {
  ekd_job job = 0;
  ekd_job_options options{};
  options.struct_size = sizeof(options);
  options.run = stuck_job;
  return probe->ekd.blocking->submit(probe->ctx, &options, &job, nullptr);
}

// --- Lifecycle -----------------------------------------------------------------------------------

int32_t init(ekd_ctx* ctx, const ekd_host* host, ekd_str config, void** out_self, ekd_error* err) {
  const std::string_view text(config.data, config.size);
  probe = new Probe;
  probe->ctx = ctx;
  probe->journal = member(text, "journal");
  probe->mode = member(text, "mode");
  note("init");
  *out_self = probe;
  if (const int32_t code = ekd_services_get(host, &probe->ekd, err); code != EKD_OK) return code;
  probe->parked = task_type("parked", poll_parked, drop_parked, EKD_CANCEL_ONE_POLL);
  probe->stuck = task_type("stuck", poll_stuck, nullptr, EKD_CANCEL_ONE_POLL);
  probe->stubborn = task_type("stubborn", poll_stubborn, nullptr, EKD_CANCEL_ASYNC);
  const std::string mode = probe->mode;
  if (mode == "init_error") {
    spawn(probe->parked);
    delete std::exchange(probe, nullptr);
    return ekd_error_set(err, EKD_E_INVALID, "init does not want to");
  }
  if (mode == "init_throw") {
    delete std::exchange(probe, nullptr);
    throw std::runtime_error("thrown in init");
  }
  if (mode == "init_number") {
    delete std::exchange(probe, nullptr);
    return 7;
  }
  return EKD_OK;
}

int32_t start(void*, ekd_error* err) {
  note("start");
  const std::string& mode = probe->mode;
  spawn(probe->parked);
  if (std::remove((probe->journal + ".bad").c_str()) == 0) {
    return ekd_error_set(err, EKD_E_FAILED, "start has found the bad sign");
  }
  if (mode == "start_error") return ekd_error_set(err, EKD_E_FAILED, "start does not want to");
  if (mode == "start_throw") throw 42;
  if (mode == "start_stuck_error") {
    spawn(probe->stuck);
    return ekd_error_set(err, EKD_E_FAILED, "start leaves a mess");
  }
  if (mode == "start_never") return EKD_PENDING;
  if (mode == "start_later" || mode == "start_later_error") {
    probe->helper = std::thread([] {
      std::this_thread::sleep_for(20ms);
      ekd_error error = ekd_error_init();
      const bool fails = probe->mode == "start_later_error";
      if (fails) ekd_error_set(&error, EKD_E_FAILED, "start failed later");
      probe->ekd.host->lifecycle_done(probe->ctx, fails ? EKD_E_FAILED : EKD_OK, &error);
    });
    return EKD_PENDING;
  }
  return EKD_OK;
}

int32_t drain(void*, uint64_t, ekd_error* err) {
  note("drain");
  if (probe->mode == "drain_never") return EKD_PENDING;
  if (probe->mode == "drain_error") return ekd_error_set(err, EKD_E_FAILED, "drain is clogged");
  return EKD_OK;
}

void fini(void* self) {
  note("fini");
  if (probe->helper.joinable()) probe->helper.join();
  delete static_cast<Probe*>(self);
  probe = nullptr;
}

// --- Commands ------------------------------------------------------------------------------------

int32_t reply(ekd_call call, const std::string& json) {
  return probe->ekd.host->call_reply(probe->ctx, call, EKD_OK, ekd_str_of(json.data(), json.size()),
                                     nullptr);
}

int32_t command(void*, ekd_call call, ekd_str method, ekd_str params, ekd_error* err) {
  const std::string_view name(method.data, method.size);
  if (name == "count") return reply(call, std::to_string(++calls));
  if (name == "echo") return reply(call, std::string(params.data, params.size));
  if (name == "silent") return EKD_OK;
  if (name == "throw") throw std::logic_error("thrown in command");
  if (name == "fail") return ekd_error_set(err, EKD_E_LIMIT, "that is too much");
  if (name == "odd") return 12;
  if (name == "park") return spawn(probe->parked) == EKD_OK ? reply(call, "null") : EKD_E_FAILED;
  if (name == "stick") return spawn(probe->stuck) == EKD_OK ? reply(call, "null") : EKD_E_FAILED;
  if (name == "resist") {
    return spawn(probe->stubborn) == EKD_OK ? reply(call, "null") : EKD_E_FAILED;
  }
  if (name == "reserve") {
    void* state = nullptr;
    ekd_task task = 0;
    return probe->ekd.task->reserve(probe->ctx, probe->parked, 0, 0, &state, &task) == EKD_OK
               ? reply(call, "null")
               : EKD_E_FAILED;
  }
  if (name == "leak") {
    probe->ekd.memory->alloc(probe->ctx, 1000, 16);
    return reply(call, "null");
  }
  if (name == "wait") {
    wait_for_go();
    return reply(call, "null");
  }
  if (name == "job") return submit_job() == EKD_OK ? reply(call, "null") : EKD_E_FAILED;
  if (name == "detach") {
    std::thread([] { std::this_thread::sleep_for(1h); }).detach();
    return reply(call, "null");
  }
  return ekd_error_set(err, EKD_E_NOT_FOUND, "no such method");
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
    .name = "probe",
    .version = "2.5.0",
    .reserved1 = 0,
    .requires_ext = nullptr,
    .config_schema = "{\"type\":\"object\"}",
    .init = init,
    .start = start,
    .reconfigure = nullptr,
    .drain = drain,
    .fini = fini,
    .command = command,
};
