// A task that is whole and not running yet: its slot, and what lies in it.
#pragma once

#include <ekiden/sdk/detail/root.hpp>

EKIDEN_SDK_BEGIN

// The name is copied when the task starts; until then it is borrowed.
struct SpawnOptions {
  std::string_view name{};  // of this task, for task lists; at most 63 bytes
  const char* type =
      nullptr;  // of its kind, for metrics: a literal. Null: the coroutine's function
  std::uint32_t hint = EKD_HINT_DEFAULT;
};

namespace detail {

// A slot of the host that nobody runs. Unless it is committed it is given back.
class Slot {
 public:
  // Throws Error: what the host answers; EKD_E_INVALID for an alignment over 64.
  Slot(std::uint32_t type, std::size_t bytes, std::size_t alignment) {
    const auto align = static_cast<std::uint32_t>(alignment < 16 ? 16 : alignment);
    check(bound.task->reserve(bound.ctx, type, bytes, align, &memory_, &task_), "spawn");
  }
  Slot(Slot&& other) noexcept : task_(std::exchange(other.task_, 0)), memory_(other.memory_) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (task_ != 0) bound.task->discard(bound.ctx, task_);
  }

  bool is_ours() const { return task_ != 0; }
  ekd_task task() const { return task_; }
  void* memory() const { return memory_; }
  // The host's answer; with EKD_OK the task runs.
  std::int32_t commit(const SpawnOptions& options, std::uint32_t flags, ekd_task& out) {
    ekd_spawn_options spawn{};
    spawn.struct_size = sizeof(spawn);
    spawn.flags = flags;
    spawn.name = to_str(options.name);
    spawn.hint = options.hint;
    // Where all of it is the default, the host need not read it.
    const bool is_plain = flags == 0 && options.name.empty() && options.hint == EKD_HINT_DEFAULT;
    const std::int32_t code = bound.task->commit(bound.ctx, task_, is_plain ? nullptr : &spawn);
    if (code == EKD_OK) out = std::exchange(task_, 0);
    return code;
  }

 private:
  ekd_task task_ = 0;
  void* memory_ = nullptr;
};

// A task in the host's memory whose kind nobody has met before: its type is not known until it is
// made, and a slot not to be had before its type. The slot gets a pointer to it.
template <class M>
class Boxed final : public Pollable {
 public:
  explicit Boxed(M* boxed) : boxed_(boxed) {}
  std::int32_t poll(ekd_cx* cx) noexcept override { return boxed_->poll(cx); }
  void drop() noexcept override {
    boxed_->drop();
    bound.memory->free(bound.ctx, boxed_);
  }

 private:
  M* const boxed_;
};

// R: a Root<T>, or what is derived from one.
template <class R>
class Prepared {
 public:
  using Root = R;

  // `state`: at the beginning of the slot. Both live there from now on.
  Prepared(Slot slot, Pollable& state, R& root)
      : slot_(std::move(slot)), state_(&state), root_(&root) {}
  Prepared(Prepared&&) = default;
  Prepared& operator=(Prepared&&) = delete;
  ~Prepared() {
    if (slot_.is_ours()) state_->drop();
  }

  R& root() const { return *root_; }
  // What it will be called once it is committed.
  ekd_task task() const { return slot_.task(); }
  std::int32_t commit(const SpawnOptions& options, std::uint32_t flags, ekd_task& out) {
    return slot_.commit(options, flags, out);
  }

 private:
  Slot slot_;
  Pollable* state_;
  R* root_;
};

inline std::uint32_t type_of(const SpawnOptions& options, const char* function) {
  return task_types.id_of(options.type != nullptr ? options.type : function);
}

// A coroutine that is there already.
template <class R, class T, class... More>
Prepared<R> prepare_root(Task<T> task, const SpawnOptions& options, More&&... more) {
  if (task.begun()) throw Error(EKD_E_WRONG_STATE, "spawn: the task is empty or was begun already");
  Slot slot(type_of(options, task.routine().function), sizeof(R), alignof(R));
  R* const root = ::new (slot.memory()) R(std::move(task), std::forward<More>(more)...);
  return Prepared<R>(std::move(slot), *root, *root);
}

// The first of its kind.
template <class M, class... Args>
Prepared<M> prepare_boxed(const SpawnOptions& options, Args&&... args) {
  void* const block = bound.memory->alloc(bound.ctx, sizeof(M), alignof(M));
  if (block == nullptr) throw std::bad_alloc();
  M* made = nullptr;
  try {
    made = ::new (block) M(std::forward<Args>(args)..., nullptr, 0);
    Slot slot(type_of(options, made->function()), sizeof(Boxed<M>), alignof(Boxed<M>));
    auto* const box = ::new (slot.memory()) Boxed<M>(made);
    return Prepared<M>(std::move(slot), *box, *made);
  } catch (...) {
    if (made != nullptr) made->drop();
    bound.memory->free(bound.ctx, block);
    throw;
  }
}

// A coroutine that `make` makes, in the slot where its size is known. M: a Made<T, F>, or what is
// derived from one.
template <class M, class F, class... More>
Prepared<M> prepare_made(F make, const SpawnOptions& options, More&&... more) {
  // relaxed: see Made.
  const char* const function = Learned<F>::function.load(std::memory_order_relaxed);
  if (function == nullptr)
    return prepare_boxed<M>(options, std::move(make), std::forward<More>(more)...);
  const bool fits = !Learned<F>::makes_several.load(std::memory_order_relaxed);
  const std::size_t room = fits ? Learned<F>::frame_bytes.load(std::memory_order_relaxed) : 0;
  Slot slot(type_of(options, function), round_up(sizeof(M)) + room, alignof(M));
  std::byte* const behind = static_cast<std::byte*>(slot.memory()) + round_up(sizeof(M));
  M* const made =
      ::new (slot.memory()) M(std::move(make), std::forward<More>(more)..., behind, room);
  return Prepared<M>(std::move(slot), *made, *made);
}

template <class S>
struct IsTask : std::false_type {};
template <class T>
struct IsTask<Task<T>> : std::true_type {};

// A Task, or a callable that makes one.
template <class S>
concept Spawnable = IsTask<std::remove_cvref_t<S>>::value ||
    (std::invocable<std::decay_t<S>&>&& requires(std::decay_t<S>& make) {
      requires IsTask<std::remove_cvref_t<decltype(make())>>::value;
    });

template <class T>
Prepared<Root<T>> prepare(Task<T> task, const SpawnOptions& options) {
  return prepare_root<Root<T>>(std::move(task), options);
}
template <class F>
requires(!IsTask<std::remove_cvref_t<F>>::value) auto prepare(F&& make,
                                                              const SpawnOptions& options) {
  using Make = std::decay_t<F>;
  using T = typename MadeTask<Make>::value_type;
  return prepare_made<Made<T, Make>>(Make(std::forward<F>(make)), options);
}

}  // namespace detail

EKIDEN_SDK_END
