//! How much memory a file may ask for: what it claims to hold, against what is there of it.
//!
//! ROOT's codecs make at most some thousand bytes of one (ZLIB 1,030), and what real detectors
//! measure far fewer. A claim beyond that is refused before memory is taken for it, unless it is
//! small.

use crate::cursor::Malformed;
use crate::error::{Error, Place};

/// No object or basket that is larger than this is read: ROOT's own buffers end there.
pub(crate) const LARGEST_OBJECT: u64 = 1 << 30;
/// Bytes that one stored byte may stand for.
const LARGEST_RATIO: u64 = 1100;
/// An object or basket that is no larger than this may be compressed as well as it likes.
const SMALL_OBJECT: u64 = 64 << 20;
/// The same for all baskets that are decompressed at once.
const SMALL_READ: u64 = 256 << 20;
/// The same for the pages of one column, of many: writers end them after 1 MiB unless told.
const SMALL_PAGES: u64 = 4 << 20;
/// And of all columns together.
const LARGEST_READ: u64 = 1 << 30;

/// Checks that an object of `stored` bytes may have `claimed` when it is decompressed.
pub(crate) fn check_claim(stored: usize, claimed: usize) -> Result<(), Malformed> {
    let (stored, claimed) = (stored as u64, claimed as u64);
    let allowed = SMALL_OBJECT.max(stored.saturating_mul(LARGEST_RATIO));
    if claimed <= allowed.min(LARGEST_OBJECT) {
        return Ok(());
    }
    Err(Malformed::new(format!(
        "it claims to hold {claimed} bytes in {stored}: at most {} are read of so many",
        allowed.min(LARGEST_OBJECT)
    )))
}

/// The memory that what is decompressed at once may take, where somebody set a limit.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MemoryLimit(Option<u64>);

impl MemoryLimit {
    pub(crate) fn new(bytes: Option<u64>) -> Self {
        MemoryLimit(bytes)
    }

    pub(crate) fn claims(self) -> Claims {
        self.claims_of(0)
    }

    /// Those of so many columns whose pages are decompressed side by side, as well packed as they like.
    pub(crate) fn claims_of(self, columns: usize) -> Claims {
        let pages = SMALL_PAGES.saturating_mul(columns as u64);
        Claims {
            limit: self.0,
            small: SMALL_READ.max(pages.min(LARGEST_READ)),
            stored: 0,
            claimed: 0,
        }
    }
}

/// What is to be decompressed at once.
#[derive(Debug)]
pub(crate) struct Claims {
    limit: Option<u64>,
    /// Bytes that may be as well packed as they like.
    small: u64,
    stored: u64,
    claimed: u64,
}

impl Claims {
    /// Adds an object, before it is decompressed.
    pub(crate) fn add(&mut self, stored: u64, claimed: u64, place: &Place) -> Result<(), Error> {
        self.stored = self.stored.saturating_add(stored);
        self.claimed = self.claimed.saturating_add(claimed);
        if let Some(limit) = self.limit.filter(|limit| self.claimed > *limit) {
            return Err(Error::TooMuchMemory {
                place: place.clone(),
                needed: self.claimed,
                limit,
            });
        }
        let fits = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        check_claim(fits(stored), fits(claimed)).map_err(|error| place.corrupt(error))?;
        let allowed = self.small.max(self.stored.saturating_mul(LARGEST_RATIO));
        if self.claimed > allowed {
            return Err(place.corrupt(format!(
                "its baskets claim to hold {} bytes in {}: at most {allowed} are read at once of \
                 so many; read fewer entries at a time",
                self.claimed, self.stored
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MemoryLimit, SMALL_OBJECT, check_claim};
    use crate::error::Place;

    #[test]
    fn claims_are_held_against_what_is_stored() {
        let small = SMALL_OBJECT as usize;
        assert!(check_claim(1, small).is_ok());
        assert!(check_claim(1, small + 1).is_err());
        assert!(check_claim(100_000, 110_000_000).is_ok());
        assert!(check_claim(100_000, 110_000_001).is_err());
        assert!(check_claim(1 << 30, 1 << 30).is_ok());
        assert!(check_claim(2 << 30, (1 << 30) + 1).is_err());
    }

    #[test]
    fn claims_add_up() {
        let place = Place::file("a.root");
        let mut claims = MemoryLimit::new(Some(100)).claims();
        assert!(claims.add(10, 60, &place).is_ok());
        let error = claims.add(10, 41, &place).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.root: 1 MiB would be decompressed at once, the limit is 1 MiB"
        );
        let mut claims = MemoryLimit::default().claims();
        let baskets = (0..100).map(|_| claims.add(100, 60 << 20, &place));
        assert_eq!(baskets.take_while(Result::is_ok).count(), 4);
    }
}
