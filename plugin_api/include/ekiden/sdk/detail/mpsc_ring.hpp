// The core of the bounded channel with one receiver: a ring of cells, each with the number of the
// message that lies in it (after D. Vyukov's bounded queue), and who waits. It knows no tasks: what
// has to be woken is handed to the caller's `wake`, so that the model checker runs this very code.
//
//   tail_   position of the next message | reserved room | closed | senders wait | receiver waits
//   head_   position of the next message to be taken; only the receiver stores it
//
// Sending claims a position with one compare-exchange of tail_, and then publishes the cell. Room
// that is promised and not used yet (permits, and waiters that were handed room) is counted in the
// same word, so used + reserved <= capacity holds at every change of it. A position is given to a
// message when it is sent and not when its room is reserved: a slow holder of a permit blocks
// nobody else's message.
//
// No wake is lost:
// - The receiver. It sets `receiver waits` by a compare-exchange that finds no position claimed
//   beyond head_. A claim before that one in the order of tail_ is seen by it; the first claim
//   after it takes the bit away and owes the wake, after its cell is published. Between claim and
//   publication the receiver does not sleep but looks again (kBusy). The end (closed, and nothing
//   reserved) comes by changes of tail_, too, which return the bit.
// - Waiting senders. Under the lock, a sender that finds no room sets `senders wait`, looks at
//   head_ once more, and only then joins the list. The receiver stores head_ and afterwards changes
//   tail_ (owes_room). Both are read-modify-writes of one word: if the receiver's comes first, the
//   sender's acquires it and sees the head; else the receiver's sees the bit, takes the lock and
//   finds the sender. Room that a reservation gives back comes by a change of tail_ itself. The bit
//   is cleared under the lock, with the list empty.
//   So the receiver may take several messages and change tail_ once behind them: it must do so in
//   bounded time.
// - A sender that waits when the channel closes: the bit `closed` is set before the lock is taken
//   to empty the list, and looked at under the lock before a sender joins it.
//
// A cell is written again only when its last message was taken: whoever counts on room has acquired
// a head_ that gives it, or comes behind somebody who has in the order of tail_, which every claim
// both acquires and releases.
//
// Positions have 40 bits and wrap; they are compared by distance.
#pragma once

#include <ekiden/sdk/base.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

EKIDEN_SDK_BEGIN

namespace detail {

enum class Room : std::uint8_t { kRoom, kFull, kClosed };

// What the receiver finds. kBusy: a message is being written this moment. kEnded: closed, and there
// will be no other.
enum class Found : std::uint8_t { kMessage, kBusy, kNone, kEnded };

template <class T, template <class> class Atomic = std::atomic, class Lock = std::mutex>
class MpscRing {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "a message is moved while its place is claimed: that must not throw");

 public:
  static constexpr std::size_t kCapacityMax = std::size_t{1} << 20;

  enum class Answer : std::uint8_t { kNone, kRoom, kClosed };

  // A sender that waits for room. Its answer comes once it is no longer in the list; after that it
  // may go at any time.
  struct Waiter {
    Waiter* previous;
    Waiter* next;
    std::uint64_t waker;
    Atomic<Answer> answer{Answer::kNone};
  };

  // 1 to kCapacityMax messages.
  explicit MpscRing(std::size_t capacity)
      : mask_(cells_for(capacity) - 1), capacity_(capacity), cells_(new Cell[mask_ + 1]) {}
  ~MpscRing() {
    // What was sent and never taken. Nobody sends any more.
    while (find() == Found::kMessage)
      take();
  }
  MpscRing(const MpscRing&) = delete;
  MpscRing& operator=(const MpscRing&) = delete;

  // --- [any] Sending -----------------------------------------------------------------------------

  // Moves from `value` where there is room, and only then. kFull also where others wait.
  // Inlined where it is used, as what it calls: it is most of what a message costs.
  template <class Wake>
  [[gnu::always_inline]] Room send(T& value, Wake&& wake) noexcept {
    // relaxed: a compare-exchange checks it.
    std::uint64_t word = tail_.load(std::memory_order_relaxed);
    do {
      const Room room = look(word);
      if (room != Room::kRoom) [[unlikely]]
        return room;
      // acq_rel: a claim knows the heads that those before it have seen, and hands on its own; and
      // with the bit it takes over the receiver's waker (begin_wait).
    } while (!tail_.compare_exchange_weak(word, (word & ~kReceiverWaits) + kPositionOne,
                                          std::memory_order_acq_rel, std::memory_order_relaxed));
    publish(word, value, wake);
    return Room::kRoom;
  }

