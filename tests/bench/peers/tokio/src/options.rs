//! The command line, and the runtime that it asks for.

use tokio::runtime::{Builder, Runtime};

pub struct Options {
    pub workload: String,
    pub rounds: usize,
    pub workers: usize,
    pub port: u16,
    pub load: String,
    n: Option<usize>,
}

impl Options {
    pub fn parse(workload: String, mut arguments: impl Iterator<Item = String>) -> Self {
        let mut options =
            Options { workload, rounds: 7, workers: 2, port: 0, load: String::new(), n: None };
        while let Some(key) = arguments.next() {
            let value = arguments.next().unwrap_or_else(|| refuse(&key, ""));
            let number = || value.parse::<usize>().unwrap_or_else(|_| refuse(&key, &value));
            match key.as_str() {
                "--n" => options.n = Some(number()),
                "--rounds" => options.rounds = number().max(1),
                "--workers" => options.workers = number().max(1),
                "--port" => options.port = number() as u16,
                "--load" => options.load = value.clone(),
                _ => refuse(&key, &value),
            }
        }
        options
    }

    /// How much of the workload: what the command line says, or the workload's own measure.
    pub fn n_or(&self, usual: usize) -> usize {
        self.n.unwrap_or(usual)
    }

    pub fn runtime(&self) -> Runtime {
        Builder::new_multi_thread()
            .worker_threads(self.workers)
            .enable_all()
            .build()
            .expect("the runtime starts")
    }
}

fn refuse(key: &str, value: &str) -> ! {
    eprintln!("tokio_peer: '{key} {value}' is none of --n --rounds --workers --port --load VALUE");
    std::process::exit(64);
}
