// The benchmarks' workloads in Go.
//
//	go_peer WORKLOAD [-n N] [-rounds R] [-workers W]
//	go_peer http|echo -port PORT [-workers W]
//
// A workload prints one line of JSON, with the same fields as the plugin `bench`; a server serves
// on 127.0.0.1 until it is killed. Workers are what GOMAXPROCS says.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
)

type options struct {
	workload string
	n        int
	rounds   int
	workers  int
	port     int
}

// nOr answers how much of the workload: what the command line says, or the workload's own measure.
func (o *options) nOr(usual int) int {
	if o.n > 0 {
		return o.n
	}
	return usual
}

var workloads = map[string]func(*options){
	"spawn_local":           spawnLocal,
	"yield_many":            yieldMany,
	"chained_spawn":         chainedSpawn,
	"skynet_1m":             skynet,
	"ping_pong":             pingPong,
	"mpsc_bounded1024_1to1": func(o *options) { mpscBounded(o, 1) },
	"mpsc_bounded1024_8to1": func(o *options) { mpscBounded(o, 8) },
	"remote_wake_roundtrip": remoteWake,
	"timer_create_cancel":   timerCreateCancel,
	"timers_held":           timersHeld,
	"memory_parked":         memoryParked,
	"http":                  serveHTTP,
	"echo":                  serveEcho,
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	run, known := workloads[name]
	if !known {
		var names []string
		for name := range workloads {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "go_peer: no workload '%s'; there are: %s\n", name,
			strings.Join(names, " "))
		os.Exit(64)
	}
	o := options{workload: name}
	flags := flag.NewFlagSet("go_peer", flag.ExitOnError)
	flags.IntVar(&o.n, "n", 0, "how much of the workload; 0: its own measure")
	flags.IntVar(&o.rounds, "rounds", 7, "rounds whose median is reported")
	flags.IntVar(&o.workers, "workers", 2, "GOMAXPROCS")
	flags.IntVar(&o.port, "port", 0, "of a server")
	flags.Parse(os.Args[2:])
	runtime.GOMAXPROCS(o.workers)
	run(&o)
}