  // Room for one message, to be used with send_reserved or given back.
  Room reserve() noexcept {
    std::uint64_t word = tail_.load(std::memory_order_relaxed);  // relaxed: as in send
    do {
      const Room room = look(word);
      if (room != Room::kRoom) return room;
      // acq_rel: as in send.
    } while (!tail_.compare_exchange_weak(word, word + kReservedOne, std::memory_order_acq_rel,
                                          std::memory_order_relaxed));
    return Room::kRoom;
  }

  // Never fails; a closed channel takes what was promised before.
  template <class Wake>
  void send_reserved(T& value, Wake&& wake) noexcept {
    std::uint64_t word = tail_.load(std::memory_order_relaxed);  // relaxed: as in send
    // acq_rel: as in send.
    while (!tail_.compare_exchange_weak(word,
                                        (word & ~kReceiverWaits) + kPositionOne - kReservedOne,
                                        std::memory_order_acq_rel, std::memory_order_relaxed)) {
    }
    publish(word, value, wake);
  }

  template <class Wake>
  void release_reserved(Wake&& wake) noexcept {
    // release: who gets the room knows the heads that we saw. acquire: the receiver's waker.
    const std::uint64_t word = tail_.fetch_sub(kReservedOne, std::memory_order_acq_rel);
    if ((word & kSendersWait) != 0) hand_over(wake);
    if ((word & kReceiverWaits) != 0 && is_ended(word - kReservedOne)) wake_receiver(wake);
  }

  // --- [any] Waiting for room --------------------------------------------------------------------

  // kFull: it is in the list, and `answer` tells; kRoom: it has room reserved at once.
  Room add_waiter(Waiter& waiter) noexcept {
    const std::lock_guard lock(lock_);
    // acq_rel: pairs with owes_room(), see the top.
    std::uint64_t word = tail_.fetch_or(kSendersWait, std::memory_order_acq_rel) | kSendersWait;
    if ((word & kClosed) != 0 || (first_ == nullptr && reserve_for_waiter(word))) {
      // relaxed: it clears what we have set; nobody waits by it.
      if (first_ == nullptr) tail_.fetch_and(~kSendersWait, std::memory_order_relaxed);
      return (word & kClosed) != 0 ? Room::kClosed : Room::kRoom;
    }
    waiter.previous = last_;
    waiter.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &waiter;
    last_ = &waiter;
    return Room::kFull;
  }

  // It does not want any more; what it was given goes to the next.
  template <class Wake>
  void remove_waiter(Waiter& waiter, Wake&& wake) noexcept {
    Answer answer = Answer::kNone;
    {
      const std::lock_guard lock(lock_);
      answer = waiter.answer.load(std::memory_order_relaxed);  // relaxed: stored under the lock
      if (answer == Answer::kNone) unlink(waiter);
    }
    if (answer == Answer::kRoom) release_reserved(wake);
  }

  // Gives free room to those who wait for it, first come, first served.
  template <class Wake>
  void hand_over(Wake&& wake) noexcept {
    bool again = true;
    while (again) {
      Batch batch;
      {
        const std::lock_guard lock(lock_);
        // relaxed: reserve_for_waiter checks it.
        std::uint64_t word = tail_.load(std::memory_order_relaxed);
        while (batch.has_room() && first_ != nullptr && reserve_for_waiter(word))
          batch.add(answer_first(Answer::kRoom));
        again = !batch.has_room() && first_ != nullptr;
      }
      batch.wake_all(wake);
    }
  }

  // --- [any] The end -----------------------------------------------------------------------------

  // No message is taken in any more, but for reserved ones. False: it was closed already.
  template <class Wake>
  bool close(Wake&& wake) noexcept {
    // release: who sees the end sees what was before it. acquire: the receiver's waker.
    const std::uint64_t word = tail_.fetch_or(kClosed, std::memory_order_acq_rel);
    if ((word & kClosed) != 0) return false;
    bool again = true;
    while (again) {
      Batch batch;
      {
        const std::lock_guard lock(lock_);
        while (batch.has_room() && first_ != nullptr)
          batch.add(answer_first(Answer::kClosed));
        again = first_ != nullptr;
      }
      batch.wake_all(wake);
    }
    if ((word & kReceiverWaits) != 0) wake_receiver(wake);
    return true;
  }
  bool is_closed() const noexcept {
    // acquire: pairs with the release in close().
    return (tail_.load(std::memory_order_acquire) & kClosed) != 0;
  }

