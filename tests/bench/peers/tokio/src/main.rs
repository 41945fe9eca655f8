//! The benchmarks' workloads on tokio's multi-thread runtime.
//!
//!     tokio_peer WORKLOAD [--n N] [--rounds R] [--workers W]
//!     tokio_peer http|echo --port PORT [--load cpu|flood|stuck] [--workers W]
//!
//! A workload prints one line of JSON, with the same fields as the plugin `bench`; a server serves
//! on 127.0.0.1 until it is killed.

mod lateness;
mod load;
mod memory;
mod options;
mod report;
mod servers;
mod signalling;
mod spawning;
mod timers;
mod trees;

use options::Options;

type Workload = (&'static str, fn(&Options));

const WORKLOADS: &[Workload] = &[
    ("spawn_local", spawning::spawn_local),
    ("spawn_remote_join", spawning::spawn_remote_join),
    ("yield_many", spawning::yield_many),
    ("chained_spawn", spawning::chained_spawn),
    ("spawn_blocking", spawning::spawn_blocking),
    ("ping_pong", signalling::ping_pong),
    ("mpsc_bounded1024_1to1", signalling::mpsc_1to1),
    ("mpsc_bounded1024_8to1", signalling::mpsc_8to1),
    ("remote_wake_roundtrip", signalling::remote_wake_roundtrip),
    ("skynet_1m", trees::skynet),
    ("fib_25_fork", trees::fib),
    ("timer_create_cancel", timers::create_cancel),
    ("timers_held", timers::held),
    ("timer_fire_lateness", lateness::timer_fire),
    ("ticker_lateness_under_cpu_load", lateness::under_cpu_load),
    ("ticker_lateness_under_spawn_flood", lateness::under_spawn_flood),
    ("ticker_lateness_with_stuck_worker", lateness::with_stuck_worker),
    ("memory_parked", memory::parked),
    ("http", servers::http),
    ("echo", servers::echo),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    match WORKLOADS.iter().find(|(known, _)| *known == name) {
        Some((_, run)) => run(&Options::parse(name, arguments)),
        None => {
            let names: Vec<&str> = WORKLOADS.iter().map(|(known, _)| *known).collect();
            eprintln!("tokio_peer: no workload '{name}'; there are: {}", names.join(" "));
            std::process::exit(64);
        }
    }
}
