/* trial.c, as the tests see it. */
#ifndef EKIDEN_TESTS_TRIAL_H
#define EKIDEN_TESTS_TRIAL_H

#include <ekiden/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Configuration: {"init": TEXT} fails with that text; {"start": "fail" | "pending"} (for a minute
 * of its clock); {"drain": "never" | "timer"} (half a minute). Commands: sleep (for an hour),
 * forget, refuse, job (50 ms), echo, tick (every second), leak_timer, leak_memory, stick,
 * nothing. */
extern const ekd_plugin_desc trial_plugin;

extern int trial_release_stuck;          /* what `stick` has begun ends; atomic */
extern uint64_t trial_drain_deadline_ns; /* what drain was told */

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_TESTS_TRIAL_H */
