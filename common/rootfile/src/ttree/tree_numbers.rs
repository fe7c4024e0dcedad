//! The numbers of a tree, whose layout depends on its version.

use crate::cursor::{Cursor, Malformed};
use crate::file::RootFile;
use crate::object::skip_object;
use crate::streamer::Member;

/// The versions whose layout is known; others are read as the file describes them.
const KNOWN: std::ops::RangeInclusive<u16> = 16..=20;

/// The numbers of a tree that matter for reading it.
#[derive(Debug, Default)]
pub(crate) struct TreeNumbers {
    pub(crate) entries: i64,
    /// Entries in a cluster when positive.
    pub(crate) auto_flush: i64,
    /// The last entry and the cluster size of each range of clusters of one size.
    pub(crate) cluster_ranges: Vec<(i64, i64)>,
}

impl TreeNumbers {
    /// Reads what lies between a tree's base classes and its branches.
    pub(crate) fn read(
        cursor: &mut Cursor<'_>,
        version: u16,
        file: &RootFile,
    ) -> Result<Self, Malformed> {
        if KNOWN.contains(&version) {
            return Self::read_known(cursor, version);
        }
        let members = file
            .classes()
            .and_then(|classes| classes.class("TTree", version.into()))
            .map(|class| class.members.as_slice());
        match members {
            Some(members) => Self::read_described(cursor, members),
            None if version > *KNOWN.end() => Self::read_known(cursor, *KNOWN.end()),
            None => Self::read_oldest(cursor, version),
        }
    }

    fn read_known(cursor: &mut Cursor<'_>, version: u16) -> Result<Self, Malformed> {
        let mut numbers = TreeNumbers {
            entries: cursor.i64()?,
            ..TreeNumbers::default()
        };
        cursor.skip(24)?; // sizes: total, stored, saved
        if version > 17 {
            cursor.skip(8)?; // flushed
        }
        cursor.skip(8 + 12)?; // weight, timer, scan field, update
        if version > 16 {
            cursor.skip(4)?; // the size of entry offsets
        }
        let ranges = if version > 18 { cursor.i32()? } else { 0 };
        cursor.skip(32)?; // limits of entries, loop and memory; auto-save
        if version > 17 {
            numbers.auto_flush = cursor.i64()?;
        }
        cursor.skip(8)?; // the estimate
        if version > 18 {
            let (ends, sizes) = (read_array(cursor, ranges)?, read_array(cursor, ranges)?);
            numbers.cluster_ranges = ends.into_iter().zip(sizes).collect();
        }
        if version > 19 {
            skip_object(cursor, "TIOFeatures")?;
        }
        Ok(numbers)
    }

    /// Reads the members that the file says the class has, up to the branches.
    fn read_described(cursor: &mut Cursor<'_>, members: &[Member]) -> Result<Self, Malformed> {
        let mut numbers = TreeNumbers::default();
        let (mut ranges, mut ends, mut sizes) = (0, Vec::new(), Vec::new());
        for member in members
            .iter()
            .skip_while(|member| *member.type_name == *"BASE")
        {
            match (&*member.name, member.kind) {
                ("fBranches", _) => break,
                ("fEntries", 8) => numbers.entries = cursor.f64()? as i64,
                ("fEntries", _) => numbers.entries = cursor.i64()?,
                ("fAutoFlush", _) => numbers.auto_flush = cursor.i64()?,
                ("fNClusterRange", _) => ranges = cursor.i32()?,
                ("fClusterRangeEnd", _) => ends = read_array(cursor, ranges)?,
                ("fClusterSize", _) => sizes = read_array(cursor, ranges)?,
                (_, kind) => match width_of(kind) {
                    Some(width) => cursor.skip(width)?,
                    None => skip_object(cursor, &member.type_name)?,
                },
            }
        }
        numbers.cluster_ranges = ends.into_iter().zip(sizes).collect();
        Ok(numbers)
    }

    /// The layouts of before there was `fMaxEntries`, for files that do not describe them.
    fn read_oldest(cursor: &mut Cursor<'_>, version: u16) -> Result<Self, Malformed> {
        let mut numbers = TreeNumbers::default();
        if version < 5 {
            cursor.skip(12)?; // scan field, limits of loop and memory
        }
        numbers.entries = cursor.f64()? as i64;
        cursor.skip(16)?; // sizes: total, stored
        if version < 5 {
            cursor.skip(8)?; // auto-save, estimate
        } else {
            cursor.skip(8 + 28)?; // saved; timer to estimate
        }
        Ok(numbers)
    }
}

/// Bytes of a basic type.
fn width_of(kind: i32) -> Option<usize> {
    Some(match kind {
        1 | 11 | 18 => 1,
        2 | 12 => 2,
        3 | 5 | 6 | 13 | 15 => 4,
        4 | 8 | 14 | 16 | 17 => 8,
        _ => return None,
    })
}

/// An array of `count` numbers, after a byte that says whether it is there.
fn read_array(cursor: &mut Cursor<'_>, count: i32) -> Result<Vec<i64>, Malformed> {
    let at = cursor.position();
    let count = usize::try_from(count)
        .map_err(|_| Malformed::at(format!("{count} ranges of clusters"), at))?;
    if cursor.u8()? == 0 {
        return Ok(Vec::new());
    }
    let bytes = cursor.take(count.saturating_mul(8))?;
    Ok(bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|&chunk| i64::from_be_bytes(chunk))
        .collect())
}
