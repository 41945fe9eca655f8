#include "runtime/task/presence.hpp"

#include <thread>

namespace ekiden::runtime::presence {

namespace {

// Records are never freed: a list that only grows needs no lock to read. A thread that ends leaves
// its record to the next one that starts.
Atomic<Record*> all_records{nullptr};

Record* reuse_record() {
  for (Record* r = all_records.load(std::memory_order_acquire); r != nullptr; r = r->next) {
    bool free = false;
    if (r->in_use.compare_exchange_strong(free, true, std::memory_order_acq_rel)) return r;
  }
  return nullptr;
}

Record* add_record() {
  auto* record = new Record;
  record->next = all_records.load(std::memory_order_relaxed);
  // release: pairs with the acquire loads of the list's head; publishes `next`. seq_cst: in one
  // order with what the thread does next, see anyone_in().
  while (!all_records.compare_exchange_weak(record->next, record, std::memory_order_seq_cst,
                                            std::memory_order_relaxed)) {
  }
  return record;
}

class ThreadRecord {
 public:
  ThreadRecord() : record_(reuse_record()) {
    if (record_ == nullptr) record_ = add_record();
  }
  ~ThreadRecord() {
    record_->current.store(kNobody, std::memory_order_release);
    record_->in_use.store(false, std::memory_order_release);
  }
  Record& get() { return *record_; }

 private:
  Record* record_;
};

// Enough for a host call, and for a holder of a lock that it waits for to get its core back.
constexpr int kLooks = 64;

// False once the thread is out, or was out between two looks.
bool stays_in(const Record& record, OwnerId owner) {
  // seq_cst: a thread that enters publishes itself and then looks whether it is still admitted;
  // the unloader stops the admission and then looks here. One of them sees the other.
  if (record.current.load(std::memory_order_seq_cst) != owner) return false;
  // Read after `current`, so no smaller than the number of the visit that was seen.
  const std::uint32_t visit = record.visits.load(std::memory_order_acquire);
  for (int look = 0; look < kLooks; ++look) {
    std::this_thread::yield();
    if (record.current.load(std::memory_order_acquire) != owner) return false;
    // acquire: pairs with the release in begin_visit().
    if (record.visits.load(std::memory_order_acquire) != visit) return false;
  }
  return true;
}

}  // namespace

Record& this_thread() {
  thread_local ThreadRecord record;
  return record.get();
}

bool anyone_in(OwnerId owner) {
  // seq_cst: a thread that makes its first call registers, publishes itself, and then looks whether
  // it is still admitted. The unloader has stopped the admission; with a mere acquire it could then
  // still read the list without that thread.
  for (Record* r = all_records.load(std::memory_order_seq_cst); r != nullptr; r = r->next) {
    if (stays_in(*r, owner)) return true;
  }
  return false;
}

}  // namespace ekiden::runtime::presence
