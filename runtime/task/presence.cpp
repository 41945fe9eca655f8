#include "runtime/task/presence.hpp"

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
  // release: pairs with the acquire loads of the list's head; publishes `next`.
  while (!all_records.compare_exchange_weak(record->next, record, std::memory_order_release,
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

}  // namespace

Record& this_thread() {
  thread_local ThreadRecord record;
  return record.get();
}

bool anyone_in(OwnerId owner) {
  for (Record* r = all_records.load(std::memory_order_acquire); r != nullptr; r = r->next) {
    // seq_cst: a thread that enters publishes itself and then looks whether it is still admitted;
    // the unloader stops the admission and then looks here. One of them sees the other.
    if (r->current.load(std::memory_order_seq_cst) == owner) return true;
  }
  return false;
}

}  // namespace ekiden::runtime::presence
