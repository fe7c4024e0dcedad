//! What a service that lies, or never ends, is answered with: an error in bounded time and memory.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Key, S3Settings, S3Store, Store, StoreError};

/// A head, and a body that may be repeated for ever.
struct Told {
    head: String,
    body: Vec<u8>,
    endless: Option<Duration>,
}

impl Told {
    fn ok(headers: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            head: format!("HTTP/1.1 200 OK\r\n{headers}Connection: close\r\n\r\n"),
            body: body.into(),
            endless: None,
        }
    }

    fn endless(mut self, pause: Duration) -> Self {
        self.endless = Some(pause);
        self
    }

    fn page(names: &[&str], next: &str) -> Self {
        let object = |name: &&str| format!("<Contents><Key>{name}</Key><Size>1</Size></Contents>");
        let objects: String = names.iter().map(object).collect();
        let body = format!(
            "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated>\
             <NextContinuationToken>{next}</NextContinuationToken>{objects}</ListBucketResult>"
        );
        Self::ok(&format!("Content-Length: {}\r\n", body.len()), body)
    }
}

/// A store whose service tells this of each request, by its first line and its number.
fn store(told: impl Fn(&str, usize) -> Told + Send + Sync + 'static) -> S3Store {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (told, count) = (Arc::new(told), Arc::new(AtomicUsize::new(0)));
    // Ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (told, count) = (told.clone(), count.clone());
            std::thread::spawn(move || {
                // The client hangs up when it has enough.
                let _ = serve(stream, |line| {
                    told(line, count.fetch_add(1, Ordering::Relaxed))
                });
            });
        }
    });
    let value = |name: &str| match name {
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some(String::from("key")),
        "LUMIMILL_S3_ENDPOINT" => Some(endpoint.clone()),
        _ => None,
    };
    let settings = S3Settings::read(&value).unwrap();
    let settings = settings.patience(Duration::from_millis(600));
    S3Store::open("s3://bucket/site".parse().unwrap(), settings).unwrap()
}

fn serve(mut stream: TcpStream, told: impl Fn(&str) -> Told) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let Told {
        head,
        body,
        endless,
    } = told(&first);
    stream.write_all(head.as_bytes())?;
    loop {
        stream.write_all(&body)?;
        match endless {
            None => return Ok(()),
            Some(pause) => std::thread::sleep(pause),
        }
    }
}

fn key(text: &str) -> Key {
    text.parse().unwrap()
}

/// Memory of this process at its highest, in MiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse::<usize>().ok()).unwrap() >> 10
}

async fn got(store: S3Store, name: &str) -> StoreError {
    let before = peak();
    let error = store.get(&key(name)).await.unwrap_err();
    // The kernel tells its highest from counts that are not quite up to date.
    let more = peak().saturating_sub(before);
    assert!(more < 256, "{more} MiB for: {error}");
    error
}

const NOW: Duration = Duration::ZERO;

#[tokio::test]
async fn an_object_larger_than_it_may_be_is_refused_by_its_announced_size() {
    for (length, known) in [("10000000000", true), ("18446744073709551615", false)] {
        let headers = format!("Content-Length: {length}\r\n");
        let store = store(move |_, _| Told::ok(&headers, vec![b' '; 1 << 16]).endless(NOW));
        let error = got(store, "_control.json").await;
        // What no length can be is refused by the client.
        assert_eq!(error.is_large(), known, "{error}");
        let words = "it has 10000000000 bytes, a control record has at most 65536";
        assert_eq!(error.to_string().contains(words), known, "{error}");
    }
}

#[tokio::test]
async fn an_object_without_a_length_is_not_taken_for_the_object() {
    let endless = store(|_, _| Told::ok("", vec![b' '; 1 << 16]).endless(NOW));
    let error = got(endless, "_control.json").await;
    assert!(
        error.to_string().contains("does not say how long it is"),
        "{error}"
    );
    assert!(error.is_transient(), "{error}");
    let short = store(|_, _| Told::ok("Content-Length: 1000\r\n", "{}"));
    assert!(got(short, "_control.json").await.is_transient());
}

#[tokio::test]
async fn a_range_that_is_another_one_or_longer_is_not_taken() {
    let ranges = [
        "Content-Length: 65536\r\nContent-Range: bytes 0-65535/65536\r\n",
        "Content-Length: 16\r\nContent-Range: bytes 4-19/65536\r\n",
        "Content-Range: bytes 0-15/65536\r\n",
    ];
    for headers in ranges {
        let store = store(move |_, _| Told::ok(headers, vec![b' '; 1 << 16]).endless(NOW));
        let found = store.get_range(&key("plan.parquet"), 0..16).await;
        assert!(found.is_err(), "{headers}: {found:?}");
    }
}

#[tokio::test]
async fn a_body_that_comes_by_the_drop_is_not_waited_for() {
    let drop = Duration::from_millis(100);
    let store = store(move |_, _| Told::ok("Content-Length: 60000\r\n", " ").endless(drop));
    let error = got(store, "_control.json").await;
    assert!(error.to_string().contains("stands still"), "{error}");
    assert!(error.is_transient(), "{error}");
}

/// As a TLS port answers a request without TLS: with 400, and a connection that is cut before the
/// reason is through.
#[tokio::test]
async fn a_refusal_whose_reason_breaks_off_is_asked_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let store = store(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        let mut told = Told::ok("Content-Length: 1000\r\n", "Client sent an HTTP");
        told.head = told.head.replace("200 OK", "400 Bad Request");
        told
    });
    let error = got(store, "_control.json").await;
    assert!(!error.is_transient(), "{error}");
    assert!(error.to_string().contains("may speak TLS"), "{error}");
    assert_eq!(asked.load(Ordering::Relaxed), 1, "{error}");
}

#[tokio::test]
async fn an_error_or_a_listing_without_an_end_fills_no_memory() {
    let failing = store(|_, _| {
        let mut told = Told::ok("", vec![b'x'; 1 << 16]).endless(NOW);
        told.head = told.head.replace("200 OK", "500 Oh");
        told
    });
    assert!(got(failing, "_control.json").await.is_transient());
    let listing = store(|_, _| Told::ok("", vec![b'x'; 1 << 16]).endless(NOW));
    let before = peak();
    let error = listing.list(&key("report")).await.unwrap_err();
    assert!(
        peak() - before < 256,
        "{} MiB for: {error}",
        peak() - before
    );
}

#[tokio::test]
async fn listings_that_go_round_or_on_for_ever_end() {
    let fresh = |number: usize| format!("t{number}");
    for (told, words) in [
        (
            store(|_, _| Told::page(&["site/report/a"], "again")),
            "round in circles",
        ),
        (
            store(move |_, number| Told::page(&[], &fresh(number))),
            "are empty",
        ),
        (
            store(|_, _| Told::page(&["site/elsewhere/a"], "t")),
            "which was not asked for",
        ),
    ] {
        let error = told.list(&key("report")).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.is_transient(), "{error}");
    }
}
