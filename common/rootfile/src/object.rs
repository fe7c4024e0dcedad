//! How ROOT frames objects: byte counts, versions, class tags, references and base classes.

use std::sync::Arc;

use crate::cursor::{Cursor, Malformed};

/// Set in a four-byte word that counts the bytes of what follows.
const BYTE_COUNT: u32 = 0x4000_0000;
/// Says that a class name follows.
const NEW_CLASS: u32 = 0xFFFF_FFFF;
/// Set in a word that refers to a class named earlier.
const CLASS_REFERENCE: u32 = 0x8000_0000;
/// References count from the record's start, plus this.
const REFERENCE_BASE: usize = 2;
/// The bit of a `TObject` that has a process id after it.
const IS_REFERENCED: u32 = 1 << 4;

/// A class name that is longer is taken for damage: it is looked at for every object of the class.
const LONGEST_CLASS_NAME: usize = 4096;

/// Slots of an array for which room is made before they are seen.
pub(crate) const MOST_SLOTS_AHEAD: usize = 4096;

/// The version of a class in the file, and where its bytes end when the file says so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) version: u16,
    pub(crate) end: Option<usize>,
}

impl Header {
    /// Reads a version, with its byte count when there is one.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let start = cursor.position();
        let word = cursor.u32()?;
        if word & BYTE_COUNT == 0 {
            cursor.seek(start)?;
            return Ok(Header {
                version: cursor.u16()?,
                end: None,
            });
        }
        let end = cursor
            .position()
            .saturating_add((word & !BYTE_COUNT) as usize);
        let length = end - cursor.position();
        if length > cursor.remaining() {
            let what = format!("an object of {length} bytes, {} left", cursor.remaining());
            return Err(Malformed::at(what, start));
        }
        Ok(Header {
            version: cursor.u16()?,
            end: Some(end),
        })
    }

    /// Moves to the end of the object, over members that are newer than this reader.
    pub(crate) fn finish(&self, cursor: &mut Cursor<'_>, class: &str) -> Result<(), Malformed> {
        let Some(end) = self.end else { return Ok(()) };
        if cursor.position() > end {
            let what = format!(
                "{class} version {} ends at byte {end} but its members end at {}",
                self.version,
                cursor.position()
            );
            return Err(Malformed::at(what, end));
        }
        cursor.seek(end)
    }
}

/// Passes over an object that is framed by a byte count.
pub(crate) fn skip_object(cursor: &mut Cursor<'_>, class: &str) -> Result<(), Malformed> {
    let at = cursor.position();
    let header = Header::read(cursor)?;
    match header.end {
        Some(end) => cursor.seek(end),
        None => Err(Malformed::at(format!("{class} has no byte count"), at)),
    }
}

/// Passes over the members of `TObject`.
pub(crate) fn skip_tobject(cursor: &mut Cursor<'_>) -> Result<(), Malformed> {
    let header = Header::read(cursor)?;
    cursor.skip(4)?;
    let bits = cursor.u32()?;
    if bits & IS_REFERENCED != 0 {
        cursor.skip(2)?;
    }
    header.finish(cursor, "TObject")
}

/// Reads the name and title of a `TNamed`.
pub(crate) fn read_named(cursor: &mut Cursor<'_>) -> Result<(Arc<str>, Arc<str>), Malformed> {
    let header = Header::read(cursor)?;
    skip_tobject(cursor)?;
    let named = (cursor.text()?, cursor.text()?);
    header.finish(cursor, "TNamed")?;
    Ok(named)
}

/// Reads the frame of a `TObjArray` and gives the number of slots that follow.
pub(crate) fn read_object_array(cursor: &mut Cursor<'_>) -> Result<(Header, usize), Malformed> {
    let at = cursor.position();
    let header = Header::read(cursor)?;
    if header.version > 2 {
        skip_tobject(cursor)?;
    }
    if header.version > 1 {
        cursor.text_bytes()?;
    }
    let slots = cursor.i32()?;
    cursor.skip(4)?; // the lower bound
    // A slot takes four bytes at the least.
    match usize::try_from(slots) {
        Ok(count) if count <= cursor.remaining() / 4 => Ok((header, count)),
        _ => Err(Malformed::at(format!("an array of {slots} objects"), at)),
    }
}

/// What a pointer to an object holds in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pointer<'a> {
    Null,
    /// An object that was written earlier, by its reference number.
    Earlier(u32),
    /// The object itself follows.
    Here(Here<'a>),
}

/// An object that follows its pointer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here<'a> {
    pub(crate) class: &'a str,
    /// The number by which later pointers refer to it.
    pub(crate) reference: u32,
    pub(crate) end: Option<usize>,
}

/// Reads the pointers of one record, whose references count from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Framing {
    /// The bytes of the record's header, which references count but the object's bytes lack.
    header_length: usize,
}

impl Framing {
    pub(crate) fn new(header_length: u16) -> Self {
        Framing {
            header_length: usize::from(header_length),
        }
    }

    fn reference(self, position: usize) -> u32 {
        u32::try_from(position + self.header_length + REFERENCE_BASE).unwrap_or(u32::MAX)
    }

    /// Reads a pointer, up to where its object begins.
    pub(crate) fn read_pointer<'a>(
        self,
        cursor: &mut Cursor<'a>,
    ) -> Result<Pointer<'a>, Malformed> {
        let start = cursor.position();
        let word = cursor.u32()?;
        if word == 0 {
            return Ok(Pointer::Null);
        }
        let (tag, end) = if word & BYTE_COUNT == 0 || word == NEW_CLASS {
            (word, None)
        } else {
            let tag_at = cursor.position();
            let length = (word & !BYTE_COUNT) as usize;
            if length > cursor.remaining() {
                let what = format!("an object of {length} bytes, {} left", cursor.remaining());
                return Err(Malformed::at(what, start));
            }
            (cursor.u32()?, Some(tag_at + length))
        };
        if tag & CLASS_REFERENCE == 0 {
            if let Some(end) = end {
                cursor.seek(end)?;
            }
            return Ok(if tag == 0 {
                Pointer::Null
            } else {
                Pointer::Earlier(tag)
            });
        }
        let class = if tag == NEW_CLASS {
            class_name(cursor)?
        } else {
            self.earlier_class(*cursor, tag & !CLASS_REFERENCE)?
        };
        Ok(Pointer::Here(Here {
            class,
            reference: self.reference(start),
            end,
        }))
    }

    /// The class that was named at the place to which a tag refers.
    fn earlier_class<'a>(self, mut cursor: Cursor<'a>, tag: u32) -> Result<&'a str, Malformed> {
        let at = cursor.position();
        let unknown = || Malformed::at(format!("class {tag} was not named before"), at);
        let named_at = (tag as usize).checked_sub(self.header_length + REFERENCE_BASE);
        cursor.seek(
            named_at
                .filter(|&named_at| named_at < at)
                .ok_or_else(unknown)?,
        )?;
        if cursor.u32()? != NEW_CLASS {
            return Err(unknown());
        }
        class_name(&mut cursor)
    }
}

fn class_name<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, Malformed> {
    let at = cursor.position();
    std::str::from_utf8(cursor.zero_ended(LONGEST_CLASS_NAME)?)
        .map_err(|_| Malformed::at("a class name is not text", at))
}
