//! What a runtime may have to do beside the work whose latency counts. A load ends when its value
//! is dropped.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How long a stuck poll holds its worker.
pub const STUCK: Duration = Duration::from_secs(1);
const SLICE: Duration = Duration::from_micros(20);
/// The flood waits while so many of its tasks are still to run: it is memory's cost otherwise.
const FLOOD_AHEAD: usize = 100_000;

pub struct Load {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn burn(slice: Duration) {
    let began = Instant::now();
    while began.elapsed() < slice {
        std::hint::spin_loop();
    }
}

/// Four tasks a worker burn slices and yield between them.
pub fn cpu(runtime: &Runtime, workers: usize) -> Load {
    let stop = Arc::new(AtomicBool::new(false));
    for _ in 0..4 * workers {
        let stop = stop.clone();
        runtime.spawn(async move {
            while !stop.load(Relaxed) {
                burn(SLICE);
                tokio::task::yield_now().await;
            }
        });
    }
    Load { stop, thread: None }
}

/// A thread outside the runtime spawns empty tasks.
pub fn flood(runtime: &Runtime) -> Load {
    let stop = Arc::new(AtomicBool::new(false));
    let handle = runtime.handle().clone();
    let stopped = stop.clone();
    let thread = std::thread::spawn(move || {
        let ahead = Arc::new(AtomicUsize::new(0));
        while !stopped.load(Relaxed) {
            if ahead.load(Relaxed) >= FLOOD_AHEAD {
                std::thread::yield_now();
                continue;
            }
            ahead.fetch_add(1, Relaxed);
            let ahead = ahead.clone();
            handle.spawn(async move {
                ahead.fetch_sub(1, Relaxed);
            });
        }
    });
    Load { stop, thread: Some(thread) }
}

/// A task whose only poll sleeps, and holds its worker for so long.
pub fn stick(runtime: &Runtime, how_long: Duration) -> tokio::task::JoinHandle<()> {
    runtime.spawn(async move { std::thread::sleep(how_long) })
}

/// Such tasks, one after the other.
pub fn stick_often(runtime: &Runtime) -> Load {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    runtime.spawn(async move {
        while !stopped.load(Relaxed) {
            tokio::spawn(async { std::thread::sleep(STUCK) }).await.unwrap();
        }
    });
    Load { stop, thread: None }
}
