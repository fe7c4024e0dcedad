//! Lines of the log, one an event: a break in what is said is indented, so that nobody takes what
//! follows for an event.

use std::io::{self, Write};

use lumimill_common::printable::printable_lines;
use lumimill_common::userinfo::hidden;
use tracing_subscriber::fmt::MakeWriter;

/// Writers of lines.
pub(super) struct Lines<W> {
    inner: W,
    /// Whether colours are in it; the subscriber has escaped everything else by then.
    colours: bool,
}

/// One event.
pub(super) struct Line<W> {
    inner: W,
    colours: bool,
}

impl<W> Lines<W> {
    pub(super) fn of(inner: W, colours: bool) -> Self {
        Self { inner, colours }
    }
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Lines<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line {
            inner: self.inner.make_writer(),
            colours: self.colours,
        }
    }
}

impl<W: Write> Write for Line<W> {
    /// Takes an event as a whole, as the subscriber writes them.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = hidden(text.strip_suffix('\n').unwrap_or(&text)).into_owned();
        let text = text.replace('\r', "\\r").replace('\n', "\n    ");
        let text = match self.colours {
            true => text,
            false => printable_lines(&text).into_owned(),
        };
        self.inner.write_all(format!("{text}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
