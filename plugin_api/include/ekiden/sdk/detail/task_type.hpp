// What the host polls, and the task types that it knows: one a name, registered at first use.
#pragma once

#include <ekiden/sdk/host.hpp>

#include <atomic>
#include <deque>
#include <mutex>

EKIDEN_SDK_BEGIN

namespace detail {

// Lies at the beginning of every state, so that all tasks of the SDK share two functions.
class Pollable {
 public:
  virtual std::int32_t poll(ekd_cx* cx) noexcept = 0;
  // Destroys it, in place.
  virtual void drop() noexcept = 0;

  static std::int32_t poll_state(void* state, ekd_cx* cx) {
    return static_cast<Pollable*>(state)->poll(cx);
  }
  static void drop_state(void* state) { static_cast<Pollable*>(state)->drop(); }

 protected:
  ~Pollable() = default;
};

class TaskTypes {
 public:
  // [any] The id of the type. `name`: a literal, for its address is looked at first. Throws Error
  // where the host refuses it.
  std::uint32_t id_of(const char* name) {
    const Entry* entry = find([&](const Entry& known) { return known.name == name; });
    return entry != nullptr ? entry->id : add(name);
  }

 private:
  struct Entry {
    const char* name;  // lives as long as the library
    std::uint32_t epoch;
    std::uint32_t id;
    const Entry* next;
  };

  template <class Matches>
  const Entry* find(Matches matches) const {
    // acquire: pairs with the release in add(): an entry that is seen is whole.
    const Entry* entry = newest_.load(std::memory_order_acquire);
    for (; entry != nullptr; entry = entry->next)
      if (entry->epoch == bound.epoch && matches(*entry)) return entry;
    return nullptr;
  }

  std::uint32_t add(const char* name) {
    const std::lock_guard lock(mutex_);
    // Literals of the same text may have several addresses.
    const std::string_view text(name);
    const Entry* same = find([&](const Entry& known) { return text == known.name; });
    const std::uint32_t id = same != nullptr ? same->id : register_type(name);
    entries_.push_back({name, bound.epoch, id, newest_.load(std::memory_order_relaxed)});
    newest_.store(&entries_.back(), std::memory_order_release);
    return id;
  }

  static std::uint32_t register_type(const char* name) {
    ekd_task_type type{};
    type.struct_size = sizeof(type);
    type.cancel = EKD_CANCEL_ASYNC;
    type.name = to_str(std::string_view(name).substr(0, 63));
    type.poll = Pollable::poll_state;
    type.drop = Pollable::drop_state;
    type.state_size = sizeof(Pollable);  // each spawn says how much it needs
    ekd_error error = ekd_error_init();
    std::uint32_t id = 0;
    const std::int32_t code = bound.task->type_register(bound.ctx, &type, &id, &error);
    if (code != EKD_OK) throw Error("a task type was refused", code, error);
    return id;
  }

  std::atomic<const Entry*> newest_{nullptr};
  std::mutex mutex_;
  std::deque<Entry> entries_;  // entries stay where they are
};

inline TaskTypes task_types;

}  // namespace detail

EKIDEN_SDK_END