  // Messages that are in it, and room that is free, both at some moment.
  std::size_t size() const noexcept {
    return used(tail_.load(std::memory_order_acquire));  // acquire: head_ is not behind it by much
  }
  std::size_t room() const noexcept {
    const std::uint64_t word = tail_.load(std::memory_order_acquire);  // acquire: as in size()
    const std::size_t taken = used(word) + reserved(word);
    return taken < capacity_ ? capacity_ - taken : 0;
  }
  std::size_t capacity() const noexcept { return capacity_; }

  // --- The receiver ------------------------------------------------------------------------------

  [[gnu::always_inline]] Found find() const noexcept {
    // relaxed: its own.
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    if (is_published(head)) [[likely]]
      return Found::kMessage;
    return find_none(head);
  }

  // After find() said kMessage. Then, in bounded time, owes_room().
  [[gnu::always_inline]] T take() noexcept {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);  // relaxed: its own
    T* const message = cell_of(head).message();
    T value(std::move(*message));
    message->~T();
    // release: pairs with the acquire in has_room_now: the cell can be written again.
    head_.store((head + 1) & kPositionMask, std::memory_order_release);
    return value;
  }

  // True: somebody waits for the room; then hand_over().
  [[nodiscard]] bool owes_room() noexcept {
    // acq_rel: pairs with add_waiter, see the top. An addition, for it is one instruction.
    return (tail_.fetch_add(0, std::memory_order_acq_rel) & kSendersWait) != 0;
  }

  // False: there is something (find() says what), and nobody will wake.
  [[nodiscard]] bool begin_wait(std::uint64_t waker) noexcept {
    // relaxed, both: the compare-exchange publishes the waker; the head is its own.
    receiver_waker_.store(waker, std::memory_order_relaxed);
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    std::uint64_t word = tail_.load(std::memory_order_relaxed);  // relaxed: as in send
    do {
      if (position(word) != head || is_ended(word)) return false;
      // release: pairs with the acquire of the claim that takes the bit; also where it is set
      // already, for that may be another waker's.
    } while (!tail_.compare_exchange_weak(word, word | kReceiverWaits, std::memory_order_release,
                                          std::memory_order_relaxed));
    return true;
  }
  void stop_waiting() noexcept {
    // relaxed: a claim that took the bit before wakes a task once more than it needs.
    tail_.fetch_and(~kReceiverWaits, std::memory_order_relaxed);
  }

 private:
  static constexpr std::uint64_t kReceiverWaits = 1;
  static constexpr std::uint64_t kSendersWait = 2;
  static constexpr std::uint64_t kClosed = 4;
  static constexpr std::uint64_t kReservedOne = 8;
  static constexpr std::uint64_t kReservedMask = (std::uint64_t{1} << 21) - 1;
  static constexpr unsigned kPositionShift = 24;
  static constexpr std::uint64_t kPositionOne = std::uint64_t{1} << kPositionShift;
  static constexpr std::uint64_t kPositionMask = ~std::uint64_t{0} >> kPositionShift;
  static_assert(kCapacityMax <= kReservedMask);

  struct Cell {
    // The position behind that of the message in it, or that was last.
    Atomic<std::uint64_t> published{0};
    alignas(T) std::byte memory[sizeof(T)];
    T* message() noexcept { return std::launder(reinterpret_cast<T*>(memory)); }
  };

  // Who is to be woken when the lock is free again.
  class Batch {
   public:
    bool has_room() const { return count_ < kMax; }
    void add(std::uint64_t waker) { wakers_[count_++] = waker; }
    template <class Wake>
    void wake_all(Wake&& wake) const {
      for (unsigned i = 0; i < count_; ++i)
        wake(wakers_[i]);
    }

   private:
    static constexpr unsigned kMax = 16;
    unsigned count_ = 0;
    std::uint64_t wakers_[kMax];
  };

  static std::size_t cells_for(std::size_t capacity) {
    std::size_t cells = 1;
    while (cells < capacity)
      cells *= 2;
    return cells;
  }
  static std::uint64_t position(std::uint64_t word) { return word >> kPositionShift; }
  static std::size_t reserved(std::uint64_t word) { return (word / kReservedOne) & kReservedMask; }
  static std::uint64_t distance(std::uint64_t word, std::uint64_t head) {
    return (position(word) - head) & kPositionMask;
  }
  Cell& cell_of(std::uint64_t at) const noexcept { return cells_[at & mask_]; }

  [[gnu::noinline]] Found find_none(std::uint64_t head) const noexcept {
    // acquire: behind the end there is no message that we would not see.
    const std::uint64_t word = tail_.load(std::memory_order_acquire);
    if (position(word) != head) return is_published(head) ? Found::kMessage : Found::kBusy;
    return is_ended(word) ? Found::kEnded : Found::kNone;
  }
  [[gnu::always_inline]] bool is_published(std::uint64_t head) const noexcept {
    // acquire: pairs with the release in publish().
    return cell_of(head).published.load(std::memory_order_acquire) == ((head + 1) & kPositionMask);
  }
  // No message is in it and none can come: for the receiver.
  bool is_ended(std::uint64_t word) const noexcept {
    return (word & kClosed) != 0 && reserved(word) == 0 &&
           position(word) == head_.load(std::memory_order_relaxed);  // relaxed: a hint for others
  }
  std::size_t used(std::uint64_t word) const noexcept {
    // acquire: for what the caller concludes from it.
    const std::uint64_t gone = distance(word, head_.load(std::memory_order_acquire));
    return gone <= capacity_ ? static_cast<std::size_t>(gone) : 0;
  }

  // May read `word` anew.
  [[gnu::always_inline]] Room look(std::uint64_t& word) noexcept {
    while (true) {
      if ((word & (kClosed | kSendersWait)) != 0) [[unlikely]]
        return (word & kClosed) != 0 ? Room::kClosed : Room::kFull;
      // acquire: pairs with the release in fits_now: what its writer has acquired.
      const std::uint64_t seen = head_seen_.load(std::memory_order_acquire);
      if (distance(word, seen) + reserved(word) < capacity_) [[likely]]
        return Room::kRoom;
      bool is_old = false;
      const bool fits = fits_now(word, is_old);
      if (!is_old) return fits ? Room::kRoom : Room::kFull;
      word = tail_.load(std::memory_order_relaxed);  // relaxed: as in send
    }
  }
  // is_old: the word is from before the head, and says nothing.
  [[gnu::noinline]] bool fits_now(std::uint64_t word, bool& is_old) noexcept {
    // acquire: pairs with the release in take().
    const std::uint64_t head = head_.load(std::memory_order_acquire);
    // release: pairs with the acquire in look().
    head_seen_.store(head, std::memory_order_release);
    const std::uint64_t gone = distance(word, head);
    is_old = gone > capacity_;
    return gone + reserved(word) < capacity_;
  }

  template <class Wake>
  [[gnu::always_inline]] void publish(std::uint64_t word, T& value, Wake&& wake) noexcept {
    const std::uint64_t at = position(word);
    Cell& cell = cell_of(at);
    ::new (static_cast<void*>(cell.memory)) T(std::move(value));
    // release: pairs with the acquire in is_published().
    cell.published.store((at + 1) & kPositionMask, std::memory_order_release);
    if ((word & kReceiverWaits) != 0) [[unlikely]]
      wake_receiver(wake);
  }
  template <class Wake>
  void wake_receiver(Wake&& wake) noexcept {
    wake(receiver_waker_.load(std::memory_order_relaxed));  // relaxed: known by the bit in tail_
  }

  // Under the lock. False: there is no room, or the channel is closed.
  bool reserve_for_waiter(std::uint64_t& word) noexcept {
    while (true) {
      if ((word & kClosed) != 0) return false;
      bool is_old = false;
      const bool fits = fits_now(word, is_old);
      if (is_old) {
        word = tail_.load(std::memory_order_relaxed);  // relaxed: as in send
        continue;
      }
      if (!fits) return false;
      // acq_rel: as in send.
      if (tail_.compare_exchange_weak(word, word + kReservedOne, std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        word += kReservedOne;
        return true;
      }
    }
  }
  // Under the lock. The waiter may be gone afterwards. Returns its waker.
  std::uint64_t answer_first(Answer answer) noexcept {
    Waiter& waiter = *first_;
    const std::uint64_t waker = waiter.waker;
    unlink(waiter);
    // release: the waiter, which acquires it, knows the heads that we saw.
    waiter.answer.store(answer, std::memory_order_release);
    return waker;
  }
  void unlink(Waiter& waiter) noexcept {
    (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
    (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
    // relaxed: nobody waits by it any more; who sets it again does so under the lock.
    if (first_ == nullptr) tail_.fetch_and(~kSendersWait, std::memory_order_relaxed);
  }

  // Constant.
  const std::size_t mask_;
  const std::size_t capacity_;
  const std::unique_ptr<Cell[]> cells_;

  // Written by senders.
  alignas(64) Atomic<std::uint64_t> tail_{0};
  // A head that some sender has seen: below the truth, so that senders seldom ask the receiver's
  // cache line.
  Atomic<std::uint64_t> head_seen_{0};

  // Written by the receiver.
  alignas(64) Atomic<std::uint64_t> head_{0};
  Atomic<std::uint64_t> receiver_waker_{0};

  // Senders that wait.
  alignas(64) Lock lock_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace detail

EKIDEN_SDK_END
