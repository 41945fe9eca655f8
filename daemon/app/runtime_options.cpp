#include "daemon/app/runtime_options.hpp"

namespace ekiden::daemon {

runtime::Options runtime_options(const RuntimeSettings& settings) {
  using runtime::kNanosPerMilli;
  runtime::Options options;
  options.workers = settings.workers.value_or(0);
  options.local_queue_capacity = settings.local_queue_capacity;
  options.global_queue_capacity = settings.global_queue_capacity;
  options.global_queue_interval = settings.global_queue_interval.value_or(0);
  options.event_interval = settings.event_interval;
  options.lifo_slot = settings.lifo_slot;
  options.poll_budget = settings.poll_budget;
  options.blocking_threads_max = settings.blocking.threads_max;
  options.blocking_queue_capacity = settings.blocking.queue_capacity;
  options.blocking_keep_alive_ns = settings.blocking.keep_alive_ms * kNanosPerMilli;
  options.stall_report_ns = settings.stall.report_ms * kNanosPerMilli;
  options.stall_replace_ns = settings.stall.replace_ms * kNanosPerMilli;
  options.stall_replace_max = settings.stall.replace_max;
  return options;
}

}  // namespace ekiden::daemon
