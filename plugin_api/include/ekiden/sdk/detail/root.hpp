// A spawned task: what lies in the host's slot.
//
//   Root<T>     the core, the main coroutine, and how it ended
//   Made<T, F>  the same, with the callable that makes the coroutine (its captures live as long as
//               the task), and behind it room for the coroutine's frame
//
// The frame's size, and what the coroutine is called, are known when it is made and not before, so
// each kind of callable learns them from its first spawn.
#pragma once

#include <ekiden/sdk/detail/task_type.hpp>
#include <ekiden/sdk/task.hpp>

#include <atomic>
#include <optional>

EKIDEN_SDK_BEGIN

namespace detail {

// The text of a failure, for the host. Never throws.
template <class Use>
void with_text(const std::exception_ptr& failure, Use use) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    use(std::string_view(e.what()));
  } catch (...) {
    use(std::string_view("an exception that is no std::exception"));
  }
}

template <class T>
class Root : public Pollable, public TaskCore {
 public:
  using Value = T;

  explicit Root(Task<T> task) { begin(std::move(task)); }

  Outcome<T> outcome;

  void drop() noexcept override { this->Root::~Root(); }
  std::int32_t poll(ekd_cx* cx) noexcept override {
    Turn turn{cx, cx->budget};
    const InTurn in(*this, turn);
    if (cx->cancelled != 0 && !main().cancelling() && main().live()) {
      if (main().cancel()) main_ended();
    } else if (!started_) {
      started_ = true;
      run(&task_.routine());
    }
    if (main().live()) ask_waits();
    if (main().live()) return turn.yields ? EKD_YIELD : EKD_PENDING;
    return answer();
  }

  // What its first coroutine is called.
  const char* function() { return task_.routine().function; }

 protected:
  Root() = default;
  // Throws Error (EKD_E_WRONG_STATE).
  void begin(Task<T> task) {
    if (task.begun()) throw Error(EKD_E_WRONG_STATE, "the task is empty or was begun already");
    task_ = std::move(task);
    main().prepare(*this, task_.routine(), *this);
  }
  ~Root() = default;
  void reset_task() noexcept { task_.reset(); }
  // Destroys what the callable captured, if there is one.
  void let_go() noexcept {}
  // The outcome is there, the coroutine gone. Last thing in the last poll.
  virtual void ended() noexcept {}

 private:
  Routine* branch_ended(Branch&) noexcept override {
    main_ended();
    return nullptr;
  }

  void main_ended() noexcept {
    if (main().cancelling()) {
      outcome.set_cancelled();
    } else {
      outcome.adopt(std::move(task_.outcome()));
    }
    task_.reset();
  }

  std::int32_t answer() noexcept {
    const Ended how = outcome.ended();
    if (how == Ended::kFailure) {
      with_text(outcome.failure(), [](std::string_view text) {
        bound.task->fail(bound.ctx, EKD_E_FAILED, to_str(text));
      });
    }
    ended();
    if (how == Ended::kFailure) return EKD_FAILED;
    return how == Ended::kCancelled ? EKD_CANCELLED : EKD_READY;
  }

  Task<T> task_;
  bool started_ = false;
};

template <class F>
using MadeTask = std::remove_cvref_t<std::invoke_result_t<F&>>;

// Frames up to this size go into the slot.
inline constexpr std::size_t kSlotFrameMax = 4096;

inline constexpr std::size_t round_up(std::size_t bytes) { return (bytes + 15) / 16 * 16; }

// Of the coroutines that a kind of callable makes, once it has made one.
template <class F>
struct Learned {
  static inline std::atomic<std::size_t> frame_bytes{0};
  // Not only the one that is spawned: the first could be another's, and outlive the slot.
  static inline std::atomic<bool> makes_several{false};
  static inline std::atomic<const char*> function{nullptr};
};

// Offers a slot's room to the first frame that is made meanwhile.
class FrameOffer {
 public:
  FrameOffer(std::byte* room, std::size_t bytes) {
    memory_.offers = true;
    memory_.slot = room;
    memory_.slot_bytes = bytes;
    memory_.wanted = 0;
    memory_.made = 0;
  }
  ~FrameOffer() { memory_.offers = false; }
  FrameOffer(const FrameOffer&) = delete;
  FrameOffer& operator=(const FrameOffer&) = delete;
  // What the frame took or would have; 0: none was made.
  std::size_t wanted() const { return memory_.wanted; }
  // It made one frame and no other.
  bool is_sole() const { return memory_.made == 1; }

 private:
  FrameMemory& memory_ = frame_memory();  // of this thread
};

template <class T, class F>
class Made : public Root<T> {
 public:
  // `room`: bytes for the frame, behind the whole object.
  Made(F make, std::byte* behind, std::size_t room) : make_(std::move(make)) {
    const FrameOffer offer(behind, room);
    this->begin((*make_)());
    // relaxed: each is a value by itself, and any that it had will do.
    if (!offer.is_sole()) {
      Learned<F>::makes_several.store(true, std::memory_order_relaxed);
    } else if (offer.wanted() > room && offer.wanted() <= kSlotFrameMax) {
      Learned<F>::frame_bytes.store(offer.wanted(), std::memory_order_relaxed);
    }
    Learned<F>::function.store(this->function(), std::memory_order_relaxed);
  }
  void drop() noexcept override { this->Made::~Made(); }

 protected:
  // The coroutine may use what the callable captured.
  ~Made() { this->reset_task(); }
  void let_go() noexcept { make_.reset(); }

 private:
  std::optional<F> make_;
};

}  // namespace detail

EKIDEN_SDK_END
