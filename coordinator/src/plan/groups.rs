//! Events that rows of flat tables are put together to: where files may be cut, which is where keys
//! change, and keys that come back.

use std::collections::HashSet;
use std::ops::Range;

use arrow_array::RecordBatch;
use lumimill_common::campaign::Grouping;
use lumimill_worker::grouped::key_values;
use lumimill_worker::input::{self, EventFile, EventTable};
use thiserror::Error;

use super::event_columns::batches;

/// Events of a file, or of all files of a stage, that are held at once, at most: few in unit tests, so
/// that they see every way.
pub(super) const MOST_HELD: usize = if cfg!(test) { 64 } else { 1 << 22 };

/// What tells an event apart: its keys, or for many of them their hash.
pub(super) type GroupKey = u128;

/// Why rows of a file cannot be put together to events.
#[derive(Debug, Error)]
pub enum GroupError {
    /// The file cannot be read; the message names file, tree and branch.
    #[error(transparent)]
    File(#[from] input::Error),
    /// A key is not there, or no whole number.
    #[error("{file}: tree {tree:?}: {message}")]
    Key {
        /// The file.
        file: String,
        /// The tree.
        tree: String,
        /// What is wrong.
        message: String,
    },
    /// Rows of an event are not together.
    #[error(
        "{file}: tree {tree:?}: {key} comes back in entry {again}, after other events: rows of an \
         event must be together, so sort the file by {keys}"
    )]
    ComesBack {
        /// The file.
        file: String,
        /// The tree.
        tree: String,
        /// The keys with their values.
        key: String,
        /// The entry that has them again.
        again: u64,
        /// The keys.
        keys: String,
    },
    /// Events are not in order, and too many to be remembered.
    #[error(
        "{file}: tree {tree:?}: more than {MOST_HELD} events that are not in ascending order of {keys}: \
         whether one comes back cannot be told, so sort the file by {keys}"
    )]
    TooMany {
        /// The file.
        file: String,
        /// The tree.
        tree: String,
        /// The keys.
        keys: String,
    },
    /// Certification asks for keys that are not named.
    #[error(
        "rows.group_by has no {branch:?}, and certification needs run and luminosityBlock of each event: \
         add them, or take out [certification]"
    )]
    Uncertifiable {
        /// The missing key.
        branch: &'static str,
    },
}

/// Where a file may be cut, and the events that it has.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    pub(super) pieces: Vec<Range<u64>>,
    /// Of each event, ascending; none of too many.
    pub(super) keys: Option<Vec<GroupKey>>,
}

impl Grouped {
    /// Moves the ends of pieces to where the next event begins.
    pub(super) fn of(
        file: &EventFile,
        tree: &EventTable,
        grouping: &Grouping,
        pieces: impl Iterator<Item = Range<u64>>,
    ) -> Result<Self, GroupError> {
        let mut walk = Walk {
            pieces: pieces.peekable(),
            moved: Vec::new(),
            start: 0,
            seen: Seen::default(),
        };
        let keys: Vec<&str> = grouping.keys.iter().map(String::as_str).collect();
        let place = |message: String| GroupError::Key {
            file: file.name().to_owned(),
            tree: tree.name().to_owned(),
            message,
        };
        let absent = keys.iter().find(|key| tree.column(key).is_none());
        if let Some(key) = absent {
            return Err(place(format!("no branch {key:?} to group rows by")));
        }
        let mut reader = tree.reader(&keys)?;
        let mut last: Option<Vec<u64>> = None;
        for batch in batches(0..tree.entries()) {
            let rows: RecordBatch = reader.read(batch.clone())?;
            let values = key_values(&rows, &grouping.keys).map_err(place)?;
            for (row, entry) in batch.enumerate() {
                let key: Vec<u64> = values
                    .iter()
                    .map(|of| of.get(row).copied().unwrap_or(0))
                    .collect();
                if last.as_ref() == Some(&key) {
                    continue;
                }
                walk.begin(entry);
                let held = walk.seen.add(&key, last.as_deref());
                held.map_err(|wrong| wrong.named(file, tree, grouping, (&key, entry)))?;
                last = Some(key);
            }
        }
        walk.begin(tree.entries());
        Ok(Self {
            pieces: walk.moved,
            keys: walk.seen.sorted(),
        })
    }
}

/// A walk over the events of a file.
struct Walk<I: Iterator<Item = Range<u64>>> {
    pieces: std::iter::Peekable<I>,
    moved: Vec<Range<u64>>,
    start: u64,
    seen: Seen,
}

impl<I: Iterator<Item = Range<u64>>> Walk<I> {
    /// An event begins here, or the file ends.
    fn begin(&mut self, entry: u64) {
        let mut is_end = false;
        while self.pieces.next_if(|piece| piece.end <= entry).is_some() {
            is_end = true;
        }
        if is_end && entry > self.start {
            self.moved.push(self.start..entry);
            self.start = entry;
        }
    }
}

