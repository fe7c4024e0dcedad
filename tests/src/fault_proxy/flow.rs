//! One direction of a connection: bytes, and what holds them up or ends them.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

const CHUNK: usize = 16 << 10;
/// Time to read what came before a reset, which takes back what nobody has read.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// State of the line that all connections go over.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) partitioned: bool,
    pub(super) refusing: bool,
    /// For every chunk.
    pub(super) delay: Duration,
    /// For every HTTP request.
    pub(super) latency: Duration,
    /// Bytes after which a new connection is reset.
    pub(super) most_received: Option<u64>,
    pub(super) most_sent: Option<u64>,
    /// Times that all connections were reset.
    pub(super) cuts: u64,
}

/// One direction of one connection.
#[derive(Debug)]
pub(super) struct Flow {
    line: watch::Receiver<Line>,
    left: Option<u64>,
}

impl Flow {
    pub(super) fn new(line: watch::Receiver<Line>, most: Option<u64>) -> Self {
        Self { line, left: most }
    }

    /// Waits while there is a partition; the delay of the line.
    pub(super) async fn open(&mut self) -> io::Result<Duration> {
        let open = self.line.wait_for(|line| !line.partitioned).await;
        open.map(|line| line.delay).map_err(|_| cut())
    }

    /// Passes a chunk on, as the line allows.
    pub(super) async fn pass<W>(&mut self, chunk: &[u8], to: &mut W) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        let delay = self.open().await?;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
            self.open().await?;
        }
        if let Some(left) = &mut self.left {
            let most = usize::try_from(*left).unwrap_or(usize::MAX);
            if chunk.len() >= most {
                to.write_all(&chunk[..most]).await?;
                tokio::time::sleep(LAST_WORDS).await;
                return Err(cut());
            }
            *left -= chunk.len() as u64;
        }
        to.write_all(chunk).await
    }
}

/// Carries bytes both ways until both sides are done.
pub(super) async fn both_ways(
    client: &mut TcpStream,
    server: &mut TcpStream,
    sent: Flow,
    received: Flow,
) -> io::Result<()> {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let sending = one_way(from_client, to_server, sent);
    let receiving = one_way(from_server, to_client, received);
    tokio::try_join!(sending, receiving).map(|_| ())
}

async fn one_way(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut flow: Flow) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = from.read(&mut chunk).await?;
        if read == 0 {
            flow.open().await?;
            return to.shutdown().await;
        }
        flow.pass(&chunk[..read], &mut to).await?;
    }
}

/// The reason of a connection that the proxy itself ends.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut by the proxy")
    }
}

impl std::error::Error for Cut {}

pub(super) fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, Cut)
}

pub(super) fn is_cut(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Cut>())
}
