//! Timers that are created and cancelled before they fire.

use crate::memory::resident_bytes;
use crate::options::Options;
use crate::report;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::{sleep, Sleep};

/// Polls a timer once, so that it is in the wheel, and does not wait for it.
struct Start<'a>(&'a mut Pin<Box<Sleep>>);

impl Future for Start<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let _ = self.0.as_mut().poll(context);
        Poll::Ready(())
    }
}

async fn started(after: Duration) -> Pin<Box<Sleep>> {
    let mut timer = Box::pin(sleep(after));
    Start(&mut timer).await;
    timer
}

/// One task creates and cancels `count` timers, due after 1 to 61 seconds.
async fn create_and_cancel(count: usize) -> Duration {
    let began = Instant::now();
    for i in 0..count as u64 {
        drop(started(Duration::from_millis(1000 + i % 60_000)).await);
    }
    began.elapsed()
}

pub fn create_cancel(options: &Options) {
    let n = options.n_or(200_000);
    let runtime = options.runtime();
    report::rounds(options, n, || {
        runtime.block_on(async { tokio::spawn(create_and_cancel(n)).await.unwrap() })
    });
}

/// The same while n other timers exist, none of which is due during the run.
pub fn held(options: &Options) {
    const COUNT: usize = 200_000;
    let n = options.n_or(1_000_000);
    let runtime = options.runtime();
    let held = async move {
        let mut timers = Vec::with_capacity(n);
        for i in 0..n as u64 {
            timers.push(started(Duration::from_millis(600_000 + i % 60_000)).await);
        }
        timers
    };
    let before = resident_bytes();
    let held = runtime.block_on(async { tokio::spawn(held).await.unwrap() });
    let bytes = (resident_bytes() - before) as f64 / n as f64;
    let more = format!(",\"bytes_per_timer\":{bytes:.1},\"n\":{n}");
    report::rounds_and(options, COUNT, &more, || {
        runtime.block_on(async { tokio::spawn(create_and_cancel(COUNT)).await.unwrap() })
    });
    drop(held);
}
