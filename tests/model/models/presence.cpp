// Quiescence: once the unloader has seen nobody in the owner's code, nobody is or will be there.
// Invariant 7. The code is a plain value that its users read and the unloader overwrites.

#include "runtime/task/owner_table.hpp"
// The source itself, for its list of records: a run needs a fresh one, with one record a thread of
// the model, where this_thread() would give all of them the same.
#include "runtime/task/presence.cpp"  // NOLINT
#include "tests/model/checker/plain.hpp"
#include "tests/model/models/subject.hpp"

namespace ekiden::model {

namespace {

namespace presence = runtime::presence;
using runtime::OwnerId;

constexpr OwnerId kOwner = 1;

class PresenceModel : public Model {
 public:
  ~PresenceModel() override {
    for (presence::Record* record = presence::all_records.load(); record != nullptr;) {
      presence::Record* next = record->next;
      delete record;
      record = next;
    }
    presence::all_records.store(nullptr);
  }

 protected:
  void unload() {
    while (presence::anyone_in(kOwner))
      pause();
    code_.write(1);
  }
  void run_code() { require(code_.read() == 0, "the code of an unloaded plugin runs"); }

  Plain<int> code_;
};

// A thread of the plugin's own comes for a call; a new record may join the list meanwhile.
class Visit final : public PresenceModel {
 public:
  Visit() {
    require(owners_.open("plugin", 0, owner_) == runtime::Status::kOk, "opened");
    require(owner_ == kOwner, "as the first one");
  }

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 1) {
      owners_.stop_admission(kOwner);
      return unload();
    }
    presence::Record& record = *presence::add_record();
    presence::begin_visit(record, kOwner);
    if (owners_.admits(kOwner)) run_code();
    presence::end_visit(record);
  }

 private:
  runtime::OwnerTable owners_;
  OwnerId owner_ = 0;
};

// A worker ends the last task, and is still in the code when the count says that none is left.
class LastTask final : public PresenceModel {
 public:
  LastTask() : worker_(*presence::add_record()) {}

  unsigned threads() const override { return 2; }
  void run(unsigned thread) override {
    if (thread == 1) {
      // acquire, and the release below: as the counts of tasks, see TypeCounters.
      while (tasks_.load(std::memory_order_acquire) != 0)
        pause();
      return unload();
    }
    runtime::PresenceScope scope(worker_, kOwner);
    run_code();
    tasks_.store(0, std::memory_order_release);
    run_code();
  }

 private:
  presence::Record& worker_;
  runtime::Atomic<int> tasks_{1};
};

}  // namespace

void add_presence(Subjects& subjects) {
  Options options;
  options.preemptions = 4;
  options.stale_reads = 3;
  subjects.push_back(
      subject_of<Visit>("presence.visit", "7: a visitor is seen, or sees the end", options));
  subjects.push_back(
      subject_of<LastTask>("presence.last_task", "7: who is still in the code is seen", options));
}

}  // namespace ekiden::model
