package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// spawnLocal: one goroutine starts n empty ones; the last one to run ends the round.
func spawnLocal(o *options) {
	n := o.nOr(1000000)
	rounds(o, n, func() time.Duration {
		remaining := int64(n)
		finished := make(chan struct{}, 1)
		began := time.Now()
		go func() {
			for i := 0; i < n; i++ {
				go func() {
					if atomic.AddInt64(&remaining, -1) == 0 {
						finished <- struct{}{}
					}
				}()
			}
		}()
		<-finished
		return time.Since(began)
	})
}

// yieldMany: n goroutines yield 1,000 times each.
func yieldMany(o *options) {
	const yields = 1000
	n := o.nOr(200)
	rounds(o, n*yields, func() time.Duration {
		var all sync.WaitGroup
		all.Add(n)
		began := time.Now()
		for i := 0; i < n; i++ {
			go func() {
				for j := 0; j < yields; j++ {
					runtime.Gosched()
				}
				all.Done()
			}()
		}
		all.Wait()
		return time.Since(began)
	})
}

func link(left int, finished chan<- struct{}) {
	if left == 0 {
		finished <- struct{}{}
		return
	}
	go link(left-1, finished)
}

// chainedSpawn: a goroutine starts the next and ends, n deep.
func chainedSpawn(o *options) {
	n := o.nOr(100000)
	rounds(o, n, func() time.Duration {
		finished := make(chan struct{})
		began := time.Now()
		go link(n, finished)
		<-finished
		return time.Since(began)
	})
}

func node(sum chan<- int, first, leaves int) {
	if leaves == 1 {
		sum <- first
		return
	}
	each := leaves / 10
	children := make(chan int)
	for i := 0; i < 10; i++ {
		go node(children, first+i*each, each)
	}
	total := 0
	for i := 0; i < 10; i++ {
		total += <-children
	}
	sum <- total
}

// skynet: a tree with ten children a node and n leaves (a power of ten), summed upwards.
func skynet(o *options) {
	leaves := o.nOr(1000000)
	rounds(o, (leaves*10-1)/9, func() time.Duration {
		sum := make(chan int)
		began := time.Now()
		go node(sum, 0, leaves)
		if <-sum != leaves*(leaves-1)/2 {
			panic("skynet came to a wrong sum")
		}
		return time.Since(began)
	})
}
