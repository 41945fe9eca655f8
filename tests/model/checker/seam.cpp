#include "tests/model/checker/seam.hpp"

#include <sched.h>

#include "runtime/base/check.hpp"
#include "runtime/base/futex.hpp"
#include "tests/model/checker/engine.hpp"

namespace ekiden::model::seam {

void construct(const void* address, std::uint64_t value) {
  if (Engine* engine = Engine::running()) engine->construct(address, value);
}

std::uint64_t load(const void* address, std::uint64_t held, std::memory_order order, Site site) {
  Engine* engine = Engine::running();
  return engine != nullptr ? engine->load(address, held, order, site) : held;
}

bool store(const void* address, std::uint64_t held, std::uint64_t value, std::memory_order order,
           Site site) {
  Engine* engine = Engine::running();
  return engine == nullptr || engine->store(address, held, value, order, site);
}

std::uint64_t begin_exchange(const void* address, std::uint64_t held, std::memory_order order,
                             Site site) {
  Engine* engine = Engine::running();
  return engine != nullptr ? engine->begin_exchange(address, held, order, site) : held;
}

bool end_exchange(std::uint64_t value) {
  Engine* engine = Engine::running();
  return engine == nullptr || engine->end_exchange(value);
}

bool compare_exchange(const void* address, std::uint64_t held, std::uint64_t& expected,
                      std::uint64_t desired, std::memory_order success, std::memory_order failure,
                      bool weak, bool& is_newest, Site site) {
  if (Engine* engine = Engine::running()) {
    const Engine::Exchanged exchanged =
        engine->compare_exchange(address, held, expected, desired, success, failure, weak, site);
    is_newest = exchanged.is_newest;
    return exchanged.done;
  }
  if (held == expected) return true;
  expected = held;
  return false;
}

void lock(const void* mutex) {
  if (Engine* engine = Engine::running()) engine->lock(mutex);
}

bool try_lock(const void* mutex) {
  Engine* engine = Engine::running();
  return engine == nullptr || engine->try_lock(mutex);
}

void unlock(const void* mutex) {
  if (Engine* engine = Engine::running()) engine->unlock(mutex);
}

void pause() { model::pause(); }

}  // namespace ekiden::model::seam

// --- What the runtime gets from the system, for models ------------------------------------------

namespace ekiden::runtime {

void futex_wait(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  model::Engine* engine = model::Engine::running();
  std::uint32_t held;
  std::memcpy(&held, &word, sizeof held);
  if (engine != nullptr) engine->futex_wait(&word, held, expected);
}

void futex_wake(const Atomic<std::uint32_t>& word, int count) noexcept {
  model::Engine* engine = model::Engine::running();
  if (engine != nullptr) engine->futex_wake(&word, static_cast<unsigned>(count));
}

void check_failed(const char* condition, const char* file, int line) noexcept {
  model::Engine* engine = model::Engine::running();
  if (engine == nullptr) model::die(condition);
  engine->fail(model::Fault::kRequirement, std::string("EKIDEN_CHECK(") + condition + ") in " +
                                               file + ":" + std::to_string(line));
}

}  // namespace ekiden::runtime

// std::this_thread::yield() of the code under check comes here.
extern "C" int sched_yield() noexcept {
  ekiden::model::pause();
  return 0;
}
