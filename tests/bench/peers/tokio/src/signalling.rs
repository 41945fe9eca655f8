//! Tasks that wake each other.

use crate::options::Options;
use crate::report;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::sync_channel;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};

/// n pairs of tasks, each exchanges two one-shot signals.
pub fn ping_pong(options: &Options) {
    async fn pair() {
        let (ping, pinged) = oneshot::channel();
        let (pong, ponged) = oneshot::channel();
        tokio::spawn(async move {
            pinged.await.unwrap();
            pong.send(()).unwrap();
        });
        ping.send(()).unwrap();
        ponged.await.unwrap();
    }

    let n = options.n_or(10_000);
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
                    pair().await;
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

pub fn mpsc_1to1(options: &Options) {
    mpsc_bounded(options, 1);
}

pub fn mpsc_8to1(options: &Options) {
    mpsc_bounded(options, 8);
}

/// n messages through a channel with room for 1,024, from several tasks to one.
fn mpsc_bounded(options: &Options, producers: usize) {
    let each = options.n_or(1_000_000) / producers;
    let runtime = options.runtime();
    report::rounds(options, each * producers, || {
        let began = Instant::now();
        let received = runtime.block_on(async {
            let (sender, mut receiver) = mpsc::channel::<u64>(1024);
            for _ in 0..producers {
                let sender = sender.clone();
                tokio::spawn(async move {
                    for i in 0..each as u64 {
                        sender.send(i).await.unwrap();
                    }
                });
            }
            drop(sender);
            let consumer = async move {
                let mut received = 0;
                while receiver.recv().await.is_some() {
                    received += 1;
                }
                received
            };
            tokio::spawn(consumer).await.unwrap()
        });
        assert_eq!(received, each * producers);
        began.elapsed()
    });
}

/// A thread outside wakes a task of the idle runtime and waits for its answer, n times.
pub fn remote_wake_roundtrip(options: &Options) {
    let n = options.n_or(20_000);
    let runtime = options.runtime();
    report::rounds(options, n, || {
        let (ask, mut asked) = mpsc::unbounded_channel::<()>();
        let (answer, answered) = std::sync::mpsc::channel::<()>();
        runtime.spawn(async move {
            while asked.recv().await.is_some() {
                answer.send(()).unwrap();
            }
        });
        let began = Instant::now();
        for _ in 0..n {
            ask.send(()).unwrap();
            answered.recv().unwrap();
        }
        began.elapsed()
    });
}
