//! The classes that a file describes: the members of each, with their types.
//!
//! Only what the layout of trees and branches does not say is taken from here: the types of
//! members of objects, and the members of old versions of `TTree`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::cursor::{Cursor, Malformed};
use crate::object::{
    Framing, Header, Here, MOST_SLOTS_AHEAD, Pointer, read_named, read_object_array, skip_tobject,
};

/// One member of a class, or one of its base classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: Arc<str>,
    /// The comment after it, which may give the range of a packed number.
    pub(crate) title: Arc<str>,
    /// ROOT's number for its type.
    pub(crate) kind: i32,
    /// The C++ type.
    pub(crate) type_name: Arc<str>,
    /// The number of values when it is an array, otherwise zero.
    pub(crate) length: i32,
}

/// The classes of a file, by name and version.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    versions: HashMap<Arc<str>, BTreeMap<i32, Class>>,
}

/// The members of one version of a class.
#[derive(Debug, Default)]
pub(crate) struct Class {
    pub(crate) members: Vec<Member>,
    by_name: HashMap<Arc<str>, usize>,
}

impl Class {
    fn of(members: Vec<Member>) -> Self {
        let mut by_name = HashMap::with_capacity(members.len());
        for (index, member) in members.iter().enumerate() {
            by_name.entry(Arc::clone(&member.name)).or_insert(index);
        }
        Class { members, by_name }
    }

    /// The member of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&Member> {
        self.members.get(*self.by_name.get(name)?)
    }
}

impl Classes {
    /// Reads the list of classes; its record's header has `header_length` bytes.
    pub(crate) fn read(payload: &[u8], header_length: u16) -> Result<Self, Malformed> {
        let framing = Framing::new(header_length);
        let mut cursor = Cursor::new(payload);
        let header = Header::read(&mut cursor)?;
        if header.version > 3 {
            skip_tobject(&mut cursor)?;
            cursor.text_bytes()?;
        }
        let count = cursor.u32()?;
        let mut classes = Classes::default();
        for _ in 0..count {
            if let Pointer::Here(here) = framing.read_pointer(&mut cursor)? {
                if here.class == "TStreamerInfo" {
                    classes.read_class(framing, cursor)?;
                }
                pass(&mut cursor, &here)?;
            }
            cursor.text_bytes()?; // the option that a TList keeps with each object
        }
        Ok(classes)
    }

    /// A class in that version; in its newest when that one is not there.
    pub(crate) fn class(&self, class: &str, version: i32) -> Option<&Class> {
        let versions = self.versions.get(class)?;
        let newest = || versions.last_key_value().map(|(_, newest)| newest);
        versions.get(&version).or_else(newest)
    }

    fn read_class(&mut self, framing: Framing, mut cursor: Cursor<'_>) -> Result<(), Malformed> {
        Header::read(&mut cursor)?;
        let (name, _) = read_named(&mut cursor)?;
        cursor.skip(4)?; // the checksum
        let version = cursor.i32()?;
        let Pointer::Here(here) = framing.read_pointer(&mut cursor)? else {
            return Ok(());
        };
        if here.class != "TObjArray" {
            return Ok(());
        }
        let (_, slots) = read_object_array(&mut cursor)?;
        let mut members = Vec::with_capacity(slots.min(MOST_SLOTS_AHEAD));
        for _ in 0..slots {
            if let Pointer::Here(here) = framing.read_pointer(&mut cursor)? {
                members.push(read_member(&mut cursor.clone(), here.class)?);
                pass(&mut cursor, &here)?;
            }
        }
        self.versions
            .entry(name)
            .or_default()
            .entry(version)
            .or_insert_with(|| Class::of(members));
        Ok(())
    }
}

fn pass(cursor: &mut Cursor<'_>, here: &Here<'_>) -> Result<(), Malformed> {
    let end = here.end.ok_or_else(|| {
        Malformed::at(
            format!("a {} has no byte count", here.class),
            cursor.position(),
        )
    })?;
    cursor.seek(end)
}

fn read_member(cursor: &mut Cursor<'_>, class: &str) -> Result<Member, Malformed> {
    let derived = match class {
        "TStreamerElement" => 0,
        "TStreamerSTLstring" => 2,
        _ => 1,
    };
    for _ in 0..derived {
        Header::read(cursor)?;
    }
    let header = Header::read(cursor)?;
    let (name, title) = read_named(cursor)?;
    let kind = cursor.i32()?;
    cursor.skip(4)?; // its size in memory
    let length = cursor.i32()?;
    cursor.skip(4)?; // the number of dimensions
    let dimensions = if header.version > 1 {
        5
    } else {
        cursor.u32()? as usize
    };
    cursor.skip(dimensions.saturating_mul(4))?;
    Ok(Member {
        name,
        title,
        kind,
        type_name: cursor.text()?,
        length,
    })
}
