//! A connection that carries HTTP/1.1: requests pass one after the other, unless they are to fail.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::Shared;
use super::flow::Flow;
use super::framing::{Body, Head, Outlet, malformed};
use super::http_fault::{HttpFault, HttpRequest};

/// How long a client that sends more than the server wants is listened to, so that it sees the
/// answer instead of a reset.
const LINGER: Duration = Duration::from_millis(500);

/// Both connections, from the client and to the server.
struct Exchange<'a> {
    from_client: BufReader<ReadHalf<'a>>,
    to_client: Outlet<WriteHalf<'a>>,
    from_server: BufReader<ReadHalf<'a>>,
    to_server: Outlet<WriteHalf<'a>>,
}

/// Whether another request can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Next,
    Close,
}

/// Carries requests and answers until one side closes.
pub(super) async fn serve(
    client: &mut TcpStream,
    server: &mut TcpStream,
    sent: Flow,
    received: Flow,
    shared: &Shared,
) -> io::Result<()> {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let mut exchange = Exchange {
        from_client: BufReader::new(from_client),
        to_client: Outlet::new(received, to_client),
        from_server: BufReader::new(from_server),
        to_server: Outlet::new(sent, to_server),
    };
    loop {
        let head = tokio::select! {
            head = Head::read(&mut exchange.from_client) => head?,
            // Between two requests the server has nothing to say: it closes.
            _ = exchange.from_server.fill_buf() => None,
        };
        let Some(head) = head else { return Ok(()) };
        let latency = shared.line.borrow().latency;
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        let then = match shared.fault_of(&HttpRequest::from(&head)) {
            None => exchange.pass(&head).await?,
            Some(HttpFault::Answer { status, code }) => {
                exchange.answer(&head, status, code).await?
            }
            Some(HttpFault::Reset) => return exchange.end().await,
            Some(HttpFault::LoseAnswer) => {
                exchange.lose(&head).await?;
                return exchange.end().await;
            }
        };
        if then == Then::Close {
            return exchange.close().await;
        }
    }
}

impl Exchange<'_> {
    /// Passes a request and its answer. Both are on their way at the same time: a server may
    /// answer before it has read all.
    async fn pass(&mut self, head: &Head) -> io::Result<Then> {
        self.to_server.send(&head.bytes).await?;
        let body = head.request_body()?;
        let (then, all_sent) = {
            let sending = body.carry(&mut self.from_client, Some(&mut self.to_server));
            let receiving = receive(&mut self.from_server, Some(&mut self.to_client), head);
            tokio::pin!(sending, receiving);
            let mut all_sent = false;
            let then = loop {
                tokio::select! {
                    sent = &mut sending, if !all_sent => { sent?; all_sent = true; }
                    received = &mut receiving => break received?,
                }
            };
            if then == Then::Next && !all_sent {
                sending.await?;
                all_sent = true;
            }
            (then, all_sent)
        };
        match all_sent && !self.to_server.broken {
            true => Ok(then),
            false => Ok(Then::Close),
        }
    }

    /// Passes a request and drops its answer.
    async fn lose(&mut self, head: &Head) -> io::Result<()> {
        self.to_server.send(&head.bytes).await?;
        self.invite(head).await?;
        let body = head.request_body()?;
        let sending = body.carry(&mut self.from_client, Some(&mut self.to_server));
        sending.await?;
        let nowhere = None::<&mut Outlet<WriteHalf<'_>>>;
        receive(&mut self.from_server, nowhere, head).await?;
        Ok(())
    }

    /// Reads a request to its end and answers in the server's place.
    async fn answer(&mut self, head: &Head, status: u16, code: &str) -> io::Result<Then> {
        self.invite(head).await?;
        let nowhere = None::<&mut Outlet<WriteHalf<'_>>>;
        let body = head.request_body()?;
        body.carry(&mut self.from_client, nowhere).await?;
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>made by the proxy</Message></Error>"
        );
        let document = if head.first[0] == "HEAD" {
            ""
        } else {
            &document
        };
        let answer = format!(
            "HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n\
             {document}",
            document.len()
        );
        self.to_client.send(answer.as_bytes()).await?;
        Ok(Then::Next)
    }

    /// Tells a client that waits for it to send the body.
    async fn invite(&mut self, head: &Head) -> io::Result<()> {
        match head.says("expect", "100-continue") {
            true => self.to_client.send(b"HTTP/1.1 100 Continue\r\n\r\n").await,
            false => Ok(()),
        }
    }

    /// The reset that was asked for, when bytes may pass.
    async fn end(&mut self) -> io::Result<()> {
        self.to_client.flow.open().await?;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    }

    /// An orderly end.
    async fn close(&mut self) -> io::Result<()> {
        self.to_client.to.shutdown().await?;
        let nowhere = None::<&mut Outlet<WriteHalf<'_>>>;
        let rest = Body::UntilClosed.carry(&mut self.from_client, nowhere);
        let rest = tokio::time::timeout(LINGER, rest).await;
        rest.unwrap_or(Ok(()))
    }
}

/// Reads the answer to a request, those before the last one included.
async fn receive<W: AsyncWrite + Unpin>(
    from: &mut BufReader<ReadHalf<'_>>,
    mut to: Option<&mut Outlet<W>>,
    request: &Head,
) -> io::Result<Then> {
    let mut waits = request.says("expect", "100-continue");
    loop {
        let head = Head::read(from).await?;
        let head = head.ok_or_else(|| malformed("no answer"))?;
        if let Some(outlet) = &mut to {
            outlet.send(&head.bytes).await?;
        }
        if head.status() == 100 {
            waits = false;
        }
        if (100..200).contains(&head.status()) {
            continue;
        }
        let body = head.answer_body(&request.first[0])?;
        body.carry(from, to).await?;
        let closes = head.says("connection", "close") || request.says("connection", "close");
        // A client that was not invited to send its body does not send it.
        return match closes || waits || body == Body::UntilClosed {
            true => Ok(Then::Close),
            false => Ok(Then::Next),
        };
    }
}
