//! Tasks that do nothing but exist: how cheap is one?

use crate::options::Options;
use crate::report;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{sync_channel, SyncSender};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

/// One task spawns n empty tasks; the last one to run ends the round.
pub fn spawn_local(options: &Options) {
    let n = options.n_or(1_000_000);
    let runtime = options.runtime();
    let (sender, finished) = sync_channel(1);
    let remaining = Arc::new(AtomicUsize::new(0));
    report::rounds(options, n, || {
        remaining.store(n, Relaxed);
        let (sender, remaining) = (sender.clone(), remaining.clone());
        let began = Instant::now();
        runtime.spawn(async move {
            for _ in 0..n {
                let (sender, remaining) = (sender.clone(), remaining.clone());
                tokio::spawn(async move {
                    if remaining.fetch_sub(1, Relaxed) == 1 {
                        sender.send(()).unwrap();
                    }
                });
            }
        });
        finished.recv().unwrap();
        began.elapsed()
    });
}

/// A thread outside the runtime spawns n empty tasks and joins them all.
pub fn spawn_remote_join(options: &Options) {
    let n = options.n_or(200_000);
    let runtime = options.runtime();
    let mut handles = Vec::with_capacity(n);
    report::rounds(options, n, || {
        let began = Instant::now();
        handles.extend((0..n).map(|_| runtime.spawn(async {})));
        runtime.block_on(async {
            for handle in handles.drain(..) {
                handle.await.unwrap();
            }
        });
        began.elapsed()
    });
}

/// Wakes itself once: the cheapest yield there is.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// n tasks yield 1,000 times each.
pub fn yield_many(options: &Options) {
    const YIELDS: usize = 1000;
    let n = options.n_or(200);
    let runtime = options.runtime();
    let (sender, finished) = sync_channel(n);
    report::rounds(options, n * YIELDS, || {
        let began = Instant::now();
        for _ in 0..n {
            let sender = sender.clone();
            runtime.spawn(async move {
                for _ in 0..YIELDS {
                    Yield(false).await;
                }
                sender.send(()).unwrap();
            });
        }
        for _ in 0..n {
            finished.recv().unwrap();
        }
        began.elapsed()
    });
}

/// A task spawns the next and ends, n deep.
pub fn chained_spawn(options: &Options) {
    fn link(finished: SyncSender<()>, left: usize) {
        if left == 0 {
            finished.send(()).unwrap();
        } else {
            tokio::spawn(async move { link(finished, left - 1) });
        }
    }

    let n = options.n_or(100_000);
    let runtime = options.runtime();
    let (sender, finished) = sync_channel(1);
    report::rounds(options, n, || {
        let sender = sender.clone();
        let began = Instant::now();
        runtime.spawn(async move { link(sender, n) });
        finished.recv().unwrap();
        began.elapsed()
    });
}

/// n jobs for the blocking pool that do nothing, all of them awaited.
pub fn spawn_blocking(options: &Options) {
    let n = options.n_or(20_000);
    let runtime = options.runtime();
    report::rounds(options, n, || {
        let began = Instant::now();
        runtime.block_on(async {
            let handles: Vec<_> = (0..n).map(|_| tokio::task::spawn_blocking(|| {})).collect();
            for handle in handles {
                handle.await.unwrap();
            }
        });
        began.elapsed()
    });
}
