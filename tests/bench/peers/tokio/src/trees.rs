//! Trees of tasks: every node waits for its children.

use crate::options::Options;
use crate::report;
use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

type Sum = Pin<Box<dyn Future<Output = u64> + Send>>;

fn node(first: u64, leaves: u64) -> Sum {
    Box::pin(async move {
        if leaves == 1 {
            return first;
        }
        let each = leaves / 10;
        let mut children = Vec::with_capacity(10);
        for i in 0..10 {
            children.push(tokio::spawn(node(first + i * each, each)));
        }
        let mut sum = 0;
        for child in children {
            sum += child.await.unwrap();
        }
        sum
    })
}

/// A tree with ten children a node and n leaves (a power of ten), summed upwards.
pub fn skynet(options: &Options) {
    let leaves = options.n_or(1_000_000) as u64;
    let runtime = options.runtime();
    report::rounds(options, (leaves as usize * 10 - 1) / 9, || {
        let began = Instant::now();
        let sum = runtime.block_on(async { tokio::spawn(node(0, leaves)).await.unwrap() });
        assert_eq!(sum, leaves * (leaves - 1) / 2);
        began.elapsed()
    });
}

fn fork(n: u64) -> Sum {
    Box::pin(async move {
        if n < 2 {
            return n;
        }
        let forked = tokio::spawn(fork(n - 1));
        let here = fork(n - 2).await;
        forked.await.unwrap() + here
    })
}

fn fibonacci(n: u64) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

/// fib(n), one side of every step in a task of its own.
pub fn fib(options: &Options) {
    let n = options.n_or(25) as u64;
    let calls = 2 * fibonacci(n + 1) - 1;
    let runtime = options.runtime();
    report::rounds(options, calls as usize, || {
        let began = Instant::now();
        let result = runtime.block_on(async { tokio::spawn(fork(n)).await.unwrap() });
        assert_eq!(result, fibonacci(n));
        began.elapsed()
    });
}
