package main

import (
	"runtime"
	"sync"
	"time"
)

func pair(all *sync.WaitGroup) {
	ping := make(chan struct{}, 1)
	pong := make(chan struct{}, 1)
	go func() {
		<-ping
		pong <- struct{}{}
	}()
	ping <- struct{}{}
	<-pong
	all.Done()
}

// pingPong: n pairs of goroutines, each exchanges two one-shot signals.
func pingPong(o *options) {
	n := o.nOr(10000)
	rounds(o, n, func() time.Duration {
		var all sync.WaitGroup
		all.Add(n)
		began := time.Now()
		go func() {
			for i := 0; i < n; i++ {
				go pair(&all)
			}
		}()
		all.Wait()
		return time.Since(began)
	})
}

// mpscBounded: n messages through a channel with room for 1,024, from several goroutines to one.
func mpscBounded(o *options, producers int) {
	each := o.nOr(1000000) / producers
	rounds(o, each*producers, func() time.Duration {
		messages := make(chan uint64, 1024)
		var all sync.WaitGroup
		all.Add(producers)
		began := time.Now()
		for p := 0; p < producers; p++ {
			go func() {
				for i := 0; i < each; i++ {
					messages <- uint64(i)
				}
				all.Done()
			}()
		}
		go func() {
			all.Wait()
			close(messages)
		}()
		received := 0
		for range messages {
			received++
		}
		if received != each*producers {
			panic("messages were lost")
		}
		return time.Since(began)
	})
}

// remoteWake: a goroutine that keeps a thread to itself, which is Go's nearest thing to a thread
// outside the runtime, wakes another one and waits for its answer, n times.
func remoteWake(o *options) {
	runtime.LockOSThread()
	n := o.nOr(20000)
	rounds(o, n, func() time.Duration {
		ask := make(chan struct{})
		answer := make(chan struct{})
		go func() {
			for range ask {
				answer <- struct{}{}
			}
		}()
		began := time.Now()
		for i := 0; i < n; i++ {
			ask <- struct{}{}
			<-answer
		}
		took := time.Since(began)
		close(ask)
		return took
	})
}
