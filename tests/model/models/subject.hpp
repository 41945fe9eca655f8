// The models of the runtime's lock-free code, as a list: model_core goes through all of them as the
// code is, model_mutants through some with a change in the code that they have to notice.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/model/checker/model.hpp"

namespace ekiden::model {

struct Subject {
  std::string name;
  std::string checks;  // what holds, with the number of the invariant in runtime/ARCHITECTURE.md
  Options options;
  MakeModel make;
};

using Subjects = std::vector<Subject>;

template <class M, class... Arguments>
Subject subject_of(std::string name, std::string checks, Options options, Arguments... arguments) {
  return {std::move(name), std::move(checks), options,
          [=] { return std::make_unique<M>(arguments...); }};
}

void add_state_word(Subjects& subjects);
void add_local_queue(Subjects& subjects);
void add_small_queues(Subjects& subjects);
void add_parking(Subjects& subjects);
void add_reactor_hold(Subjects& subjects);
void add_readiness(Subjects& subjects);
void add_timers(Subjects& subjects);
void add_slot_arena(Subjects& subjects);
void add_presence(Subjects& subjects);
void add_mpsc_ring(Subjects& subjects);

Subjects all_subjects();

}  // namespace ekiden::model
