//! A bounds-checked reader of envelopes, which are little-endian, and of the frames in them.

use std::sync::Arc;

use super::fault::Fault;
use crate::cursor::{Cursor, Malformed};

/// Bytes of a frame's size.
const SIZE_BYTES: usize = 8;
/// Size and count of a locator that is of another kind, and what its bits mean.
const LOCATOR_SIZE_MASK: u32 = 0xFFFF;
const LOCATOR_KIND_SHIFT: u32 = 24;
const LARGE_LOCATOR: u32 = 1;

/// A position in an envelope, and typed reads from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(Cursor<'a>);

/// Where bytes are in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Locator {
    pub(super) offset: u64,
    pub(super) stored: u64,
}

macro_rules! number {
    ($name:ident, $type:ty, $width:literal) => {
        pub(super) fn $name(&mut self) -> Result<$type, Malformed> {
            let mut number = [0; $width];
            number.copy_from_slice(self.0.take($width)?);
            Ok(<$type>::from_le_bytes(number))
        }
    };
}

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Cursor::new(bytes))
    }

    pub(super) fn remaining(&self) -> usize {
        self.0.remaining()
    }

    number!(u16, u16, 2);
    number!(u32, u32, 4);
    number!(u64, u64, 8);
    number!(i32, i32, 4);
    number!(i64, i64, 8);
    number!(f64, f64, 8);

    /// A string: its length, then its bytes; what is not UTF-8 becomes replacement characters.
    pub(super) fn text(&mut self) -> Result<Arc<str>, Malformed> {
        let length = self.u32()? as usize;
        let bytes = self.0.take(length)?;
        Ok(Arc::from(String::from_utf8_lossy(bytes)))
    }

    /// What is in the next frame, after which this goes on; and whether it is a list.
    fn frame(&mut self) -> Result<(Self, bool), Malformed> {
        let at = self.0.position();
        let size = self.i64()?;
        let length = usize::try_from(size.unsigned_abs()).ok();
        let length = length
            .and_then(|length| length.checked_sub(SIZE_BYTES))
            .filter(|&length| length <= self.remaining())
            .ok_or_else(|| Malformed::at(format!("a frame of {size} bytes"), at))?;
        let body = self.0.take(length)?;
        Ok((Self::new(body), size < 0))
    }

    /// What is in the next frame, which is a record.
    pub(super) fn record(&mut self) -> Result<Self, Malformed> {
        let at = self.0.position();
        match self.frame()? {
            (body, false) => Ok(body),
            _ => Err(Malformed::at("a list where a record is expected", at)),
        }
    }

    /// What is in the next frame, which is a list, and how many items, of `least` bytes or more.
    pub(super) fn list(&mut self, least: usize) -> Result<(Self, usize), Malformed> {
        let at = self.0.position();
        let (mut body, is_list) = self.frame()?;
        if !is_list {
            return Err(Malformed::at("a record where a list is expected", at));
        }
        let count = body.u32()? as usize;
        if count > body.remaining() / least.max(1) {
            let what = format!("a list of {count} items in {} bytes", body.remaining());
            return Err(Malformed::at(what, at));
        }
        Ok((body, count))
    }

    /// Where something is in the file.
    pub(super) fn locator(&mut self) -> Result<Locator, Fault> {
        let size = self.i32()?;
        if let Ok(stored) = u64::try_from(size) {
            let offset = self.u64()?;
            return Ok(Locator { offset, stored });
        }
        let word = size.unsigned_abs();
        let length = (word & LOCATOR_SIZE_MASK) as usize;
        let body = self.0.take(length.saturating_sub(size_of::<i32>()))?;
        let kind = word >> LOCATOR_KIND_SHIFT;
        if kind != LARGE_LOCATOR {
            let reason = format!("its data are not in the file itself (locators of kind {kind})");
            return Err(Fault::Unsupported(reason));
        }
        let mut body = Self::new(body);
        let stored = body.u64()?;
        let offset = body.u64()?;
        Ok(Locator { offset, stored })
    }

    /// Passes over the flags of features, none of which is known yet.
    pub(super) fn feature_flags(&mut self) -> Result<(), Fault> {
        loop {
            let word = self.i64()?;
            let flags = word & i64::MAX;
            if flags != 0 {
                let reason = format!(
                    "it uses features of RNTuple that this reader does not know (flags {flags:#x})"
                );
                return Err(Fault::Unsupported(reason));
            }
            if word >= 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Fault, Locator};

    #[test]
    fn locators_large_and_small() {
        let mut small = vec![7, 0, 0, 0];
        small.extend(9_u64.to_le_bytes());
        let found = Bytes::new(&small).locator().unwrap();
        assert_eq!(
            found,
            Locator {
                offset: 9,
                stored: 7
            }
        );
        let mut large = (-((1_i32 << 24) | 20)).to_le_bytes().to_vec();
        large.extend((1_u64 << 33).to_le_bytes());
        large.extend(9_u64.to_le_bytes());
        large.push(5);
        let mut bytes = Bytes::new(&large);
        let found = bytes.locator().unwrap();
        assert_eq!(
            found,
            Locator {
                offset: 9,
                stored: 1 << 33
            }
        );
        assert_eq!(bytes.remaining(), 1);
        let other = (-((2_i32 << 24) | 20)).to_le_bytes();
        let mut other = other.to_vec();
        other.extend([0; 16]);
        let error = Bytes::new(&other).locator().unwrap_err();
        assert!(matches!(error, Fault::Unsupported(_)), "{error:?}");
    }

    #[test]
    fn frames_end_where_they_say() {
        let mut bytes = 12_i64.to_le_bytes().to_vec();
        bytes.extend([1, 0, 0, 0, 9]);
        let mut all = Bytes::new(&bytes);
        assert_eq!(all.record().unwrap().u32().unwrap(), 1);
        assert_eq!(all.remaining(), 1);
        for size in [7_i64, 0, 1 << 40, i64::MIN] {
            let mut bytes = size.to_le_bytes().to_vec();
            bytes.extend([0; 8]);
            assert!(Bytes::new(&bytes).record().is_err(), "{size}");
            assert!(Bytes::new(&bytes).list(1).is_err(), "{size}");
        }
    }

    #[test]
    fn unknown_features_are_refused() {
        let mut flags = i64::MIN.to_le_bytes().to_vec();
        flags.extend(0_i64.to_le_bytes());
        assert!(Bytes::new(&flags).feature_flags().is_ok());
        let flags = 4_i64.to_le_bytes();
        let error = Bytes::new(&flags).feature_flags().unwrap_err();
        assert!(matches!(error, Fault::Unsupported(_)), "{error:?}");
    }
}
