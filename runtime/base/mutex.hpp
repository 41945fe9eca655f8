// A mutex whose use clang's thread-safety analysis checks (-Wthread-safety), after google/marl's
// tsa.h. Under gcc the annotations vanish.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define EKIDEN_TSA(x) __attribute__((x))
#else
#define EKIDEN_TSA(x)
#endif

#define EKIDEN_CAPABILITY(x) EKIDEN_TSA(capability(x))
#define EKIDEN_SCOPED_CAPABILITY EKIDEN_TSA(scoped_lockable)
#define EKIDEN_GUARDED_BY(x) EKIDEN_TSA(guarded_by(x))
#define EKIDEN_REQUIRES(...) EKIDEN_TSA(requires_capability(__VA_ARGS__))
#define EKIDEN_EXCLUDES(...) EKIDEN_TSA(locks_excluded(__VA_ARGS__))
#define EKIDEN_ACQUIRE(...) EKIDEN_TSA(acquire_capability(__VA_ARGS__))
#define EKIDEN_TRY_ACQUIRE(...) EKIDEN_TSA(try_acquire_capability(__VA_ARGS__))
#define EKIDEN_RELEASE(...) EKIDEN_TSA(release_capability(__VA_ARGS__))
#define EKIDEN_NO_TSA EKIDEN_TSA(no_thread_safety_analysis)

// The seam of atomic.hpp.
#ifdef EKIDEN_ATOMIC_SEAM
#include EKIDEN_ATOMIC_SEAM
#else
namespace ekiden::runtime {
using SystemMutex = std::mutex;
}
#endif

namespace ekiden::runtime {

class EKIDEN_CAPABILITY("mutex") Mutex {
 public:
  void lock() EKIDEN_ACQUIRE() { inner_.lock(); }
  void unlock() EKIDEN_RELEASE() { inner_.unlock(); }
  // For the analysis where it cannot see the lock (a lambda's body). Checks nothing at run time.
  void assert_held() const EKIDEN_TSA(assert_capability(this)) {}
  bool try_lock() EKIDEN_TRY_ACQUIRE(true) { return inner_.try_lock(); }

 private:
  SystemMutex inner_;
};

class EKIDEN_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) EKIDEN_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() EKIDEN_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits on a Mutex that the caller holds. Loop over the condition yourself: the analysis cannot
// look into a predicate lambda.
using ConditionVariable = std::condition_variable_any;

}  // namespace ekiden::runtime
