// What a test gives the checker, and what it gets back.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "tests/model/checker/site.hpp"

namespace ekiden::model {

// A small program of a few threads over the code that is checked. It is made anew for every run,
// and must do the same again when the checker chooses the same.
class Model {
 public:
  virtual ~Model() = default;
  virtual unsigned threads() const = 0;
  // Thread 0 to threads() - 1. Any number of them may be at any of their operations.
  virtual void run(unsigned thread) = 0;
  // True: it is no fault if this thread is still blocked when nobody can go on.
  virtual bool may_stay_blocked(unsigned) const { return false; }
  // When nobody can go on. It knows all that the threads did.
  virtual void at_end() {}
};

using MakeModel = std::function<std::unique_ptr<Model>()>;

struct Options {
  // How often a run may take the processor from a thread that could go on. (Most faults need few:
  // Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
  // programs", 2007.) All numbers from 0 to this are gone through, so the first fault that is found
  // has the fewest.
  unsigned preemptions = 2;
  // How often a load of a run may read another store than the newest, or a weak compare-exchange
  // may fail for no reason.
  unsigned stale_reads = 1;
  // Stops there, and says that it has not seen everything.
  std::uint64_t runs_max = 5'000'000;
  // Further runs at random, without those bounds, for what is too big to be gone through.
  std::uint64_t random_runs = 0;
  std::uint64_t seed = 1;
  // A run of more steps counts as one that does not end.
  unsigned steps_max = 20'000;
};

enum class Fault : std::uint8_t {
  kRequirement,  // a model's require() or a check of the runtime
  kRace,         // plain data
  kBlocked,      // nobody can go on, and somebody should
  kEndless,
};
const char* name_of(Fault fault);

struct Failure {
  Fault fault = Fault::kRequirement;
  std::string text;
  std::string trace;  // every step of the run
  unsigned preemptions = 0;
  unsigned stale_reads = 0;
};

struct Result {
  std::optional<Failure> failure;
  std::uint64_t runs = 0;  // all bounds together
  std::uint64_t random_runs = 0;
  std::uint64_t steps = 0;
  unsigned longest = 0;          // steps of the longest run
  bool exhaustive = false;       // every run within the bounds was made
  bool bounds_mattered = false;  // else there are no others
  std::uint64_t mutated = 0;     // operations that the mutation in force has changed
  double seconds = 0;            // of processor time
};

// A change of one operation of the code under check: see mutants.hpp.
struct Mutation {
  enum class Change : std::uint8_t {
    kRelaxed,  // its order becomes relaxed
    kAcqRel,   // its seq_cst becomes acquire, release, or both
    kSplit,    // a read-modify-write becomes a load and a store
    kSkip,     // a store is left out
  };

  std::string file;  // the end of its path
  int line = 0;      // the operation stands in this line or the two after it
  Change change = Change::kRelaxed;
};

// Goes through the runs of the model until the bounds, or the first fault.
Result explore(const Options& options, const MakeModel& make, const Mutation* mutation = nullptr);

// One line: how much was explored, and whether that was all.
std::string summary_of(const std::string& name, const Options& options, const Result& result);

// --- Within a model ------------------------------------------------------------------------------

// Ends the run, and the exploration, where `condition` does not hold.
void require(bool condition, const char* text, Site where = Site::here());
// Waits for the others to write something, as a loop that looks again and again does.
void pause();
// Waits until nobody else can go on.
void wait_for_rest();

}  // namespace ekiden::model
