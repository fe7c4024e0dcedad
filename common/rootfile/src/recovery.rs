//! Files that were not closed: their keys, from the records themselves.
//!
//! What is done is what ROOT does (`TFile::Recover`), so that a file holds the same for both:
//! every record is looked at from the beginning of the file on, and each one of the top directory
//! is a key again, apart from baskets. A tree is then as it was saved last. Records in other
//! directories are found as far as those directories were saved.

use std::sync::Arc;

use crate::cursor::{Cursor, Malformed};
use crate::error::Error;
use crate::key::{Key, KeySizes};
use crate::record::read_into;
use crate::source::ReadAt;

/// Bytes of a record's start that are read, where the source does not ask for more at once.
const LEAST_READ: u64 = 1024;
/// Bytes that are read at once, at most.
const MOST_READ: u64 = 1 << 20;

/// What was found in a file's records.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// Keys of the top directory, in the order of the file.
    pub(crate) keys: Vec<Key>,
    /// Where the description of the file's classes is, and its length.
    pub(crate) classes_record: Option<(u64, u32)>,
}

/// Looks at all records of a file whose first is at `begin`, as far as they follow one another.
pub(crate) fn recover(source: &dyn ReadAt, begin: u64) -> Result<Recovered, Error> {
    let mut window = Window::new(source);
    let mut found = Recovered::default();
    let mut at = begin;
    while at < source.size() {
        let start = window.at(at)?;
        let Ok(step) = Step::read(start, begin) else {
            break;
        };
        match step {
            Step::Gap(length) => at = at.saturating_add(length),
            Step::Record { length, key } => {
                if at.saturating_add(length) > source.size() {
                    break;
                }
                if let Some(key) = key {
                    found.add(Key { seek: at, ..key });
                }
                at = at.saturating_add(length);
            }
        }
    }
    Ok(found)
}

impl Recovered {
    fn add(&mut self, key: Key) {
        if *key.name == *"StreamerInfo" {
            self.classes_record = Some((key.seek, key.total_length));
        } else {
            self.keys.push(key);
        }
    }
}

/// What is at a place between two records.
enum Step {
    /// A record that was deleted, with its length.
    Gap(u64),
    /// A record, with its key where it is one of the top directory.
    Record { length: u64, key: Option<Key> },
}

impl Step {
    fn read(bytes: &[u8], top: u64) -> Result<Self, Malformed> {
        let length = Cursor::new(bytes).i32()?;
        if length < 0 {
            return Ok(Step::Gap(u64::from(length.unsigned_abs())));
        }
        let mut cursor = Cursor::new(bytes);
        let sizes = KeySizes::read(&mut cursor)?;
        cursor.seek_pointer(sizes.wide)?;
        let directory = cursor.seek_pointer(sizes.wide)?;
        if u32::from(sizes.header_length) > sizes.total_length || length == 0 {
            return Err(Malformed::new("a record without its header"));
        }
        let class = cursor.text_bytes()?;
        let is_object = !matches!(class, b"TBasket" | b"TFile" | b"TDirectoryFile/TFile" | b"");
        let key = (directory == top && is_object)
            .then(|| Key::read(&mut Cursor::new(bytes)))
            .transpose()?;
        Ok(Step::Record {
            length: u64::from(sizes.total_length),
            key,
        })
    }
}

/// A part of the file that is in memory.
struct Window<'a> {
    source: &'a dyn ReadAt,
    start: u64,
    bytes: Vec<u8>,
    ahead: u64,
}

impl<'a> Window<'a> {
    fn new(source: &'a dyn ReadAt) -> Self {
        Window {
            source,
            start: 0,
            bytes: Vec::new(),
            ahead: source.worthwhile_gap().clamp(LEAST_READ, MOST_READ),
        }
    }

    /// The bytes from `at` on: a record's header at the least, or what is left of the file.
    fn at(&mut self, at: u64) -> Result<&[u8], Error> {
        let left = self.source.size().saturating_sub(at);
        let held = self.start.saturating_add(self.bytes.len() as u64);
        if at < self.start || at.saturating_add(LEAST_READ.min(left)) > held {
            read_into(self.source, at, left.min(self.ahead), &mut self.bytes)?;
            self.start = at;
        }
        let from = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..).unwrap_or_default())
    }
}

/// What a file that was not closed is read as, for a person.
pub(crate) fn describe(keys: &[Key]) -> Arc<str> {
    let objects = match keys.len() {
        1 => String::from("1 object"),
        count => format!("{count} objects"),
    };
    let text = format!(
        "was not closed: {objects} recovered from its records, as ROOT does; what was not saved \
         is lost"
    );
    Arc::from(text)
}
