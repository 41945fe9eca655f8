# Mutants that no change of one atomic operation can make: for each a program of its own, with a
# patched copy of one source of the runtime and the model that has to notice.

# ekiden_model_patch(NAME FILE ROOM SUBJECT TEXT [source...])
#
# NAME: of the patch in patch_source. FILE: what it changes. ROOM: models/ROOM.cpp has the model
# SUBJECT. The further sources, and the model, are compiled against the patched FILE.
function(ekiden_model_patch name file room subject text)
  set(target "model_patch_${name}")
  set(patched "${CMAKE_CURRENT_BINARY_DIR}/patched/${name}")
  set(script "${CMAKE_CURRENT_SOURCE_DIR}/mutants/patch_source")
  add_custom_command(OUTPUT "${patched}/${file}"
    COMMAND "${script}" "${name}" "${PROJECT_SOURCE_DIR}" "${file}" "${patched}"
    DEPENDS "${script}" "${PROJECT_SOURCE_DIR}/${file}"
    VERBATIM)
  add_executable(${target} mutants/patched_main.cpp "models/${room}.cpp" "${patched}/${file}"
    ${ARGN})
  target_compile_definitions(${target} PRIVATE EKIDEN_MODEL_ADD=add_${room})
  target_include_directories(${target} BEFORE PRIVATE "${patched}")
  # A patch may well break a rule that the compiler checks.
  target_compile_options(${target} PRIVATE -w $<$<CXX_COMPILER_ID:Clang>:-Wno-thread-safety>)
  target_link_libraries(${target} PRIVATE ekiden_models)
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  if(file STREQUAL "runtime/reactor/interrupt_event.cpp")
    set_source_files_properties("${patched}/${file}" PROPERTIES
      COMPILE_DEFINITIONS "${model_system_calls}")
  endif()
  set(patch_programs ${patch_programs} "$<TARGET_FILE:${target}>" "${subject}" "${file}: ${text}"
    PARENT_SCOPE)
  set(patch_targets ${patch_targets} ${target} PARENT_SCOPE)
endfunction()

set(state runtime/task/state.hpp)
ekiden_model_patch(generation ${state} state_word state.old_waker
  "a wake does not compare the generation")
ekiden_model_patch(notified_already ${state} state_word state.two_wakes
  "a wake that finds 'notified' set writes nothing")
ekiden_model_patch(claimed_twice ${state} state_word state.reservation
  "a reservation is claimed also from somebody's hand")
ekiden_model_patch(reference_of_the_hold ${state} state_word state.end_held
  "closing a hold takes its reference also where the caller disposes")

ekiden_model_patch(ring_too_full runtime/queue/local_queue.hpp local_queue ring.two_thieves
  "a push overwrites the oldest entry of a full ring")
ekiden_model_patch(counted_late runtime/queue/global_queue.hpp small_queues global.queue
  "a push is counted after it is linked")

set(parker runtime/scheduler/parker.cpp)
ekiden_model_patch(no_futex_wake ${parker} parking park.parker
  "a notification does not wake who sleeps")
ekiden_model_patch(no_interrupt ${parker} reactor_hold reactor.push
  "who sits in the reactor is not interrupted")
set(idle runtime/scheduler/idle_set.cpp)
ekiden_model_patch(no_last_look ${idle} parking idle.outside
  "no look into the queues before the sleep")
ekiden_model_patch(finder_wakes_nobody ${idle} parking idle.stuck_finder
  "the last searcher that finds work wakes nobody")
ekiden_model_patch(interrupt_overlooked runtime/reactor/interrupt_event.cpp reactor_hold
  reactor.interrupt "no look at the pending interrupt before the sleep")

set(readiness runtime/reactor/readiness.hpp)
ekiden_model_patch(tick ${readiness} readiness readiness.clear
  "a clear does not compare the tick")
ekiden_model_patch(event_for_another ${readiness} readiness readiness.reuse
  "an event does not compare the generation")
ekiden_model_patch(closing_overlooked runtime/reactor/reactor.cpp readiness readiness.close
  "no look at the closing after the waiter is stored")
ekiden_model_patch(pinned_while_closing runtime/reactor/source_life.hpp readiness readiness.reuse
  "a source is pinned while it is closing")

set(timers runtime/timer/timers.cpp)
ekiden_model_patch(home_not_looked_at_again ${timers} timers timer.two_movers
  "the home is not looked at again under its lock")
ekiden_model_patch(arrives_in_any_state ${timers} timers timer.move_cancel
  "a move links also a timer that was cancelled on the way")
ekiden_model_patch(arrives_twice ${timers} timers timer.two_movers
  "a move links also a timer that is linked")

set(arena runtime/base/slot_arena.cpp)
ekiden_model_patch(pool_without_lock ${arena} slot_arena arena.pool
  "a slot is given back without the lock")
ekiden_model_patch(slots_given_twice ${arena} slot_arena arena.caches
  "what a cache takes stays in the pool")
