package main

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
)

// systemBytes answers what Go has taken from the system.
func systemBytes() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.Sys
}

// memoryParked starts n goroutines that wait for a signal that never comes.
func memoryParked(o *options) {
	n := o.nOr(1000000)
	before := systemBytes()
	signal := make(chan struct{})
	var waiting int64
	began := time.Now()
	for i := 0; i < n; i++ {
		go func() {
			atomic.AddInt64(&waiting, 1)
			<-signal
		}()
	}
	for atomic.LoadInt64(&waiting) < int64(n) {
		time.Sleep(200 * time.Microsecond)
	}
	took := time.Since(began)
	ns := float64(took.Nanoseconds()) / float64(n)
	bytes := float64(systemBytes()-before) / float64(n)
	fmt.Printf("{\"workload\":\"%s\",\"unit\":\"ns\",\"ns_per_op\":%.1f,\"first_round\":%.1f,"+
		"\"bytes_per_task\":%.1f,\"n\":%d}\n", o.workload, ns, ns, bytes, n)
}
