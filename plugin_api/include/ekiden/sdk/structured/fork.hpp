// Fork and join over many children, the quickest way to use all workers for one thing:
//
//   auto [a, b] = co_await fork([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
//   std::vector<int> parts = co_await fork_n(100, [&](std::size_t i) { return part(i); });
//
// The last child is the parent's own to run. The others are committed in one batch onto the
// worker's child stack (the newest runs first, the oldest is stolen first); each makes its
// coroutine in its own slot when it is first polled, and the last of them to end continues the
// parent at once. What the queues or limits refuse the parent runs too: a fork never fails for want
// of room.
//
// The children end before the await does, so they may use what the parent owns. The first failure
// cancels the others and comes out of the await.
#pragma once

#include <ekiden/sdk/detail/root.hpp>
#include <ekiden/sdk/detail/scope.hpp>

#include <array>
#include <atomic>
#include <optional>
#include <tuple>
#include <vector>

EKIDEN_SDK_BEGIN

namespace detail {

// What a child needs of its parent's wait.
template <class T>
class ForkParent {
 public:
  virtual Task<T> make(std::size_t index) = 0;
  // What the frame of a child took; `sole`: it was the only one that was made.
  virtual void learn(std::size_t frame_bytes, bool sole) noexcept = 0;
  virtual void child_ended(std::size_t index, Outcome<T>&& outcome) noexcept = 0;

 protected:
  ~ForkParent() = default;
};

template <class T>
class ForkRoot final : public Root<T> {
 public:
  ForkRoot(ForkParent<T>& parent, std::size_t index) : parent_(parent), index_(index) {}
  ~ForkRoot() { this->reset_task(); }

  // `room`: bytes behind this object for the frame.
  void make(std::size_t room) {
    const FrameOffer offer(reinterpret_cast<std::byte*>(this) + round_up(sizeof(ForkRoot)), room);
    this->begin(parent_.make(index_));
    if (!offer.is_sole() || offer.wanted() > room) parent_.learn(offer.wanted(), offer.is_sole());
  }

 private:
  void ended() noexcept override { parent_.child_ended(index_, std::move(this->outcome)); }

  ForkParent<T>& parent_;
  const std::size_t index_;
};

// The state of a child as it is spawned, by copying. Behind it lies room for its root and frame.
template <class T>
struct ForkSeed {
  ForkParent<T>* parent;
  std::uint32_t index;
  std::uint32_t grown;  // the root is there

  ForkRoot<T>& root() {
    return *std::launder(
        reinterpret_cast<ForkRoot<T>*>(reinterpret_cast<std::byte*>(this) + sizeof(ForkSeed)));
  }
};

// The task types of forks whose children give a T, one for every step of the size of their frames:
// the host keeps the slot's size with the type.
template <class T>
class ForkTypes {
 public:
  static constexpr std::size_t kStepBytes = 128;
  static constexpr std::size_t kSteps = 16;

  static constexpr std::size_t room_bytes(std::size_t step) {
    return round_up(sizeof(ForkRoot<T>)) + step * kStepBytes;
  }
  // The step that has room for such a frame; 0, which has none, for those that are too big.
  static std::size_t step_for(std::size_t frame_bytes) {
    const std::size_t step = (frame_bytes + kStepBytes - 1) / kStepBytes;
    return step < kSteps ? step : 0;
  }

  static std::uint32_t id(std::size_t step, const char* name) {
    // relaxed: the id is all there is to it.
    const std::uint64_t known = ids_[step].load(std::memory_order_relaxed);
    if (known >> 32 == bound.epoch) return static_cast<std::uint32_t>(known);
    const std::uint32_t id = add(step, name);
    ids_[step].store(std::uint64_t{bound.epoch} << 32 | id, std::memory_order_relaxed);
    return id;
  }

