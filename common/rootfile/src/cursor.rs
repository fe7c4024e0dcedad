//! A bounds-checked reader over bytes in ROOT's big-endian form. It never panics.

use std::fmt;
use std::sync::Arc;

/// Bytes that are not what the format says: what is wrong, and where in the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    what: String,
    at: Option<usize>,
}

impl Malformed {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Malformed {
            what: what.into(),
            at: None,
        }
    }

    pub(crate) fn at(what: impl Into<String>, at: usize) -> Self {
        Malformed {
            what: what.into(),
            at: Some(at),
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some(at) => write!(f, "{} (at byte {at} of the record)", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// A position in a byte slice, and typed reads from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

macro_rules! number {
    ($name:ident, $type:ty) => {
        pub(crate) fn $name(&mut self) -> Result<$type, Malformed> {
            self.array().map(<$type>::from_be_bytes)
        }
    };
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, position: 0 }
    }

    pub(crate) fn starting_at(bytes: &'a [u8], position: usize) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes);
        cursor.seek(position)?;
        Ok(cursor)
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    pub(crate) fn seek(&mut self, position: usize) -> Result<(), Malformed> {
        if position > self.bytes.len() {
            let what = format!(
                "a part ends at byte {position}, past the record's {}",
                self.bytes.len()
            );
            return Err(Malformed::at(what, self.position));
        }
        self.position = position;
        Ok(())
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let Some(taken) = rest.get(..count) else {
            let what = format!("{count} bytes expected, {} left", rest.len());
            return Err(Malformed::at(what, self.position));
        };
        self.position += count;
        Ok(taken)
    }

    pub(crate) fn skip(&mut self, count: usize) -> Result<(), Malformed> {
        self.take(count).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let at = self.position;
        self.take(N)?
            .try_into()
            .map_err(|_| Malformed::at("a number is cut short", at))
    }

    number!(u8, u8);
    number!(u16, u16);
    number!(i16, i16);
    number!(u32, u32);
    number!(u64, u64);
    number!(i32, i32);
    number!(i64, i64);
    number!(f64, f64);

    /// A ROOT string: one length byte, or 255 and four more, then the bytes.
    pub(crate) fn text_bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = match self.u8()? {
            255 => self.u32()?,
            short => u32::from(short),
        };
        self.take(length as usize)
    }

    /// A ROOT string as text; bytes that are not UTF-8 become replacement characters.
    pub(crate) fn text(&mut self) -> Result<Arc<str>, Malformed> {
        self.text_bytes()
            .map(|bytes| Arc::from(String::from_utf8_lossy(bytes)))
    }

    /// Bytes up to a zero byte, which is passed over; at most `longest` of them.
    pub(crate) fn zero_ended(&mut self, longest: usize) -> Result<&'a [u8], Malformed> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let rest = rest.get(..=longest).unwrap_or(rest);
        let Some(length) = rest.iter().position(|&byte| byte == 0) else {
            return Err(Malformed::at("a class name has no end", self.position));
        };
        let text = self.take(length)?;
        self.skip(1)?;
        Ok(text)
    }

    /// A file position: four bytes, or eight in big files.
    pub(crate) fn seek_pointer(&mut self, wide: bool) -> Result<u64, Malformed> {
        if wide {
            self.u64()
        } else {
            self.u32().map(u64::from)
        }
    }
}
