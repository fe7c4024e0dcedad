//! Connections to the port of health and metrics: a few at a time, each for one short question, so
//! that whoever holds on to them, or opens thousands, takes nothing from the work.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::warn;

/// Connections, and with them file descriptors, at a time.
const MOST: usize = 64;
/// In which a question must be there.
const QUESTION: Duration = Duration::from_secs(5);
/// In which a connection ends, answered or not.
const ALL: Duration = Duration::from_secs(10);
/// Bytes that are held of a connection.
const BUFFER: usize = 16 << 10;
/// Time between two tries when no connection can be accepted, as without a file descriptor.
const PAUSE: Duration = Duration::from_millis(200);

/// Answers whoever asks, for ever. The oldest connection makes room for one too many: a question
/// that takes a millisecond is answered whatever others do.
pub(super) async fn answer(listener: TcpListener, routes: Router) {
    let mut open: VecDeque<JoinHandle<()>> = VecDeque::new();
    let mut told = false;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                open.retain(|connection| !connection.is_finished());
                if open.len() >= MOST
                    && let Some(oldest) = open.pop_front()
                {
                    oldest.abort();
                    if !told {
                        told = true;
                        warn!(
                            "more than {MOST} connections to the port of health and metrics: the \
                             oldest are closed"
                        );
                    }
                }
                open.push_back(tokio::spawn(one(stream, routes.clone())));
            }
            Err(error) if is_of_one(&error) => {}
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Whether it is about the connection that was to be accepted, and not about the next ones.
fn is_of_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

async fn one(stream: TcpStream, routes: Router) {
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(QUESTION)
        .max_buf_size(BUFFER)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    // Whoever asked and went away, or asked nonsense, is nobody's trouble.
    let _ = timeout(ALL, serving).await;
}

#[cfg(test)]
mod tests;