 private:
  template <std::size_t Step>
  static std::int32_t poll(void* state, ekd_cx* cx) {
    auto& seed = *static_cast<ForkSeed<T>*>(state);
    if (!seed.grown) {
      auto& root = *::new (static_cast<void*>(&seed.root())) ForkRoot<T>(*seed.parent, seed.index);
      seed.grown = 1;
      try {
        root.make(Step * kStepBytes);
      } catch (...) {
        return fail(seed, std::current_exception());
      }
    }
    const std::int32_t answer = seed.root().poll(cx);
    if (answer != EKD_PENDING && answer != EKD_YIELD) ungrow(seed);
    return answer;
  }
  static void drop(void* state) { ungrow(*static_cast<ForkSeed<T>*>(state)); }

  static void ungrow(ForkSeed<T>& seed) {
    if (seed.grown) seed.root().~ForkRoot();
    seed.grown = 0;
  }
  static std::int32_t fail(ForkSeed<T>& seed, std::exception_ptr failure) {
    ungrow(seed);
    Outcome<T> outcome;
    outcome.set_failure(std::move(failure));
    seed.parent->child_ended(seed.index, std::move(outcome));
    return EKD_FAILED;
  }

  template <std::size_t... Steps>
  static ekd_poll_fn poll_of(std::size_t step, std::index_sequence<Steps...>) {
    constexpr ekd_poll_fn all[] = {poll<Steps>...};
    return all[step];
  }
  static std::uint32_t add(std::size_t step, const char* name) {
    ekd_task_type type{};
    type.struct_size = sizeof(type);
    type.cancel = EKD_CANCEL_ASYNC;
    type.name = to_str(std::string_view(name).substr(0, 63));
    type.poll = poll_of(step, std::make_index_sequence<kSteps>());
    type.drop = drop;
    type.state_size = sizeof(ForkSeed<T>);
    type.room_size = room_bytes(step);
    ekd_error error = ekd_error_init();
    std::uint32_t id = 0;
    const std::int32_t code = bound.task->type_register(bound.ctx, &type, &id, &error);
    if (code != EKD_OK) throw Error("a task type was refused", code, error);
    return id;
  }

  static inline std::atomic<std::uint64_t> ids_[kSteps] = {};
};

// The step for the children of a kind of callable: what their frames took so far, at most; 0 where
// it makes other coroutines too, which could outlive the child. relaxed: any value will do.
template <class Makers>
class ForkSteps {
 public:
  static std::size_t step() {
    return several_.load(std::memory_order_relaxed) ? 0 : step_.load(std::memory_order_relaxed);
  }
  static void learn(std::size_t step, bool sole) {
    if (!sole) several_.store(true, std::memory_order_relaxed);
    if (step > step_.load(std::memory_order_relaxed)) step_.store(step, std::memory_order_relaxed);
  }

 private:
  static inline std::atomic<std::size_t> step_{0};
  static inline std::atomic<bool> several_{false};
};

// Results and handles of the children: inside the wait where their number is known.
template <class T, std::size_t N>
struct ForkArrays {
  std::array<Outcome<T>, N> outcomes;
  std::array<ekd_task, N> tasks{};

  void resize(std::size_t) {}
  auto values() {
    if constexpr (!std::is_void_v<T>) {
      return std::apply([](auto&... outcome) { return std::array<T, N>{outcome.get()...}; },
                        outcomes);
    } else {
      for (Outcome<T>& outcome : outcomes)
        outcome.get();
    }
  }
};

template <class T>
struct ForkVectors {
  std::vector<Outcome<T>> outcomes;
  std::vector<ekd_task> tasks;

  void resize(std::size_t count) {
    outcomes.resize(count);
    tasks.resize(count);
  }
  auto values() {
    if constexpr (!std::is_void_v<T>) {
      std::vector<T> all;
      all.reserve(outcomes.size());
      for (Outcome<T>& outcome : outcomes)
        all.push_back(outcome.get());
      return all;
    } else {
      for (Outcome<T>& outcome : outcomes)
        outcome.get();
    }
  }
};

// Callables that make tasks of one value, by index.
template <class... Fs>
class ForkMakers {
 public:
  explicit ForkMakers(Fs... makers) : makers_(std::move(makers)...) {}

  auto operator()(std::size_t index) { return call<0>(index); }

