#include "daemon/metrics/catalogue.hpp"

namespace ekiden::daemon::metrics {
namespace {

constexpr Kind kC = Kind::kCounter;
constexpr Kind kG = Kind::kGauge;
constexpr Kind kMx = Kind::kMaximum;
constexpr Kind kH = Kind::kHistogram;
constexpr Unit kNo = Unit::kNone;
constexpr Unit kSec = Unit::kSeconds;
constexpr Unit kByt = Unit::kBytes;

constexpr std::array<Definition, kMetrics> kCatalogue = {{
    {"ekiden_build_info", kG, kNo, "version", "Always 1; the version is in the label."},
    {"ekiden_uptime_seconds", kG, kSec, "", "Time since the daemon started."},
    {"ekiden_log_dropped_total", kC, kNo, "", "Log records lost because nobody read them."},

    {"ekiden_worker_polls_total", kC, kNo, "worker", "Polls on the worker."},
    {"ekiden_worker_busy_seconds_total", kC, kSec, "worker", "Time the worker spent on tasks."},
    {"ekiden_worker_lifo_hits_total", kC, kNo, "worker", "Tasks taken from the LIFO slot."},
    {"ekiden_worker_steals_total", kC, kNo, "worker", "Times the worker took tasks from another."},
    {"ekiden_worker_stolen_tasks_total", kC, kNo, "worker", "Tasks it took from others."},
    {"ekiden_worker_overflows_total", kC, kNo, "worker",
     "Times that half its queue moved to the global one."},
    {"ekiden_worker_parks_total", kC, kNo, "worker", "Times it went to sleep."},
    {"ekiden_worker_timer_fires_total", kC, kNo, "worker", "Timers it fired."},
    {"ekiden_worker_io_events_total", kC, kNo, "worker", "I/O events it dispatched."},
    {"ekiden_worker_budget_yields_total", kC, kNo, "worker",
     "Polls that used up their budget and had to yield."},
    {"ekiden_worker_stalls_total", kC, kNo, "worker",
     "Polls that held it longer than runtime.stall.report_ms."},
    {"ekiden_worker_replacements_total", kC, kNo, "worker",
     "Times it was started to stand in for one that a poll held."},
    {"ekiden_worker_queue_depth", kG, kNo, "worker",
     "Tasks in the worker's ring and on its child stack."},
    {"ekiden_worker_queue_depth_max", kMx, kNo, "worker", "The most that were ever in its ring."},
    {"ekiden_worker_poll_seconds", kH, kSec, "worker", "How long polls on the worker lasted."},
    {"ekiden_worker_delay_seconds", kH, kSec, "worker",
     "How long tasks were runnable before the worker polled them."},

    {"ekiden_queue_depth", kG, kNo, "queue", "What waits in the global queue or for the pool."},
    {"ekiden_queue_depth_max", kMx, kNo, "queue", "The most that ever waited."},
    {"ekiden_queue_capacity", kG, kNo, "queue", "From here on new work is refused."},
    {"ekiden_queue_refusals_total", kC, kNo, "queue", "New work refused for lack of room."},
    {"ekiden_blocking_threads", kG, kNo, "", "Threads of the blocking pool."},

    {"ekiden_channel_depth", kG, kNo, "channel", "Messages that wait in the channel."},
    {"ekiden_channel_depth_max", kMx, kNo, "channel", "The most that ever waited in it."},
    {"ekiden_channel_capacity", kG, kNo, "channel", "From here on senders wait."},
    {"ekiden_channel_bytes", kG, kByt, "channel", "Bytes of the messages that wait."},
    {"ekiden_channel_sent_total", kC, kNo, "channel", "Messages sent to the channel."},
    {"ekiden_channel_received_total", kC, kNo, "channel", "Messages received from it."},
    {"ekiden_channel_send_waits_total", kC, kNo, "channel",
     "Times that a sender began to wait for room."},

    {"ekiden_plugin_info", kG, kNo, "plugin,version,state", "Always 1; a plugin's state."},
    {"ekiden_tasks", kG, kNo, "plugin", "Live tasks of the plugin."},
    {"ekiden_timers", kG, kNo, "plugin", "Timers the plugin holds."},
    {"ekiden_descriptors", kG, kNo, "plugin", "Descriptors the plugin holds."},
    {"ekiden_jobs", kG, kNo, "plugin", "Blocking jobs of the plugin, queued or running."},
    {"ekiden_memory_bytes", kG, kByt, "plugin", "Host memory the plugin holds."},
    {"ekiden_refusals_total", kC, kNo, "plugin", "Spawns of the plugin that were refused."},
    {"ekiden_cpu_seconds_total", kC, kSec, "plugin", "Time workers spent on the plugin's tasks."},

    {"ekiden_task_live", kG, kNo, "plugin,type", "Live tasks of the type."},
    {"ekiden_task_spawned_total", kC, kNo, "plugin,type", "Tasks spawned."},
    {"ekiden_task_completed_total", kC, kNo, "plugin,type", "Tasks that ended well."},
    {"ekiden_task_failed_total", kC, kNo, "plugin,type", "Tasks that ended as failed."},
    {"ekiden_task_cancelled_total", kC, kNo, "plugin,type", "Tasks that were cancelled."},
    {"ekiden_task_dropped_total", kC, kNo, "plugin,type", "Tasks whose state was dropped."},
    {"ekiden_task_polls_total", kC, kNo, "plugin,type", "Polls of tasks of the type."},
    {"ekiden_task_busy_seconds_total", kC, kSec, "plugin,type", "Time spent in them."},
    {"ekiden_task_stalls_total", kC, kNo, "plugin,type",
     "Polls of theirs longer than runtime.stall.report_ms."},
    {"ekiden_task_longest_stall_seconds", kMx, kSec, "plugin,type", "The longest of those polls."},
    {"ekiden_task_poll_seconds", kH, kSec, "plugin,type", "How long their polls lasted."},
    {"ekiden_task_delay_seconds", kH, kSec, "plugin,type",
     "How long they were runnable before they were polled."},
}};

}  // namespace

const std::array<Definition, kMetrics>& catalogue() { return kCatalogue; }

}  // namespace ekiden::daemon::metrics
