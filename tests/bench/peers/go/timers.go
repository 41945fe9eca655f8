package main

import (
	"fmt"
	"time"
)

func createAndCancel(count int) time.Duration {
	began := time.Now()
	for i := 0; i < count; i++ {
		time.NewTimer(time.Duration(1000+i%60000) * time.Millisecond).Stop()
	}
	return time.Since(began)
}

// timerCreateCancel: timers due after 1 to 61 seconds, created and stopped.
func timerCreateCancel(o *options) {
	n := o.nOr(200000)
	rounds(o, n, func() time.Duration { return createAndCancel(n) })
}

// timersHeld: the same while n other timers exist, none of which is due during the run.
func timersHeld(o *options) {
	const count = 200000
	before := systemBytes()
	held := make([]*time.Timer, o.nOr(1000000))
	for i := range held {
		held[i] = time.NewTimer(time.Duration(600000+i%60000) * time.Millisecond)
	}
	bytes := float64(systemBytes()-before) / float64(len(held))
	more := fmt.Sprintf(",\"bytes_per_timer\":%.1f,\"n\":%d", bytes, len(held))
	roundsAnd(o, count, more, func() time.Duration { return createAndCancel(count) })
	for _, timer := range held {
		timer.Stop()
	}
}
