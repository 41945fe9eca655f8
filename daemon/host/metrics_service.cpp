// ekd.metrics/1 on the instance's own metrics and the daemon's exposition.
#include <cstring>
#include <optional>
#include <string>

#include "daemon/host/host_call.hpp"
#include "daemon/host/services.hpp"
#include "daemon/metrics/exposition.hpp"
#include "daemon/metrics/own_metrics.hpp"

namespace ekiden::daemon::host {

namespace {

using metrics::AddFault;
using metrics::Kind;
using metrics::OwnMetric;
using metrics::Unit;

static_assert(EKD_METRIC_HISTOGRAM == static_cast<std::uint32_t>(Kind::kHistogram));
static_assert(EKD_UNIT_BYTES == static_cast<std::uint32_t>(Unit::kBytes));
static_assert(EKD_METRICS_JSON == static_cast<std::uint32_t>(metrics::Format::kJson));
static_assert(EKD_DAEMON_DRAINING == static_cast<std::int32_t>(metrics::Readiness::kDraining));

// A metric names its owner, so that one that was carried to another instance is seen.
constexpr unsigned kIndexBits = 10;
static_assert(metrics::kOwnMetricsMax < (1u << kIndexBits));

constexpr std::uint32_t metric_of(runtime::OwnerId owner, std::uint32_t index) {
  return static_cast<std::uint32_t>(owner) << kIndexBits | (index + 1);
}

std::int32_t answer_add(HostCall& call, AddFault fault) {
  switch (fault) {
    case AddFault::kNone:
      return EKD_OK;
    case AddFault::kBadName:
      return call.refuse(EKD_E_INVALID, "a metric's name is [a-z][a-z0-9_]*, at most 63 bytes");
    case AddFault::kExists:
      return call.refuse(EKD_E_INVALID, "the instance has a metric of that name");
    case AddFault::kLimit:
      return call.refuse(EKD_E_LIMIT, "an instance may have 256 metrics");
  }
  return EKD_E_INTERNAL;
}

std::int32_t add_metric(ekd_ctx* ctx, std::uint32_t kind, std::uint32_t unit, ekd_str name,
                        ekd_str help, ekd_metric* out, ekd_error* err) {
  HostCall call(ctx, Function::kMetricsAddMetric, err);
  if (!call.admitted()) return call.refusal();
  if (out == nullptr) return call.refuse(EKD_E_INVALID, "out is NULL");
  if (!is_readable(name) || !is_readable(help)) {
    return call.refuse(EKD_E_INVALID, "a string's data is NULL, but its size is not 0");
  }
  if (kind > EKD_METRIC_HISTOGRAM || unit > EKD_UNIT_BYTES) {
    return call.refuse(EKD_E_UNSUPPORTED, "this host does not know that kind or unit of metric");
  }
  if (!call.runtime().admits(call.owner())) return call.answer(runtime::Status::kDraining);
  return guarded(call, [&] {
    std::uint32_t index = 0;
    const AddFault fault = call.instance().metrics.add(
        view_of(name), view_of(help), static_cast<Kind>(kind), static_cast<Unit>(unit), index);
    if (fault == AddFault::kNone) *out = metric_of(call.owner(), index);
    return answer_add(call, fault);
  });
}

// Runs body(call, its metric), or answers why it is none.
template <class Body>
std::int32_t with_metric(ekd_ctx* ctx, Function function, ekd_metric metric, Body body) {
  HostCall call(ctx, function, nullptr, metric);
  if (!call.admitted()) return call.refusal();
  const std::uint32_t index = (metric & ((1u << kIndexBits) - 1)) - 1;
  if (metric != 0 && metric != metric_of(call.owner(), index)) {
    return call.refuse(EKD_E_FOREIGN, "the metric is another instance's");
  }
  OwnMetric* const found = call.instance().metrics.find(index);
  if (found == nullptr) return call.refuse(EKD_E_INVALID, "there is no such metric");
  return body(call, *found);
}

std::int32_t add(ekd_ctx* ctx, ekd_metric metric, std::int64_t amount) {
  return with_metric(ctx, Function::kMetricsAdd, metric, [&](HostCall& call, OwnMetric& own) {
    if (own.kind() == Kind::kHistogram) {
      return call.refuse(EKD_E_INVALID, "the metric is a histogram: use observe");
    }
    if (own.kind() == Kind::kCounter && amount < 0) {
      return call.refuse(EKD_E_INVALID, "a counter only grows: use a gauge");
    }
    own.add(amount);
    return EKD_OK;
  });
}

std::int32_t set(ekd_ctx* ctx, ekd_metric metric, std::int64_t value) {
  return with_metric(ctx, Function::kMetricsSet, metric, [&](HostCall& call, OwnMetric& own) {
    if (own.kind() != Kind::kGauge) return call.refuse(EKD_E_INVALID, "the metric is no gauge");
    own.set(value);
    return EKD_OK;
  });
}

std::int32_t observe(ekd_ctx* ctx, ekd_metric metric, std::uint64_t value) {
  return with_metric(ctx, Function::kMetricsObserve, metric, [&](HostCall& call, OwnMetric& own) {
    if (own.kind() != Kind::kHistogram) {
      return call.refuse(EKD_E_INVALID, "the metric is no histogram");
    }
    own.observe(value);
    return EKD_OK;
  });
}

// Not from a poll, which it would hold up; and not from a thread of the plugin's own, for it takes
// locks that an unload may hold while it waits for that very thread to leave the host.
std::int32_t render(ekd_ctx* ctx, std::uint32_t format, char** text, std::uint64_t* size) {
  HostCall call(ctx, Function::kMetricsRender);
  if (!call.admitted()) return call.refusal();
  if (text == nullptr || size == nullptr) {
    return call.refuse(EKD_E_INVALID, "text or size is NULL");
  }
  if (format > EKD_METRICS_JSON) {
    return call.refuse(EKD_E_UNSUPPORTED, "this host does not know that format");
  }
  if (call.is_visit() || call.runtime().is_worker_thread()) {
    return call.refuse(EKD_E_WRONG_THREAD, "only a lifecycle callback or a blocking job may wait");
  }
  return guarded(call, [&]() -> std::int32_t {
    const std::optional<std::string> made = metrics::render(static_cast<metrics::Format>(format));
    if (!made) return call.refuse_quietly(EKD_E_CLOSED, "the daemon is about to end");
    void* const copy = call.instance().blocks.allocate(made->size() + 1, 0);
    if (copy == nullptr) return call.answer(runtime::Status::kNoMemory);
    std::memcpy(copy, made->c_str(), made->size() + 1);
    *text = static_cast<char*>(copy);
    *size = made->size();
    return EKD_OK;
  });
}

std::int32_t daemon_state(ekd_ctx* ctx) {
  HostCall call(ctx, Function::kMetricsDaemonState);
  if (!call.admitted()) return call.refusal();
  const auto readiness = metrics::readiness();
  return readiness ? static_cast<std::int32_t>(*readiness) : EKD_DAEMON_DRAINING;
}

constexpr ekd_metrics_api kTable = {
    sizeof(ekd_metrics_api), 0, add_metric, add, set, observe, render, daemon_state,
};

}  // namespace

const ekd_metrics_api& metrics_service() noexcept { return kTable; }

}  // namespace ekiden::daemon::host
