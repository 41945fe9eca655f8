package main

import (
	"fmt"
	"sort"
	"time"
)

// rounds runs `round` once cold, which is reported apart, and then as often as asked. A round does
// `operations` of them and answers how long it took.
func rounds(o *options, operations int, round func() time.Duration) {
	roundsAnd(o, operations, "", round)
}

// roundsAnd does the same, with more members for the line: `,"name":value`.
func roundsAnd(o *options, operations int, more string, round func() time.Duration) {
	perOperation := func() float64 { return float64(round().Nanoseconds()) / float64(operations) }
	first := perOperation()
	sorted := make([]float64, o.rounds)
	for i := range sorted {
		sorted[i] = perOperation()
	}
	sort.Float64s(sorted)
	fmt.Printf("{\"workload\":\"%s\",\"unit\":\"ns\",\"ns_per_op\":%.1f,\"min\":%.1f,\"max\":%.1f,"+
		"\"first_round\":%.1f,\"ops\":%d,\"rounds\":%d%s}\n", o.workload, sorted[len(sorted)/2],
		sorted[0], sorted[len(sorted)-1], first, operations, o.rounds,
		more)
}
