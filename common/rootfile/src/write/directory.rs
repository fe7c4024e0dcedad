//! Directories of a file: their records and the lists of their keys.

use std::io::{Seek, Write};

use super::buffer::Buffer;
use super::file::{BEGIN, FileWriter, Record};
use super::key::{DATE, Key};
use super::{Compression, WriteError};

const CLASS: &str = "TDirectoryFile";

/// A directory below the root directory.
#[derive(Debug)]
pub(super) struct SubDirectory {
    pub(super) name: String,
    /// Where its record begins.
    pub(super) seek: u32,
    /// Keys that it lists.
    pub(super) listed: Vec<Key>,
}

/// What a directory's record says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) keys_bytes: u32,
    pub(super) keys_seek: u32,
    /// Bytes of the key and the names before these fields.
    pub(super) name_length: u32,
    pub(super) seek: u32,
    pub(super) parent: u32,
}

impl Fields {
    pub(super) fn write(&self, out: &mut Buffer, uuid: &[u8; 16]) {
        out.u16(5);
        out.u32(DATE);
        out.u32(DATE);
        out.u32(self.keys_bytes);
        out.u32(self.name_length);
        out.u32(self.seek);
        out.u32(self.parent);
        out.u32(self.keys_seek);
        out.u16(1);
        out.raw(uuid);
        // Room that ROOT keeps for the 64-bit form of the three positions.
        out.raw(&[0; 12]);
    }

    fn bytes(&self, uuid: &[u8; 16]) -> Vec<u8> {
        let mut out = Buffer::new(0);
        self.write(&mut out, uuid);
        out.into_bytes()
    }
}

impl<W: Write + Seek> FileWriter<W> {
    /// Makes sure that there is a directory of this name; an empty one is the root directory.
    pub(super) fn directory_of(&mut self, name: &str) -> Result<(), WriteError> {
        let is_there = name.is_empty() || self.directories.iter().any(|it| it.name == name);
        if is_there {
            return Ok(());
        }
        // How long the file may be is checked before the record is put.
        let seek = self.position as u32;
        let payload = self.fields(name, seek, (0, 0)).bytes(&self.uuid);
        self.put(&Record {
            class: CLASS,
            name,
            title: name,
            key_addition: &[],
            payload: &payload,
            compression: Compression::None,
            listed: Some(""),
        })?;
        self.directories.push(SubDirectory {
            name: name.to_owned(),
            seek,
            listed: Vec::new(),
        });
        Ok(())
    }

    /// Writes the lists of keys of all directories below the root.
    pub(super) fn put_directories(&mut self) -> Result<(), WriteError> {
        for directory in std::mem::take(&mut self.directories) {
            let mut list = Buffer::new(0);
            list.i32(directory.listed.len() as i32);
            directory.listed.iter().for_each(|key| key.write(&mut list));
            let name = directory.name.as_str();
            let keys = self.put(&Record {
                class: CLASS,
                name,
                title: name,
                key_addition: &[],
                payload: &list.into_bytes(),
                compression: Compression::None,
                listed: None,
            })?;
            let fields = self.fields(name, directory.seek, (keys.seek, keys.stored_bytes));
            let at = u64::from(directory.seek) + u64::from(fields.name_length);
            self.overwrite(at, &fields.bytes(&self.uuid))?;
            self.seek_end()?;
        }
        Ok(())
    }

    fn fields(&self, name: &str, seek: u32, (keys_seek, keys_bytes): (u32, u32)) -> Fields {
        Fields {
            keys_bytes,
            keys_seek,
            name_length: Self::key_length(CLASS, name, name, 0),
            seek,
            parent: BEGIN,
        }
    }
}
