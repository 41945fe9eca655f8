//! Rounds, their median, and the line of JSON that comes of them.

use crate::options::Options;
use std::time::Duration;

/// Runs `round` once cold, which is reported apart, and then as often as asked. A round does
/// `operations` of them and answers how long it took.
pub fn rounds(options: &Options, operations: usize, round: impl FnMut() -> Duration) {
    rounds_and(options, operations, "", round);
}

/// The same, with more members for the line: `,"name":value`.
pub fn rounds_and(
    options: &Options,
    operations: usize,
    more: &str,
    mut round: impl FnMut() -> Duration,
) {
    let mut per_operation = || round().as_nanos() as f64 / operations as f64;
    let first = per_operation();
    let mut sorted: Vec<f64> = (0..options.rounds).map(|_| per_operation()).collect();
    sorted.sort_by(f64::total_cmp);
    println!(
        "{{\"workload\":\"{}\",\"unit\":\"ns\",\"ns_per_op\":{:.1},\"min\":{:.1},\"max\":{:.1},\
         \"first_round\":{:.1},\"ops\":{},\"rounds\":{}{}}}",
        options.workload,
        sorted[sorted.len() / 2],
        sorted[0],
        sorted[sorted.len() - 1],
        first,
        operations,
        options.rounds,
        more
    );
}

/// Quantiles of latencies in nanoseconds, printed in microseconds.
pub fn quantiles(options: &Options, mut samples_ns: Vec<u64>) {
    samples_ns.sort_unstable();
    let at = |p: f64| samples_ns[((samples_ns.len() - 1) as f64 * p) as usize] as f64 / 1000.0;
    println!(
        "{{\"workload\":\"{}\",\"unit\":\"us\",\"p50\":{:.1},\"p99\":{:.1},\"p999\":{:.1},\
         \"max\":{:.1},\"samples\":{}}}",
        options.workload,
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        samples_ns.len()
    );
}
