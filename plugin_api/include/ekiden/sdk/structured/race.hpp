// Several things at once, in one task: race (also known as select) and join_all.
//
//   auto first = co_await race(receiver.receive(), sleep(1s));   // std::variant, by place
//   auto [a, b] = co_await join_all(load("a"), load("b"));       // std::tuple
//
// They take turns on the task's thread; what is to run on other workers is spawned. What has lost a
// race, or is left when one of join_all throws, is cancelled and gone before the await returns.
#pragma once

#include <ekiden/sdk/detail/scope.hpp>

#include <array>
#include <tuple>
#include <variant>
#include <vector>

EKIDEN_SDK_BEGIN

// Stands for void in the results.
using Nothing = detail::Nothing;

namespace detail {

template <class... Ts>
class RaceWait final : public Scope {
 public:
  explicit RaceWait(Task<Ts>... tasks) : parts_(Part<Ts>(std::move(tasks))...) {}
  RaceWait(RaceWait&&) = default;

  bool begin() noexcept override {
    each([this](auto& part) {
      if (winner_ == nullptr) this->start(part);
    });
    if (winner_ != nullptr) cancel_parts();
    return is_over();
  }
  std::variant<ValueOf<Ts>...> result() { return value_of_winner<0>(); }

 private:
  template <class Use>
  void each(Use use) {
    std::apply([&](auto&... part) { (use(part), ...); }, parts_);
  }
  void cancel_parts() noexcept override {
    each([this](auto& part) {
      if (&part != winner_) this->cancel(part);
    });
  }
  void part_ended(PartBase& part, bool cancelled) noexcept override {
    if (cancelled || winner_ != nullptr || branch().cancelling()) return;
    winner_ = &part;
    cancel_parts();
  }

  template <std::size_t I>
  std::variant<ValueOf<Ts>...> value_of_winner() {
    auto& part = std::get<I>(parts_);
    if constexpr (I + 1 < sizeof...(Ts)) {
      if (&part != winner_) return value_of_winner<I + 1>();
    }
    return std::variant<ValueOf<Ts>...>(std::in_place_index<I>, part.outcome().get_value());
  }

  std::tuple<Part<Ts>...> parts_;
  PartBase* winner_ = nullptr;
};

// Common to both forms of join_all.
class JoinScope : public Scope {
 protected:
  JoinScope() = default;
  JoinScope(JoinScope&&) = default;
  ~JoinScope() = default;

  void part_ended(PartBase& part, bool cancelled) noexcept override {
    if (cancelled || failed_ != nullptr || branch().cancelling() || !has_failed(part)) return;
    failed_ = &part;
    cancel_parts();
  }
  virtual bool has_failed(PartBase& part) noexcept = 0;
  bool may_start() const { return failed_ == nullptr; }
  PartBase* failed() const { return failed_; }

 private:
  PartBase* failed_ = nullptr;
};

template <class T>
bool ended_in_failure(Part<T>& part) {
  return part.ended() && part.outcome().ended() == Ended::kFailure;
}

template <class... Ts>
class JoinTuple final : public JoinScope {
 public:
  explicit JoinTuple(Task<Ts>... tasks) : parts_(Part<Ts>(std::move(tasks))...) {}
  JoinTuple(JoinTuple&&) = default;

  bool begin() noexcept override {
    each([this](auto& part) {
      if (this->may_start()) this->start(part);
    });
    return is_over();
  }
  std::tuple<ValueOf<Ts>...> result() {
    const PartBase* const bad = failed();
    each([bad](auto& part) {
      if (&part == bad) part.outcome().get();
    });
    return std::apply(
        [](auto&... part) {
          // In braces: in this order.
          return std::tuple<ValueOf<Ts>...>{part.outcome().get_value()...};
        },
        parts_);
  }

 private:
  template <class Use>
  void each(Use use) {
    std::apply([&](auto&... part) { (use(part), ...); }, parts_);
  }
  void cancel_parts() noexcept override {
    each([this](auto& part) { this->cancel(part); });
  }
  bool has_failed(PartBase& of) noexcept override {
    bool failed = false;
    each([&](auto& part) { failed = failed || (&part == &of && ended_in_failure(part)); });
    return failed;
  }

  std::tuple<Part<Ts>...> parts_;
};

template <class T>
class JoinVector final : public JoinScope {
 public:
  explicit JoinVector(std::vector<Task<T>> tasks) {
    parts_.reserve(tasks.size());
    for (Task<T>& task : tasks)
      parts_.emplace_back(std::move(task));
  }
  JoinVector(JoinVector&&) = default;

  bool begin() noexcept override {
    for (Part<T>& part : parts_)
      if (this->may_start()) this->start(part);
    return is_over();
  }
  auto result() {
    if (failed() != nullptr) static_cast<Part<T>*>(failed())->outcome().get();
    if constexpr (!std::is_void_v<T>) {
      std::vector<ValueOf<T>> values;
      values.reserve(parts_.size());
      for (Part<T>& part : parts_)
        values.push_back(part.outcome().get_value());
      return values;
    }
  }

 private:
  void cancel_parts() noexcept override {
    for (Part<T>& part : parts_)
      cancel(part);
  }
  bool has_failed(PartBase& part) noexcept override {
    return ended_in_failure(static_cast<Part<T>&>(part));
  }

  std::vector<Part<T>> parts_;
};

}  // namespace detail

// co_await: the value of the first that ends, as a std::variant whose index() says which; or what
// it threw. They are begun in order: where one has something at once, those behind it are not
// begun. Cancellation-safe as far as its parts are.
template <Awaitable... As>
requires(sizeof...(As) > 0) auto race(As... parts) {
  return detail::RaceWait<AwaitResult<As>...>(detail::as_task(std::move(parts))...);
}

// co_await: the values of all, as a std::tuple; or the first exception, and then the others are
// cancelled.
template <Awaitable... As>
auto join_all(As... parts) {
  return detail::JoinTuple<AwaitResult<As>...>(detail::as_task(std::move(parts))...);
}
// The same for a list: a std::vector of the values, in their order.
template <class T>
auto join_all(std::vector<Task<T>> tasks) {
  return detail::JoinVector<T>(std::move(tasks));
}

EKIDEN_SDK_END