 private:
  template <std::size_t I>
  auto call(std::size_t index) {
    if constexpr (I + 1 < sizeof...(Fs)) {
      if (index != I) return call<I + 1>(index);
    }
    return std::get<I>(makers_)();
  }

  std::tuple<Fs...> makers_;
};

template <class F>
using ForkedValue = typename std::invoke_result_t<F&, std::size_t>::value_type;

// Makers: callable with an index, gives a Task<T>. Lists: how results and handles are kept.
template <class T, class Makers, class Lists>
class ForkWait final : public Scope, private ForkParent<T> {
 public:
  ForkWait(std::size_t count, Makers makers) : count_(count), makers_(std::move(makers)) {}
  ForkWait(ForkWait&& other)
      : Scope(std::move(other)), count_(other.count_), makers_(std::move(other.makers_)) {}

  ~ForkWait() {
    if (is_family_) --core().open_families;
  }

  bool begin() noexcept override {
    if (count_ == 0 || !make_lists()) return true;
    // What follows on the main branch is within this fork, and over before it.
    counts_ = core().open_families != 0 || &branch() != &core().main();
    next_own_ = spawn_children(count_ - 1);
    const bool has_children = next_own_ != 0;
    if (has_children) {
      is_family_ = true;
      ++core().open_families;
    }
    run_own();
    // A child that has ended already has left a wake: no need to ask.
    return !has_children && is_over();
  }
  bool poll() noexcept override {
    if (!cancelled_ && failed_.load(std::memory_order_relaxed)) cancel_parts();
    return is_over();
  }
  auto result() {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    for (std::size_t i = 0; i < count_; ++i)
      if (lists_.outcomes[i].ended() == Ended::kFailure) lists_.outcomes[i].get();
    return lists_.values();
  }

 private:
  bool make_lists() noexcept {
    try {
      if (count_ > ~std::uint32_t{0})
        throw Error(EKD_E_TOO_BIG, "a fork has at most 2^32 - 1 children");
      lists_.resize(count_);
      return true;
    } catch (...) {
      failure_ = std::current_exception();
      return false;
    }
  }

  std::size_t spawn_children(std::size_t count) noexcept {
    // relaxed: set before the first child can run.
    left_.store(count_, std::memory_order_relaxed);
    waker_ = waker();
    std::uint64_t spawned = 0;
    try {
      const std::uint32_t type =
          ForkTypes<T>::id(ForkSteps<Makers>::step(), branch().innermost()->function);
      std::array<ForkSeed<T>, kPortion> seeds;
      ekd_spawn_options options{};
      options.struct_size = sizeof(options);
      options.flags = EKD_SPAWN_CHILD;
      for (std::size_t begin = 0; begin < count && spawned == begin; begin += seeds.size()) {
        const std::size_t portion = std::min(seeds.size(), count - begin);
        for (std::size_t i = 0; i < portion; ++i)
          seeds[i] = {this, static_cast<std::uint32_t>(begin + i), 0};
        spawned += spawn(type, seeds.data(), portion, options, &lists_.tasks[begin]);
      }
    } catch (...) {  // no type: the parent runs them all
    }
    return spawned;
  }

  static std::size_t spawn(std::uint32_t type, const ForkSeed<T>* seeds, std::size_t count,
                           const ekd_spawn_options& options, ekd_task* tasks) noexcept {
    constexpr std::size_t kBytes = sizeof(ForkSeed<T>);
    if (count == 1)
      return bound.task->spawn(bound.ctx, type, seeds, kBytes, &options, tasks) == EKD_OK ? 1 : 0;
    std::uint64_t done = 0;
    bound.task->spawn_n(bound.ctx, type, seeds, kBytes, kBytes, count, &options, tasks, &done);
    return done;
  }

