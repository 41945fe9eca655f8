#include "tests/stress/actor.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

namespace ekiden::runtime::stress {

Actor::Actor(Tenant& tenant, ActorPlan plan)
    : tenant_(tenant),
      random_(tenant.world().new_seed()),
      name_(random_.next()),
      steps_(plan.steps),
      depth_(plan.depth),
      wait_(std::move(plan.wait)) {
  world().states_made.fetch_add(1);
}

Actor::~Actor() {
  Findings& findings = world().findings;
  tenant_.check_loaded();
  findings.add_if(alive_ != kAlive, Fault::kDroppedTwice);
  findings.add_if(polled_.load(), Fault::kDroppedDuringPoll);
  findings.add_if(living_children_.load() != 0, Fault::kDroppedBeforeItsChildren);
  if (parent_ != nullptr) parent_->living_children_.fetch_sub(1);
  alive_ = 0;
  wait_.reset();
  world().states_ended.fetch_add(1);
}

std::int32_t Actor::poll_state(void* state, PollContext* context) {
  auto& actor = *static_cast<Actor*>(state);
  actor.tenant_.check_loaded();
  Findings& findings = actor.world().findings;
  findings.add_if(actor.alive_ != kAlive, Fault::kPolledAfterDrop);
  findings.add_if(actor.polled_.exchange(true), Fault::kTwoPollsAtOnce);
  struct Leave {
    Actor& actor;
    ~Leave() { actor.polled_.store(false); }
  } const leave{actor};
  return actor.poll(*context);
}

void Actor::drop_state(void* state) { static_cast<Actor*>(state)->~Actor(); }

std::int32_t Actor::poll(PollContext& context) {
  // One that ends asynchronously takes a few polls to it, or has to be forced.
  if (context.cancelled && random_.one_in(4)) return end();
  if (wait_ != nullptr) {
    if (!wait_->poll(*this, context)) return kPollPending;
    wait_.reset();
  }
  // A few steps a poll, as real tasks do.
  for (;;) {
    if (steps_ == 0) return end();
    --steps_;
    const std::int32_t answer = step(context);
    if (answer != kPollReady) return answer;
  }
}

// kPollReady: on to the next step.
std::int32_t Actor::step(PollContext& context) {
  SpawnOptions detached;
  detached.hint = random_.pick({SpawnHint::kDefault, SpawnHint::kNext, SpawnHint::kLast});
  switch (random_.below(13)) {
    case 0:
    case 1:
      return kPollYield;
    case 2:
      runtime().wake(world().somebody(random_));
      return kPollReady;
    case 3:
      if (random_.one_in(8)) static_cast<void>(runtime().abort_any(world().somebody(random_)));
      return kPollReady;
    case 4:
      if (world().has_room()) tenant_.spawn({random_.below(4), 0, nullptr}, detached, random_);
      return kPollReady;
    case 5:
      if (world().has_room()) tenant_.spawn_batch(random_.below(8), detached, random_);
      return kPollReady;
    case 6:
      // Wakes itself when the budget is spent, so "pending" is the answer.
      while (runtime().spend_budget()) {
      }
      return kPollPending;
    case 7:
      // Long enough to be replaced, where the limits are short. Seldom: it is to be a busy test.
      if (random_.one_in(200)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(60)));
      }
      return kPollReady;
    default:
      wait_ = begin_wait();
      if (wait_ == nullptr) return kPollYield;
      if (!wait_->poll(*this, context)) return kPollPending;
      wait_.reset();
      return kPollReady;
  }
}

std::unique_ptr<Wait> Actor::begin_wait() {
  switch (random_.below(6)) {
    case 0:
      return wait_for_timer(*this);
    case 1:
      return wait_for_result(*this);
    case 2:
      return wait_for_children(*this);
    case 3:
      return wait_for_job(*this);
    case 4:
      return wait_for_echo(*this);
    default:
      return wait_for_favour(*this);
  }
}

std::int32_t Actor::end() {
  switch (random_.below(16)) {
    case 0:
      throw std::runtime_error("an actor throws");
    case 1:
      throw 1;
    case 2:
      static_cast<void>(runtime().fail_text(owner(), -1, "an actor fails"));
      return kPollFailed;
    default:
      result_ = expected_result();
      return kPollReady;
  }
}

}  // namespace ekiden::runtime::stress
