// Waiting for timers and blocking jobs.

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "runtime/blocking/blocking_pool.hpp"
#include "tests/stress/actor.hpp"

namespace ekiden::runtime::stress {

namespace {

class TimerWait final : public Wait {
 public:
  TimerWait(Actor& actor, Handle timer)
      : runtime_(actor.runtime()), owner_(actor.owner()), timer_(timer) {
    arm(actor.random());
  }
  ~TimerWait() override { static_cast<void>(runtime_.timer_close(owner_, timer_)); }

  bool poll(Actor& actor, PollContext& context) override {
    Random& random = actor.random();
    // Other people's wakes give it the chance to change its mind.
    if (random.one_in(4)) {
      if (random.one_in(2)) static_cast<void>(runtime_.timer_cancel(owner_, timer_));
      arm(random);
    }
    runtime_.note_wait(timer_);
    const Status status = runtime_.timer_poll(owner_, timer_, Waker(context.waker));
    if (status == Status::kPending) return false;
    actor.world().findings.add_if(status != Status::kOk, Fault::kUnexpectedStatus);
    actor.world().findings.add_if(runtime_.now_ns() < deadline_, Fault::kTimerEarly);
    return true;
  }

 private:
  void arm(Random& random) {
    constexpr Nanos kDelays[] = {0, 10 * kNanosPerMicro, 200 * kNanosPerMicro, kNanosPerMilli,
                                 5 * kNanosPerMilli};
    deadline_ = runtime_.now_ns() + random.pick(kDelays);
    static_cast<void>(runtime_.timer_arm(owner_, timer_, deadline_));
  }

  Runtime& runtime_;
  const OwnerId owner_;
  const Handle timer_;
  Nanos deadline_ = 0;
};

// The argument of a job: ended by its run or its drop.
struct Errand {
  Tenant& tenant;
  std::int32_t number;
  bool throws;

  Errand(Tenant& tenant, std::int32_t number, bool throws)
      : tenant(tenant), number(number), throws(throws) {
    tenant.world().jobs_made.fetch_add(1);
  }
  ~Errand() {
    tenant.check_loaded();
    tenant.world().jobs_ended.fetch_add(1);
  }
};

std::int32_t run_errand(void* argument) {
  const std::unique_ptr<Errand> errand(static_cast<Errand*>(argument));
  errand->tenant.check_loaded();
  Random random(static_cast<std::uint64_t>(errand->number));
  if (random.one_in(4)) std::this_thread::sleep_for(std::chrono::microseconds(random.below(300)));
  World& world = errand->tenant.world();
  world.runtime.wake(world.somebody(random));
  if (random.one_in(8) && world.has_room()) {
    errand->tenant.spawn({random.below(3), 0, nullptr}, {}, random);
  }
  if (errand->throws) throw std::runtime_error("an errand throws");
  return errand->number * 2;
}

void drop_errand(void* argument) { delete static_cast<Errand*>(argument); }

class JobWait final : public Wait {
 public:
  JobWait(Actor& actor, Handle job, std::int32_t number, bool throws)
      : runtime_(actor.runtime()),
        owner_(actor.owner()),
        job_(job),
        number_(number),
        throws_(throws) {}
  ~JobWait() override { static_cast<void>(runtime_.blocking().close(owner_, job_)); }

  bool poll(Actor& actor, PollContext& context) override {
    if (actor.random().one_in(10)) return true;  // closed early
    runtime_.note_wait(job_);
    std::int32_t result = 0;
    std::string failure;
    const Status status =
        runtime_.blocking().poll(owner_, job_, Waker(context.waker), result, &failure);
    if (status == Status::kPending) return false;
    if (status == Status::kCancelled) return true;
    actor.world().findings.add_if(status != (throws_ ? Status::kFailed : Status::kOk),
                                  Fault::kUnexpectedStatus);
    const bool right = throws_ ? failure == "an errand throws" : result == number_ * 2;
    actor.world().findings.add_if(!right, Fault::kWrongResult);
    return true;
  }

 private:
  Runtime& runtime_;
  const OwnerId owner_;
  const Handle job_;
  const std::int32_t number_;
  const bool throws_;
};

}  // namespace

std::unique_ptr<Wait> wait_for_timer(Actor& actor) {
  Handle timer;
  const Status status = actor.runtime().timer_create(actor.owner(), timer);
  return status == Status::kOk ? std::make_unique<TimerWait>(actor, timer) : nullptr;
}

std::unique_ptr<Wait> wait_for_job(Actor& actor) {
  if (!actor.runtime().admits(actor.owner())) return nullptr;
  const auto number = static_cast<std::int32_t>(actor.random().below(1'000'000));
  const bool throws = actor.random().one_in(5);
  auto errand = std::make_unique<Errand>(actor.tenant(), number, throws);
  Handle job;
  const Job work{run_errand, drop_errand, errand.get()};
  if (actor.runtime().blocking().submit(actor.owner(), work, job) != Status::kOk) return nullptr;
  static_cast<void>(errand.release());
  return std::make_unique<JobWait>(actor, job, number, throws);
}

}  // namespace ekiden::runtime::stress