  // The last child and what was refused, one after the other.
  void run_own() noexcept {
    while (next_own_ < count_ && live() == 0) {
      const std::size_t index = next_own_++;
      if (cancelled_ || failed_.load(std::memory_order_relaxed)) {
        child_gone();
        continue;
      }
      try {
        own_.emplace(makers_(index));
      } catch (...) {
        Outcome<T> outcome;
        outcome.set_failure(std::current_exception());
        child_ended(index, std::move(outcome));
        continue;
      }
      running_own_ = true;
      start(*own_, nullptr);  // as its siblings, which are tasks of their own
      running_own_ = false;
    }
  }
  void part_ended(PartBase&, bool cancelled) noexcept override {
    if (cancelled) {
      child_gone();
    } else {
      child_ended(next_own_ - 1, std::move(own_->outcome()));
    }
    if (!running_own_) run_own();
  }

  bool is_over() const noexcept override {
    if (!Scope::is_over() || next_own_ < count_) return false;
    // acquire: pairs with the release in child_gone(): what the children did is seen.
    if (counts_) return left_.load(std::memory_order_acquire) == 0;
    return bound.task->children_poll(bound.ctx) == EKD_READY;
  }
  void cancel_parts() noexcept override {
    cancelled_ = true;
    for (std::size_t i = 0; i < lists_.tasks.size(); ++i)
      if (lists_.tasks[i] != 0) bound.task->abort(bound.ctx, lists_.tasks[i]);
    if (own_) {
      const bool was_live = own_->live();
      Scope::cancel(*own_);
      if (was_live && !own_->live()) child_gone();
    }
    run_own();
  }

  Task<T> make(std::size_t index) override { return makers_(index); }
  void learn(std::size_t frame_bytes, bool sole) noexcept override {
    ForkSteps<Makers>::learn(ForkTypes<T>::step_for(frame_bytes), sole);
  }
  void child_ended(std::size_t index, Outcome<T>&& outcome) noexcept override {
    lists_.outcomes[index].adopt(std::move(outcome));
    const bool failed = lists_.outcomes[index].ended() == Ended::kFailure;
    const ekd_waker parent = waker_;
    const bool tell = failed && !failed_.exchange(true, std::memory_order_relaxed);
    const bool last = counts_ && child_gone();
    if (tell || last) bound.task->wake(parent);
  }
  // True: it was the last. From then on this may be gone.
  bool child_gone() noexcept {
    // acq_rel: see is_over().
    return counts_ && left_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  static constexpr std::size_t kPortion = 16;  // children a call of the host

  const std::size_t count_;
  Makers makers_;
  Lists lists_;
  ekd_waker waker_ = 0;
  std::atomic<bool> failed_{false};
  bool cancelled_ = false;
  // The host counts the task's children; where it has others too, or other branches may spawn some
  // meanwhile, we do.
  bool counts_ = false;
  bool is_family_ = false;
  bool running_own_ = false;
  std::atomic<std::size_t> left_{0};
  std::size_t next_own_ = 0;
  std::optional<Part<T>> own_;
  std::exception_ptr failure_;  // nothing was begun
};

}  // namespace detail

// co_await: what the tasks gave that the callables made, as a std::array in their order (nothing
// for void). All give the same type. They are called on the workers that run the children. Throws
// Cancelled where a child was aborted.
template <class F, class... More>
requires std::invocable<F&>
auto fork(F first, More... more) {
  using T = typename std::invoke_result_t<F&>::value_type;
  using Makers = detail::ForkMakers<F, More...>;
  using Lists = detail::ForkArrays<T, 1 + sizeof...(More)>;
  return detail::ForkWait<T, Makers, Lists>(1 + sizeof...(More),
                                            Makers(std::move(first), std::move(more)...));
}
// The same for one callable that takes the index: std::array where the number is a template
// argument, std::vector where it is not.
template <std::size_t N, class F>
requires std::invocable<F&, std::size_t>
auto fork_n(F make) {
  using T = detail::ForkedValue<F>;
  return detail::ForkWait<T, F, detail::ForkArrays<T, N>>(N, std::move(make));
}
template <class F>
requires std::invocable<F&, std::size_t>
auto fork_n(std::size_t count, F make) {
  using T = detail::ForkedValue<F>;
  return detail::ForkWait<T, F, detail::ForkVectors<T>>(count, std::move(make));
}

EKIDEN_SDK_END
