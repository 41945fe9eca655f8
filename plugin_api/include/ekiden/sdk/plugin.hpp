// A plugin as a class:
//
//   class Greeter : public ekiden::Plugin {
//    public:
//     explicit Greeter(std::string_view config) { … }         // throws: the plugin is refused
//     Task<> run() override { … until stopping() … }           // its main task
//     Task<std::string> command(Command command) override { … }
//   };
//   EKIDEN_PLUGIN(Greeter, "greeter", "1.0.0")
//
// The life of an instance:
//
//   constructor ──> start() ──> run() as a task … commands … ──> stopping() is cancelled ──>
//   run() returns, or the unload's deadline ends it ──> every task is gone ──> destructor
//
// What the object holds of the host (a listener, say) is to be closed when run() ends: before the
// destructor is called the host has closed, and named, what was left.
//
// The constructor, start(), the request to stop and the destructor are on the instance's lifecycle
// thread, run() and commands on workers.
#pragma once

#include <ekiden/sdk/config.hpp>
#include <ekiden/sdk/spawn.hpp>
#include <ekiden/sdk/structured/cancel.hpp>
#include <ekiden/sdk/time.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <type_traits>

EKIDEN_SDK_BEGIN

// `ekidenctl call PLUGIN METHOD [JSON]`. Owns its texts.
class Command {
 public:
  Command(ekd_call call, std::string_view method, std::string_view params)
      : call_(call), method_(method), params_(params) {}

  const std::string& method() const { return method_; }
  // One JSON value, or empty.
  const std::string& params() const { return params_; }
  // [any] Tells the caller how far it is: one JSON value. False: nobody waits for the answer any
  // more, so the work can stop.
  bool progress(std::string_view json) const {
    const detail::Binding& to = detail::bound;
    return to.host->call_progress(to.ctx, call_, to_str(json)) != EKD_E_CANCELLED;
  }
  // What a command throws that knows no such method.
  [[noreturn]] void unknown(std::string_view known) const {
    throw Error(EKD_E_NOT_FOUND,
                "there is no method \"" + method_ + "\"; there are: " + std::string(known));
  }

 private:
  ekd_call call_;
  std::string method_;
  std::string params_;
};

class Plugin {
 public:
  Plugin() = default;
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  virtual ~Plugin() = default;

  // [lifecycle] The plugin may begin to work. Throws: it is refused.
  virtual void start() {}
  // [worker] Its main task, if it has one. To end when stopping() is cancelled. What it throws is
  // logged.
  virtual Task<> run() { return {}; }
  // [worker] A task for each command; gives the answer, one JSON value (empty: null). What it
  // throws is what the caller is told.
  virtual Task<std::string> command(Command command) {
    command.unknown("none");
    co_return "";
  }
  // [lifecycle] New settings while running. Throws: they are refused, and the old ones hold.
  virtual void reconfigure(std::string_view) {
    throw Error(EKD_E_UNSUPPORTED, "this plugin takes new settings only when it is loaded");
  }

  // [any] Cancelled when the instance is to go. New tasks, timers and descriptors are refused from
  // then on (Error, EKD_E_DRAINING); what is there goes on until the deadline.
  CancelToken stopping() const { return stop_.token(); }
  void stop() const { stop_.cancel(); }

 private:
  CancelSource stop_;
};

namespace detail {

// What EKIDEN_PLUGIN puts between the host and the class.
template <class P>
class Instance {
 public:
  static std::int32_t init(ekd_ctx* ctx, const ekd_host* host, ekd_str config, void** out_self,
                           ekd_error* err) {
    const std::int32_t code = guard(err, [&] {
      bind(ctx, *host);
      *out_self = new Instance(to_view(config));
    });
    if (code != EKD_OK) unbind();
    return code;
  }
  static std::int32_t start(void* self, ekd_error* err) {
    return guard(err, [&] { of(self).begin(); });
  }
  static std::int32_t drain(void* self, std::uint64_t, ekd_error*) {
    Instance& instance = of(self);
    instance.plugin_.stop();
    const Main before = instance.main_.exchange(Main::kDraining, std::memory_order_acq_rel);
    return before == Main::kRuns ? EKD_PENDING : EKD_OK;
  }
  static void fini(void* self) {
    delete &of(self);
    unbind();
  }
  static std::int32_t reconfigure(void* self, ekd_str config, ekd_error* err) {
    return guard(err, [&] { of(self).plugin_.reconfigure(to_view(config)); });
  }
  static std::int32_t command(void* self, ekd_call call, ekd_str method, ekd_str params,
                              ekd_error* err) {
    return guard(err, [&] {
      Command asked(call, to_view(method), to_view(params));
      spawn_detached(answer(of(self).plugin_, call, std::move(asked)), {.type = "command"});
    });
  }

