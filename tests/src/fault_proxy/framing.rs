//! As much of HTTP/1.1 as it takes to see where messages begin and end.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite};

use super::flow::{Flow, is_cut};

const LONGEST_HEAD: usize = 256 << 10;

/// The first line and the fields of a message.
#[derive(Debug)]
pub(super) struct Head {
    /// As it came, with the empty line.
    pub(super) bytes: Vec<u8>,
    /// Words of the first line.
    pub(super) first: [String; 3],
    /// Names in lower case.
    pub(super) fields: Vec<(String, String)>,
}

/// How the body of a message ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Length(u64),
    Chunked,
    UntilClosed,
}

/// Where messages go: on through the flow of their direction.
#[derive(Debug)]
pub(super) struct Outlet<W> {
    pub(super) flow: Flow,
    pub(super) to: W,
    /// The receiver takes no more.
    pub(super) broken: bool,
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    pub(super) fn new(flow: Flow, to: W) -> Self {
        Self {
            flow,
            to,
            broken: false,
        }
    }

    /// Passes bytes on, or drops them where nobody takes them.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.broken {
            match self.flow.pass(bytes, &mut self.to).await {
                Err(error) if is_cut(&error) => return Err(error),
                sent => self.broken = sent.is_err(),
            }
        }
        Ok(())
    }
}

impl Head {
    /// `None` when the connection ended before it.
    pub(super) async fn read<R: AsyncBufRead + Unpin>(from: &mut R) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        loop {
            let begin = bytes.len();
            let read = from.read_until(b'\n', &mut bytes).await?;
            match read {
                0 if begin == 0 => return Ok(None),
                0 => return Err(malformed("a head that breaks off")),
                _ if bytes.len() > LONGEST_HEAD => return Err(malformed("an endless head")),
                _ if begin > 0 && bytes[begin..].trim_ascii().is_empty() => break,
                _ => {}
            }
        }
        Ok(Some(Self::parse(bytes)))
    }

    fn parse(bytes: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = text.lines();
        let mut words = lines.next().unwrap_or_default().splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let first = [word(), word(), word()];
        let field = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let fields = lines.filter_map(field).collect();
        Self {
            bytes,
            first,
            fields,
        }
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn says(&self, name: &str, value: &str) -> bool {
        self.field(name)
            .is_some_and(|given| given.eq_ignore_ascii_case(value))
    }

    /// Framing of a request's body.
    pub(super) fn request_body(&self) -> io::Result<Body> {
        Ok(self.stated_body()?.unwrap_or(Body::Length(0)))
    }

    /// Framing of an answer's body.
    pub(super) fn answer_body(&self, to_method: &str) -> io::Result<Body> {
        if to_method == "HEAD" || matches!(self.status(), 100..200 | 204 | 304) {
            return Ok(Body::Length(0));
        }
        Ok(self.stated_body()?.unwrap_or(Body::UntilClosed))
    }

    pub(super) fn status(&self) -> u16 {
        self.first[1].parse().unwrap_or(0)
    }

    fn stated_body(&self) -> io::Result<Option<Body>> {
        if self.says("transfer-encoding", "chunked") {
            return Ok(Some(Body::Chunked));
        }
        let length = self.field("content-length").map(str::parse);
        let length = length.transpose();
        Ok(length.map_err(|_| malformed("a length"))?.map(Body::Length))
    }
}

impl Body {
    /// Reads the body to its end, into an outlet or into nowhere.
    pub(super) async fn carry<R, W>(
        self,
        from: &mut R,
        mut to: Option<&mut Outlet<W>>,
    ) -> io::Result<()>
    where
        R: AsyncBufRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        match self {
            Self::Length(length) => carry_bytes(length, from, &mut to).await,
            Self::Chunked => carry_chunks(from, &mut to).await,
            Self::UntilClosed => loop {
                let chunk = from.fill_buf().await?;
                let read = chunk.len();
                if read == 0 {
                    return Ok(());
                }
                send(chunk, &mut to).await?;
                from.consume(read);
            },
        }
    }
}

async fn carry_bytes<R, W>(
    mut left: u64,
    from: &mut R,
    to: &mut Option<&mut Outlet<W>>,
) -> io::Result<()>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    while left > 0 {
        let chunk = from.fill_buf().await?;
        if chunk.is_empty() {
            return Err(malformed("a body that breaks off"));
        }
        let taken = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        send(&chunk[..taken], to).await?;
        from.consume(taken);
        left -= taken as u64;
    }
    Ok(())
}

async fn carry_chunks<R, W>(from: &mut R, to: &mut Option<&mut Outlet<W>>) -> io::Result<()>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut line = String::new();
    let mut last = false;
    loop {
        line.clear();
        if from.read_line(&mut line).await? == 0 {
            return Err(malformed("chunks that break off"));
        }
        send(line.as_bytes(), to).await?;
        // After the last chunk come fields, and an empty line.
        match (last, line.trim()) {
            (true, "") => return Ok(()),
            (true, _) => {}
            (false, text) => {
                let digits = text.split(';').next().unwrap_or_default().trim();
                let size = u64::from_str_radix(digits, 16).map_err(|_| malformed("a chunk"))?;
                last = size == 0;
                if !last {
                    carry_bytes(size.saturating_add(2), from, to).await?;
                }
            }
        }
    }
}

async fn send<W>(bytes: &[u8], to: &mut Option<&mut Outlet<W>>) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
{
    match to {
        Some(outlet) => outlet.send(bytes).await,
        None => Ok(()),
    }
}

pub(super) fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not HTTP/1.1: {what}"))
}
