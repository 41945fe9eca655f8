//! Servers on 127.0.0.1, for a load generator in another process.

use crate::load;
use crate::options::Options;
use std::future::Future;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

const BUFFER: usize = 4096;
const REPLY: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!";

async fn accept<F>(port: u16, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("a TCP socket takes TCP_NODELAY");
            tokio::spawn(serve(stream));
        }
    }
}

fn load_of(options: &Options, runtime: &Runtime) -> Option<load::Load> {
    match options.load.as_str() {
        "cpu" => Some(load::cpu(runtime, options.workers)),
        "flood" => Some(load::flood(runtime)),
        "stuck" => Some(load::stick_often(runtime)),
        _ => None,
    }
}

/// Answers every request with "Hello, World!". A read that does not end a request's head is let
/// pass: the load generators send a request in one piece.
pub fn http(options: &Options) {
    async fn serve(mut stream: TcpStream) {
        let mut buffer = vec![0; BUFFER];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(size) if !buffer[..size].windows(4).any(|end| end == b"\r\n\r\n") => {}
                Ok(_) => {
                    if stream.write_all(REPLY).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
    options.runtime().block_on(accept(options.port, serve));
}

/// Sends back what it reads, beside a load if one is asked for.
pub fn echo(options: &Options) {
    async fn serve(mut stream: TcpStream) {
        let mut buffer = vec![0; BUFFER];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(size) => {
                    if stream.write_all(&buffer[..size]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
    let runtime = options.runtime();
    let load = load_of(options, &runtime);
    runtime.block_on(accept(options.port, serve));
    drop(load);
}
