//! What a task that waits costs.

use crate::options::Options;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

pub fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("/proc is mounted");
    let pages = statm.split_whitespace().nth(1).and_then(|word| word.parse::<usize>().ok());
    pages.expect("the second number of statm") * 4096
}

struct Shared {
    signal: Notify,
    waiting: AtomicUsize,
}

/// Spawns n tasks that wait for a signal that never comes.
pub fn parked(options: &Options) {
    let n = options.n_or(1_000_000);
    let runtime = options.runtime();
    let shared = Arc::new(Shared { signal: Notify::new(), waiting: AtomicUsize::new(0) });
    let before = resident_bytes();
    let began = Instant::now();
    let of_tasks = shared.clone();
    runtime.spawn(async move {
        for _ in 0..n {
            let shared = of_tasks.clone();
            tokio::spawn(async move {
                shared.waiting.fetch_add(1, Relaxed);
                shared.signal.notified().await;
            });
        }
    });
    while shared.waiting.load(Relaxed) < n {
        std::thread::sleep(Duration::from_micros(200));
    }
    let took = began.elapsed();
    // The last tasks have counted themselves and are about to wait.
    std::thread::sleep(Duration::from_millis(200));
    let ns = took.as_nanos() as f64 / n as f64;
    println!(
        "{{\"workload\":\"{}\",\"unit\":\"ns\",\"ns_per_op\":{ns:.1},\"first_round\":{ns:.1},\
         \"bytes_per_task\":{:.1},\"n\":{n}}}",
        options.workload,
        (resident_bytes() - before) as f64 / n as f64
    );
    // Taking millions of tasks down is not part of it.
    std::process::exit(0);
}