/// The events that a walk has met.
#[derive(Debug, Default)]
struct Seen {
    keys: Vec<GroupKey>,
    /// The same, where events are not in ascending order.
    held: Option<HashSet<GroupKey>>,
    is_full: bool,
}

/// What is wrong with an event.
enum Wrong {
    ComesBack,
    TooMany,
}

impl Wrong {
    fn named(
        &self,
        file: &EventFile,
        tree: &EventTable,
        grouping: &Grouping,
        (key, again): (&[u64], u64),
    ) -> GroupError {
        let (file, tree) = (file.name().to_owned(), tree.name().to_owned());
        let keys = grouping.keys.join(", ");
        match self {
            Self::TooMany => GroupError::TooMany { file, tree, keys },
            Self::ComesBack => {
                let named = grouping.keys.iter().zip(key);
                let named = named.map(|(name, value)| format!("{name} {}", value.cast_signed()));
                let key = named.collect::<Vec<_>>().join(", ");
                GroupError::ComesBack {
                    file,
                    tree,
                    key,
                    again,
                    keys,
                }
            }
        }
    }
}

impl Seen {
    /// Meets an event after another one.
    fn add(&mut self, key: &[u64], last: Option<&[u64]>) -> Result<(), Wrong> {
        let id = id_of(key);
        let ascends = last.is_none_or(|last| last < key);
        if self.held.is_none() && !ascends {
            if self.is_full {
                return Err(Wrong::TooMany);
            }
            self.held = Some(self.keys.iter().copied().collect());
        }
        if self.held.as_mut().is_some_and(|held| !held.insert(id)) {
            return Err(Wrong::ComesBack);
        }
        match self.keys.len() < MOST_HELD {
            true => self.keys.push(id),
            // In order, no more need be remembered to tell that none comes back.
            false if self.held.is_none() => self.is_full = true,
            false => return Err(Wrong::TooMany),
        }
        Ok(())
    }

    fn sorted(mut self) -> Option<Vec<GroupKey>> {
        self.keys.sort_unstable();
        (!self.is_full).then_some(self.keys)
    }
}

/// One or two keys as they are, more by their hash.
fn id_of(key: &[u64]) -> GroupKey {
    match key {
        [one] => GroupKey::from(*one),
        [one, two] => (GroupKey::from(*one) << 64) | GroupKey::from(*two),
        many => {
            let mut hash = blake3::Hasher::new();
            for part in many {
                hash.update(&part.to_le_bytes());
            }
            let mut bytes = [0; 16];
            hash.finalize_xof().fill(&mut bytes);
            GroupKey::from_le_bytes(bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(keys: &[u64], ends: &[u64]) -> Result<Vec<Range<u64>>, bool> {
        let pieces = ends.windows(2).filter_map(|ends| match ends {
            [start, end] => Some(*start..*end),
            _ => None,
        });
        let mut walk = Walk {
            pieces: pieces.peekable(),
            moved: Vec::new(),
            start: 0,
            seen: Seen::default(),
        };
        let mut last: Option<[u64; 1]> = None;
        for (entry, key) in (0..).zip(keys) {
            if last == Some([*key]) {
                continue;
            }
            walk.begin(entry);
            let held = walk.seen.add(&[*key], last.as_ref().map(|last| &last[..]));
            held.map_err(|wrong| matches!(wrong, Wrong::ComesBack))?;
            last = Some([*key]);
        }
        walk.begin(keys.len() as u64);
        Ok(walk.moved)
    }

    #[test]
    fn pieces_end_where_an_event_does() {
        let keys = [1, 1, 1, 2, 2, 3, 4, 4, 4, 4];
        assert_eq!(walked(&keys, &[0, 2, 5, 10]).unwrap(), [0..3, 3..5, 5..10]);
        assert_eq!(walked(&keys, &[0, 1, 2, 10]).unwrap(), [0..3, 3..10]);
        assert_eq!(
            walked(&keys, &[0, 7, 8, 9, 10]).unwrap().first(),
            Some(&(0..10))
        );
        assert!(walked(&[], &[0, 0]).unwrap().is_empty());
    }

    #[test]
    fn an_event_that_comes_back_is_found_in_whatever_order() {
        assert_eq!(walked(&[1, 2, 2, 1], &[0, 4]), Err(true));
        assert_eq!(walked(&[9, 3, 5, 4, 9], &[0, 5]), Err(true));
        assert!(walked(&[9, 3, 5, 4, 8], &[0, 5]).is_ok());
        let ascending: Vec<u64> = (0..200).collect();
        assert!(walked(&ascending, &[0, 200]).is_ok(), "in order any number");
        let mut many = ascending.clone();
        many.push(7);
        assert_eq!(walked(&many, &[0, 201]), Err(false), "too many to tell");
    }
}
