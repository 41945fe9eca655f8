#include "tests/model/models/subject.hpp"

namespace ekiden::model {

Subjects all_subjects() {
  Subjects subjects;
  add_state_word(subjects);
  add_local_queue(subjects);
  add_small_queues(subjects);
  add_parking(subjects);
  add_reactor_hold(subjects);
  add_readiness(subjects);
  add_timers(subjects);
  add_slot_arena(subjects);
  add_presence(subjects);
  add_mpsc_ring(subjects);
  return subjects;
}

}  // namespace ekiden::model
