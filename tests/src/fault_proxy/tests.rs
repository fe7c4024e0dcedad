use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::{FaultProxy, HttpFault, at_random};

/// A server that sends back what it gets; it lives as long as its connections.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut from = stream.try_clone().unwrap();
                std::io::copy(&mut from, &mut &stream)
            });
        }
    });
    port
}

/// A server that answers every request with its method, its target and the size of its body, in
/// chunks.
fn web() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || while answer_one(&stream).is_some() {});
        }
    });
    port
}

fn answer_one(stream: &TcpStream) -> Option<()> {
    // One byte at a time: nothing of the next request is taken.
    let mut reader = BufReader::with_capacity(1, stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    if head.contains("Expect: 100-continue") {
        let mut to = stream;
        to.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let first = head.lines().next()?;
    let text = format!("{first} {length}");
    let chunks = format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
    let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
    let mut to = stream;
    to.write_all(answer.as_bytes()).ok()
}

fn connect(proxy: &FaultProxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    stream
}

fn echoes(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    stream.write_all(text.as_bytes())?;
    hears(stream, text)
}

fn hears(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer)?;
    assert_eq!(answer, text.as_bytes());
    Ok(())
}

#[track_caller]
fn assert_reset(stream: &mut TcpStream) {
    let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
}

#[test]
fn a_partition_holds_bytes_until_it_heals() {
    let proxy = FaultProxy::to(echo());
    let mut stream = connect(&proxy);
    echoes(&mut stream, "before").unwrap();
    proxy.partition();
    stream.write_all(b"held").unwrap();
    let mut late = connect(&proxy);
    late.write_all(b"late").unwrap();
    for silent in [&mut stream, &mut late] {
        let short = Some(Duration::from_millis(50));
        silent.set_read_timeout(short).unwrap();
        let error = silent.read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        let long = Some(Duration::from_secs(20));
        silent.set_read_timeout(long).unwrap();
    }
    proxy.heal();
    hears(&mut stream, "held").unwrap();
    hears(&mut late, "late").unwrap();
    assert_eq!((proxy.connections(), proxy.faults()), (2, 1));
}

#[test]
fn cuts_and_refusals_are_resets() {
    let proxy = FaultProxy::to(echo());
    let mut stream = connect(&proxy);
    echoes(&mut stream, "before").unwrap();
    proxy.cut();
    assert_reset(&mut stream);
    proxy.refuse(true);
    assert_reset(&mut connect(&proxy));
    proxy.refuse(false);
    echoes(&mut connect(&proxy), "again").unwrap();
    proxy.cut_after(10);
    let mut stream = connect(&proxy);
    echoes(&mut stream, "12345678").unwrap();
    stream.write_all(b"90..").unwrap();
    hears(&mut stream, "90").unwrap();
    assert_reset(&mut stream);
    proxy.pass();
    proxy.cut_after_sent(4);
    let mut stream = connect(&proxy);
    stream.write_all(b"12345678").unwrap();
    assert!(stream.read_to_end(&mut Vec::new()).is_err());
    assert_eq!((proxy.connections(), proxy.faults()), (5, 4));
}

#[test]
fn slow_lines_delay_every_chunk() {
    let proxy = FaultProxy::to(echo());
    proxy.slow(Duration::from_millis(40));
    let mut stream = connect(&proxy);
    let begun = Instant::now();
    echoes(&mut stream, "there and back").unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(80));
    proxy.pass();
    drop(stream);
    // An orderly end stays one.
    let mut stream = connect(&proxy);
    echoes(&mut stream, "to the end").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[test]
fn dropping_closes_everything() {
    let proxy = FaultProxy::to(echo());
    let mut stream = connect(&proxy);
    echoes(&mut stream, "before").unwrap();
    let address = proxy.address();
    drop(proxy);
    assert!(matches!(stream.read(&mut [0; 8]), Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).is_err());
}

/// Sends a request on a connection that stays open, and reads the whole answer.
fn ask(stream: &mut TcpStream, head: &str, body: &str) -> std::io::Result<String> {
    let length = body.len();
    let request = format!("{head} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut byte = [0];
    // Answers of the web above end with a chunk of none, those of the proxy with the document.
    while !answer.ends_with(b"0\r\n\r\n") && !answer.ends_with(b"</Error>") {
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    Ok(String::from_utf8(answer).unwrap())
}

#[test]
fn single_requests_fail_on_a_connection_that_stays() {
    let proxy = FaultProxy::http_to(web());
    proxy.inject(|request| (request.target == "/broken").then_some(HttpFault::SLOW_DOWN));
    let mut stream = connect(&proxy);
    let answer = ask(&mut stream, "PUT /fine", "12345").unwrap();
    assert!(answer.contains("PUT /fine HTTP/1.1 5"), "{answer}");
    let answer = ask(&mut stream, "PUT /broken", &"x".repeat(100_000)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("<Code>SlowDown</Code>"), "{answer}");
    let body = "x".repeat(100_000);
    let answer = ask(&mut stream, "GET /fine-again", &body).unwrap();
    assert!(
        answer.contains("GET /fine-again HTTP/1.1 100000"),
        "{answer}"
    );
    let counts = (proxy.connections(), proxy.requests(), proxy.faults());
    assert_eq!(counts, (1, 3, 1));
    proxy.inject(|request| match request.header("content-length") {
        Some("1") => Some(HttpFault::Reset),
        _ => Some(HttpFault::LoseAnswer),
    });
    for body in ["1", "22"] {
        let lost = ask(&mut connect(&proxy), "PUT /lost", body).unwrap_err();
        assert_eq!(lost.kind(), ErrorKind::ConnectionReset, "{lost}");
    }
}

#[test]
fn clients_that_wait_to_send_are_told_to() {
    let proxy = FaultProxy::http_to(web());
    for (fault, says) in [(None, "200 OK"), (Some(HttpFault::INTERNAL_ERROR), "500 ")] {
        proxy.inject(move |_| fault);
        let mut stream = connect(&proxy);
        let head = "PUT /big HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        hears(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        stream.write_all(b"123").unwrap();
        hears(&mut stream, &format!("HTTP/1.1 {says}")).unwrap();
    }
}

#[test]
fn random_faults_have_a_share_and_an_end() {
    let proxy = FaultProxy::http_to(web());
    proxy.inject(at_random(7, 1.0, vec![HttpFault::INTERNAL_ERROR], 2));
    let mut stream = connect(&proxy);
    let mut failed = |target: &str| {
        let answer = ask(&mut stream, target, "").unwrap();
        answer.starts_with("HTTP/1.1 500 ")
    };
    let same = [failed("GET /a"), failed("GET /a"), failed("GET /a")];
    assert_eq!(same, [true, true, false]);
    proxy.inject(at_random(7, 0.3, vec![HttpFault::INTERNAL_ERROR], 9));
    let count = (0..300)
        .filter(|number| failed(&format!("GET /{number}")))
        .count();
    assert!((50..130).contains(&count), "{count} of 300");
}
