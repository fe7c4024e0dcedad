//! A branch as the file describes it: sizes, leaves, sub-branches and where its baskets are.

use std::sync::Arc;

use crate::cursor::{Cursor, Malformed};
use crate::object::{Header, read_named, skip_object};

/// One branch. Its arrays of baskets stay in the record until they are needed.
#[derive(Debug, Clone)]
pub(crate) struct BranchRecord {
    pub(crate) class: BranchClass,
    pub(crate) name: Arc<str>,
    pub(crate) title: Arc<str>,
    pub(crate) compression: i32,
    /// Baskets on disk; the one after them may be in memory.
    pub(crate) write_basket: usize,
    pub(crate) entries: i64,
    pub(crate) total_bytes: i64,
    pub(crate) stored_bytes: i64,
    pub(crate) arrays: BasketArrays,
    /// Where the baskets within the tree's own record begin and end.
    pub(crate) embedded: Vec<(usize, usize)>,
    /// Indices of leaves of the tree.
    pub(crate) leaves: Vec<usize>,
    /// Indices of branches of the tree.
    pub(crate) children: Vec<usize>,
    /// The file with the baskets when it is another one.
    pub(crate) other_file: Arc<str>,
}

/// What kind of branch it is.
#[derive(Debug, Clone)]
pub(crate) enum BranchClass {
    /// Values that leaves describe fully.
    Plain,
    /// An object or a member of one.
    Element(ElementMembers),
    /// Any other class, of this name.
    Other(Arc<str>),
}

/// What a `TBranchElement` adds to a branch.
#[derive(Debug, Clone)]
pub(crate) struct ElementMembers {
    /// The class of the object that the branch is, or is a member of.
    pub(crate) class_name: Arc<str>,
    pub(crate) class_version: i32,
    /// The number of the member, negative for an object of its own.
    pub(crate) id: i32,
    /// ROOT's kind of branch: 3, 4, 31, 41 for collections and their members.
    pub(crate) kind: i32,
    /// ROOT's number for the type of the member.
    pub(crate) streamer_type: i32,
}

/// Positions in the tree's record of the arrays that say where baskets are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BasketArrays {
    pub(crate) slots: usize,
    pub(crate) bytes: Option<usize>,
    pub(crate) entries: Option<usize>,
    pub(crate) entries_wide: bool,
    pub(crate) seeks: Option<usize>,
    pub(crate) seeks_wide: bool,
}

/// The numbers in a branch, before its arrays.
#[derive(Debug)]
pub(crate) struct BranchNumbers {
    pub(crate) compression: i32,
    pub(crate) write_basket: i32,
    pub(crate) slots: i32,
    pub(crate) entries: i64,
    pub(crate) total_bytes: i64,
    pub(crate) stored_bytes: i64,
}

impl BranchNumbers {
    /// Reads what follows a branch's names, whose layout depends on its version.
    pub(crate) fn read(cursor: &mut Cursor<'_>, version: u16) -> Result<Self, Malformed> {
        if version > 7 {
            skip_object(cursor, "TAttFill")?;
        }
        let compression = cursor.i32()?;
        cursor.skip(8)?; // sizes of a basket and of its entry offsets
        if version < 6 {
            return Self::read_oldest(cursor, compression);
        }
        let write_basket = cursor.i32()?;
        cursor.skip(if version > 9 { 8 } else { 4 })?; // the entry being written
        if version > 12 {
            skip_object(cursor, "TIOFeatures")?;
        }
        cursor.skip(4)?; // the offset in its structure
        let slots = cursor.i32()?;
        if version > 6 {
            cursor.skip(4)?; // the split level
        }
        let whole = |cursor: &mut Cursor<'_>| -> Result<i64, Malformed> {
            if version > 9 {
                cursor.i64()
            } else {
                cursor.f64().map(|number| number as i64)
            }
        };
        let entries = whole(cursor)?;
        if version > 10 {
            cursor.skip(8)?; // the first entry
        }
        let (total_bytes, stored_bytes) = (whole(cursor)?, whole(cursor)?);
        Ok(BranchNumbers {
            compression,
            write_basket,
            slots,
            entries,
            total_bytes,
            stored_bytes,
        })
    }

    fn read_oldest(cursor: &mut Cursor<'_>, compression: i32) -> Result<Self, Malformed> {
        let slots = cursor.i32()?;
        let write_basket = cursor.i32()?;
        cursor.skip(4)?; // the entry being written
        let entries = cursor.f64()? as i64;
        let total_bytes = cursor.f64()? as i64;
        let stored_bytes = cursor.f64()? as i64;
        cursor.skip(4)?; // the offset in its structure
        Ok(BranchNumbers {
            compression,
            write_basket,
            slots,
            entries,
            total_bytes,
            stored_bytes,
        })
    }
}

impl BasketArrays {
    /// Passes over the three arrays, remembering where they are.
    pub(crate) fn read(
        cursor: &mut Cursor<'_>,
        version: u16,
        slots: i32,
    ) -> Result<Self, Malformed> {
        let at = cursor.position();
        let slots = usize::try_from(slots)
            .map_err(|_| Malformed::at(format!("a branch of {slots} baskets"), at))?;
        let mut arrays = BasketArrays {
            slots,
            entries_wide: version > 9,
            ..Self::default()
        };
        if version < 6 {
            // Counted arrays of four-byte numbers.
            arrays.entries = counted(cursor, slots)?;
            arrays.bytes = if version > 4 {
                counted(cursor, slots)?
            } else {
                None
            };
            return Ok(arrays);
        }
        arrays.bytes = flagged(cursor, slots, |_| 4)?.map(|(_, at)| at);
        let entry_width = if arrays.entries_wide { 8 } else { 4 };
        arrays.entries = flagged(cursor, slots, |_| entry_width)?.map(|(_, at)| at);
        let wide = |flag: u8| version > 9 || flag == 2;
        let seeks = flagged(cursor, slots, |flag| if wide(flag) { 8 } else { 4 })?;
        if let Some((flag, at)) = seeks {
            (arrays.seeks, arrays.seeks_wide) = (Some(at), wide(flag));
        }
        Ok(arrays)
    }
}

/// An array after a byte that says whether it is there.
fn flagged(
    cursor: &mut Cursor<'_>,
    slots: usize,
    width: impl Fn(u8) -> usize,
) -> Result<Option<(u8, usize)>, Malformed> {
    let flag = cursor.u8()?;
    if flag == 0 {
        return Ok(None);
    }
    let at = cursor.position();
    cursor.skip(slots.saturating_mul(width(flag)))?;
    Ok(Some((flag, at)))
}

/// An array after its own count.
fn counted(cursor: &mut Cursor<'_>, slots: usize) -> Result<Option<usize>, Malformed> {
    let count = cursor.u32()? as usize;
    let at = cursor.position();
    cursor.skip(count.saturating_mul(4))?;
    Ok((count >= slots).then_some(at))
}

/// The name and title of a branch of a class that is not read further.
pub(crate) fn names_of_unknown(cursor: Cursor<'_>) -> Option<(Arc<str>, Arc<str>)> {
    let derived = |mut cursor: Cursor<'_>| {
        Header::read(&mut cursor).ok()?;
        Header::read(&mut cursor).ok()?;
        read_named(&mut cursor).ok()
    };
    let own = |mut cursor: Cursor<'_>| {
        Header::read(&mut cursor).ok()?;
        read_named(&mut cursor).ok()
    };
    derived(cursor).or_else(|| own(cursor))
}
