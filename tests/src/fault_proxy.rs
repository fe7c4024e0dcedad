//! A TCP proxy that breaks what goes through it, on demand: what stands between a client and its
//! server in the tests of failures.
//!
//! [`FaultProxy::to`] knows nothing of what it carries; [`FaultProxy::http_to`] also reads
//! HTTP/1.1, so that single requests can fail. Faults change while connections are open.

mod exchange;
mod flow;
mod framing;
mod http_fault;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};

use self::flow::{Flow, Line};
use self::http_fault::Judge;

pub use http_fault::{HttpFault, HttpRequest, at_random};

/// A running proxy on a free loopback port. Dropping it closes its connections and stops it.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
}

/// What the proxy's connections look at.
#[derive(Debug)]
struct Shared {
    target: u16,
    reads_http: bool,
    line: watch::Sender<Line>,
    judge: Mutex<Option<Judge>>,
    connections: AtomicU64,
    requests: AtomicU64,
    faults: AtomicU64,
    stop: Notify,
}

impl FaultProxy {
    /// A proxy to a loopback port, for any protocol.
    #[must_use]
    pub fn to(port: u16) -> Self {
        Self::start(port, false)
    }

    /// A proxy to a loopback port that speaks HTTP/1.1.
    #[must_use]
    pub fn http_to(port: u16) -> Self {
        Self::start(port, true)
    }

    fn start(target: u16, reads_http: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            target,
            reads_http,
            line: watch::Sender::new(Line::default()),
            judge: Mutex::new(None),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            stop: Notify::new(),
        });
        let serving = shared.clone();
        let server = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            // What is open when this returns is closed with the runtime.
            runtime.block_on(accept(listener, serving));
        });
        Self {
            port,
            shared,
            server: Some(server),
        }
    }

    /// The port to connect to instead of the server's.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same with the host, such as `127.0.0.1:4711`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends every fault: all passes again.
    pub fn pass(&self) {
        self.change(|line| {
            *line = Line {
                cuts: line.cuts,
                ..Line::default()
            }
        });
        self.set_judge(None);
    }

    /// A black hole: connections stay open, new ones are made, and no byte passes either way.
    pub fn partition(&self) {
        self.shared.count_fault();
        self.change(|line| line.partitioned = true);
    }

    /// Ends a partition; what was sent meanwhile arrives.
    pub fn heal(&self) {
        self.change(|line| line.partitioned = false);
    }

    /// Resets every open connection, at once, on both sides.
    pub fn cut(&self) {
        self.shared.count_fault();
        self.change(|line| line.cuts += 1);
    }

    /// Resets new connections, or lets them in again.
    pub fn refuse(&self, refuse: bool) {
        self.change(|line| line.refusing = refuse);
    }

    /// Delays every chunk of bytes, in both directions.
    pub fn slow(&self, delay: Duration) {
        self.change(|line| line.delay = delay);
    }

    /// Passes every HTTP request on after a while, as a server that is so far away; bytes come as fast
    /// as before. Only for a proxy that reads HTTP.
    pub fn far(&self, latency: Duration) {
        assert!(self.shared.reads_http, "this proxy does not read HTTP");
        self.change(|line| line.latency = latency);
    }

    /// Resets every new connection once it brought so many bytes from the server.
    pub fn cut_after(&self, bytes: u64) {
        self.change(|line| line.most_received = Some(bytes));
    }

    /// Resets every new connection once it took so many bytes to the server.
    pub fn cut_after_sent(&self, bytes: u64) {
        self.change(|line| line.most_sent = Some(bytes));
    }

    /// Asks this about every HTTP request; what it says is done instead of passing it on. Only
    /// for a proxy that reads HTTP.
    pub fn inject<F>(&self, judge: F)
    where
        F: Fn(&HttpRequest) -> Option<HttpFault> + Send + Sync + 'static,
    {
        assert!(self.shared.reads_http, "this proxy does not read HTTP");
        self.set_judge(Some(Judge(Arc::new(judge))));
    }

    /// Connections accepted so far, those that were reset at once included.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// HTTP requests seen so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// Faults so far: partitions, cuts, connections reset and requests not passed on.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.shared.faults.load(Ordering::SeqCst)
    }

    fn change(&self, change: impl FnOnce(&mut Line)) {
        self.shared.line.send_modify(change);
    }

    fn set_judge(&self, judge: Option<Judge>) {
        let held = &self.shared.judge;
        *held.lock().unwrap_or_else(PoisonError::into_inner) = judge;
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.stop.notify_one();
        if let Some(server) = self.server.take() {
            // A panic of it has been printed already.
            let _ = server.join();
        }
    }
}

impl Shared {
    fn count_fault(&self) {
        self.faults.fetch_add(1, Ordering::SeqCst);
    }

    fn fault_of(&self, request: &HttpRequest) -> Option<HttpFault> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let held = self.judge.lock().unwrap_or_else(PoisonError::into_inner);
        let judge = held.clone();
        drop(held);
        let fault = judge.and_then(|judge| (judge.0)(request));
        if fault.is_some() {
            self.count_fault();
        }
        fault
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    loop {
        tokio::select! {
            () = shared.stop.notified() => return,
            Ok((client, _)) = listener.accept() => {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let line = shared.line.subscribe();
                tokio::spawn(connection(client, line, shared.clone()));
            }
        }
    }
}

/// One connection from its beginning to its end, orderly or not.
async fn connection(mut client: TcpStream, line: watch::Receiver<Line>, shared: Arc<Shared>) {
    let first = line.borrow().clone();
    if first.refusing {
        shared.count_fault();
        return reset(&client);
    }
    let mut server = None;
    let mut cuts = line.clone();
    let ended = tokio::select! {
        ended = carry(&mut client, &mut server, &first, &line, &shared) => ended,
        _ = cuts.wait_for(|line| line.cuts != first.cuts) => Err(flow::cut()),
    };
    if ended.is_err() {
        reset(&client);
        server.as_ref().map(reset).unwrap_or_default();
    }
}

async fn carry(
    client: &mut TcpStream,
    server: &mut Option<TcpStream>,
    first: &Line,
    line: &watch::Receiver<Line>,
    shared: &Shared,
) -> io::Result<()> {
    let mut sent = Flow::new(line.clone(), first.most_sent);
    let received = Flow::new(line.clone(), first.most_received);
    sent.open().await?;
    let server = server.insert(TcpStream::connect((Ipv4Addr::LOCALHOST, shared.target)).await?);
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ended = match shared.reads_http {
        true => exchange::serve(client, server, sent, received, shared).await,
        false => flow::both_ways(client, server, sent, received).await,
    };
    if ended.as_ref().is_err_and(flow::is_cut) {
        shared.count_fault();
    }
    ended
}

/// Makes the end of a connection a reset.
fn reset(stream: &TcpStream) {
    // It may be gone already.
    let _ = stream.set_zero_linger();
}
