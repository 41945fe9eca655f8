//! How late timers fire, and how late a ticker is beside work that holds the workers.

use crate::load;
use crate::options::Options;
use crate::report;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::time::sleep_until;

fn late_ns(due: Instant) -> u64 {
    Instant::now().saturating_duration_since(due).as_nanos() as u64
}

/// n tasks, each with one timer due at a random time within 200 ms.
pub fn timer_fire(options: &Options) {
    let n = options.n_or(100_000);
    let runtime = options.runtime();
    let mut samples = Vec::new();
    for _ in 0..options.rounds {
        let (sender, lateness) = channel();
        let spawn_all = async move {
            let mut random: u64 = 88172645463325252;
            for _ in 0..n {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let due = Instant::now() + Duration::from_millis(50 + random % 200);
                let sender = sender.clone();
                tokio::spawn(async move {
                    sleep_until(due.into()).await;
                    let _ = sender.send(late_ns(due));
                });
            }
        };
        runtime.block_on(async { tokio::spawn(spawn_all).await.unwrap() });
        samples.extend(lateness);
    }
    report::quantiles(options, samples);
}

/// A task sleeps for 1 ms, `count` times.
async fn ticks(count: usize) -> Vec<u64> {
    let mut samples = Vec::with_capacity(count);
    for _ in 0..count {
        let due = Instant::now() + Duration::from_millis(1);
        sleep_until(due.into()).await;
        samples.push(late_ns(due));
    }
    samples
}

/// The rounds' ticks one after the other: 1,000 a round, unless the command line says otherwise.
fn run_ticker(runtime: &Runtime, options: &Options) -> Vec<u64> {
    let count = options.rounds * options.n_or(1000);
    runtime.block_on(async { tokio::spawn(ticks(count)).await.unwrap() })
}

/// Ticks beside four tasks a worker that burn slices of 20 µs.
pub fn under_cpu_load(options: &Options) {
    let runtime = options.runtime();
    let load = load::cpu(&runtime, options.workers);
    let samples = run_ticker(&runtime, options);
    drop(load);
    report::quantiles(options, samples);
}

/// Ticks beside a thread outside that spawns empty tasks as fast as it can.
pub fn under_spawn_flood(options: &Options) {
    let runtime = options.runtime();
    let load = load::flood(&runtime);
    let samples = run_ticker(&runtime, options);
    drop(load);
    report::quantiles(options, samples);
}

/// Ticks while a poll holds a worker for a second, a second a round.
pub fn with_stuck_worker(options: &Options) {
    let runtime = options.runtime();
    let mut samples = Vec::new();
    for _ in 0..options.rounds {
        let stuck = load::stick(&runtime, load::STUCK);
        let until = Instant::now() + load::STUCK;
        let during = async move {
            let mut samples = Vec::new();
            while Instant::now() < until {
                samples.extend(ticks(1).await);
            }
            samples
        };
        samples.extend(runtime.block_on(async { tokio::spawn(during).await.unwrap() }));
        runtime.block_on(stuck).unwrap();
    }
    report::quantiles(options, samples);
}
