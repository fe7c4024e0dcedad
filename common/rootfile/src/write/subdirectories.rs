//! Directories below the root of a file: their records and the lists of their keys.

use std::io::{Seek, Write};

use super::buffer::Buffer;
use super::directory::{BEGIN, Fields, SubDirectory};
use super::file::{FileWriter, Record};
use super::{Compression, WriteError};

const CLASS: &str = "TDirectoryFile";

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
