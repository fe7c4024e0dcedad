use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{MOST, answer};

async fn served() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/metrics", get(async || "m".repeat(8 << 20)));
    tokio::spawn(answer(listener, routes));
    address
}

async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let question = format!("GET {path} HTTP/1.1\r\nHost: here\r\n\r\n");
    stream.write_all(question.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// Descriptors of this process that are sockets.
fn sockets() -> usize {
    let all = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let targets = all.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let is_socket = |target: &std::path::PathBuf| target.to_string_lossy().starts_with("socket:");
    targets.filter(is_socket).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_a_thousand_connections_keeps_nobody_from_asking() {
    let address = served().await;
    let mut held = Vec::new();
    for number in 0..1000 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let slow: &[u8] = match number % 3 {
            0 => b"",
            1 => b"GET /healthz HTTP/1.1\r\nX-Slow: ",
            _ => b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n",
        };
        // The server may have closed it already.
        let _ = stream.write_all(slow).await;
        held.push(stream);
    }
    let text = ask(address, "/healthz").await;
    assert!(
        text.starts_with("HTTP/1.1 200") && text.ends_with("ok\n"),
        "{text}"
    );
    // Both ends are in this process: those held here, and those that the server has.
    let servers = sockets().saturating_sub(held.len());
    assert!(servers <= MOST + 40, "{servers} sockets besides those held");
}

#[tokio::test]
async fn who_sends_headers_by_the_drop_is_cut_off() {
    let address = served().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut sent = 0;
    while sent < 10_000 {
        if stream.write_all(b"GET /he").await.is_err() {
            break;
        }
        sent += 1;
        let mut answer = [0; 64];
        let reading = stream.read(&mut answer);
        let wait = std::time::Duration::from_millis(100);
        if let Ok(ended) = tokio::time::timeout(wait, reading).await {
            // Closed, or told that this is no request.
            assert!(ended.is_err() || ended.is_ok());
            return;
        }
    }
    panic!("{sent} drops, and the connection is still there");
}

#[tokio::test]
async fn who_sends_too_much_is_refused() {
    let address = served().await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let line = format!("X-Long: {}\r\n", "x".repeat(1000));
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\n").await;
    for _ in 0..100 {
        if stream.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    let text = String::from_utf8_lossy(&text);
    assert!(!text.contains("200 OK"), "{text}");
}