 private:
  enum class Main : std::uint8_t { kNone, kRuns, kDraining };

  explicit Instance(std::string_view config) : plugin_(make(config)) {}
  static P make(std::string_view config) {
    if constexpr (std::is_constructible_v<P, std::string_view>) {
      return P(config);
    } else {
      if (config.find_first_not_of("{} \t\r\n") != std::string_view::npos)
        throw Error(EKD_E_INVALID, "the plugin has no settings: its config must be {}");
      return P();
    }
  }
  static Instance& of(void* self) { return *static_cast<Instance*>(self); }

  // Exceptions stop here.
  template <class F>
  static std::int32_t guard(ekd_error* err, F body) noexcept {
    try {
      body();
      return EKD_OK;
    } catch (const Error& e) {
      return ekd_error_set(err, e.code(), e.what());
    } catch (const std::bad_alloc&) {
      return ekd_error_set(err, EKD_E_NO_MEMORY, "there is no memory for it");
    } catch (const std::exception& e) {
      return ekd_error_set(err, EKD_E_FAILED, e.what());
    } catch (...) {
      return ekd_error_set(err, EKD_E_FAILED, "an exception that is no std::exception");
    }
  }

  void begin() {
    plugin_.start();
    Task<> main = plugin_.run();
    if (!main) return;
    main_.store(Main::kRuns, std::memory_order_relaxed);
    try {
      spawn_detached(watch(*this, std::move(main)), {.type = "main"});
    } catch (...) {
      main_.store(Main::kNone, std::memory_order_relaxed);
      throw;
    }
  }

  // Tells the drain that the main task has ended, however it did.
  class MainEnd {
   public:
    explicit MainEnd(Instance& instance) : instance_(instance) {}
    ~MainEnd() {
      const Main before = instance_.main_.exchange(Main::kNone, std::memory_order_acq_rel);
      if (before == Main::kDraining) bound.host->lifecycle_done(bound.ctx, EKD_OK, nullptr);
    }

   private:
    Instance& instance_;
  };

  static Task<> watch(Instance& instance, Task<> main) {
    const MainEnd end(instance);
    try {
      co_await main;
    } catch (const std::exception& e) {
      log(EKD_LOG_ERROR, std::string("the main task failed: ") + e.what());
      throw;
    } catch (...) {
      log(EKD_LOG_ERROR, "the main task failed: an exception that is no std::exception");
      throw;
    }
  }

  static Task<> answer(P& plugin, ekd_call call, Command command) {
    ekd_error error = ekd_error_init();
    std::string json;
    std::int32_t code = EKD_OK;
    try {
      json = co_await plugin.command(std::move(command));
    } catch (...) {
      code = guard(&error, [] { throw; });
    }
    bound.host->call_reply(bound.ctx, call, code, to_str(json), &error);
  }

  P plugin_;
  std::atomic<Main> main_{Main::kNone};
};

template <std::size_t N>
constexpr void copy_text(char (&to)[N], std::string_view text) {
  if (text.empty() || text.size() >= N) throw "a plugin's name or version is too long";
  for (std::size_t i = 0; i < text.size(); ++i)
    to[i] = text[i];
}

template <class P>
constexpr ekd_plugin_desc describe(std::string_view name, std::string_view version) {
  ekd_plugin_desc plugin{};
  plugin.magic = EKD_PLUGIN_MAGIC;
  plugin.struct_size = sizeof(ekd_plugin_desc);
  plugin.abi_major = EKD_ABI_MAJOR;
  plugin.abi_minor = EKD_ABI_MINOR;
  plugin.host_minor_min = kHostMinorMin;
  copy_text(plugin.name, name);
  copy_text(plugin.version, version);
  plugin.init = Instance<P>::init;
  plugin.start = Instance<P>::start;
  plugin.drain = Instance<P>::drain;
  plugin.fini = Instance<P>::fini;
  plugin.command = Instance<P>::command;
  // Only where it does something: the host tells NULL apart.
  if constexpr (!std::is_same_v<decltype(&P::reconfigure), decltype(&Plugin::reconfigure)>)
    plugin.reconfigure = Instance<P>::reconfigure;
  return plugin;
}

}  // namespace detail

EKIDEN_SDK_END

// Once in a plugin, outside of all namespaces. `name` is the file's stem.
#define EKIDEN_PLUGIN(type, name, version)                 \
  extern "C" EKD_EXPORT const ekd_plugin_desc ekd_plugin = \
      ::ekiden::detail::describe<type>(name, version);
