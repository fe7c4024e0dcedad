//! The file around the trees: header, root directory, keys, streamer infos, free list.

use super::{
    Compression, WriteError,
    buffer::Buffer,
    directory::{BEGIN, Fields, SubDirectory},
    key::Key,
    streamer_info,
};
use std::io::{Seek, SeekFrom, Write};

/// ROOT switches to 64-bit positions here; this writer stops.
const END_OF_SMALL_FILE: u64 = 2_000_000_000;
/// The ROOT version that the header claims: the first with every form used here.
const ROOT_VERSION: i32 = 62_400;

/// A ROOT file being written. What is put into it counts only after [`FileWriter::finish`].
#[derive(Debug)]
pub struct FileWriter<W> {
    out: W,
    name: String,
    pub(super) uuid: [u8; 16],
    pub(super) position: u64,
    /// Keys that the root directory lists.
    listed: Vec<Key>,
    pub(super) directories: Vec<SubDirectory>,
}

/// Where a record was put.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) seek: u32,
    /// Bytes of key and payload as stored.
    pub(super) stored_bytes: u32,
    /// Bytes of key and payload before compression.
    pub(super) plain_bytes: u32,
}

/// A record to be put: its key's names, what a derived key adds, and the payload.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) class: &'static str,
    pub(super) name: &'a str,
    pub(super) title: &'a str,
    /// Bytes that the class adds to the key (`TBasket`).
    pub(super) key_addition: &'a [u8],
    pub(super) payload: &'a [u8],
    pub(super) compression: Compression,
    /// The directory that lists it, an empty name for the root directory, if one does.
    pub(super) listed: Option<&'a str>,
}

impl<W: Write + Seek> FileWriter<W> {
    /// Starts a file. `name` is what the file calls itself (its base name will do) and `uuid`
    /// its identity: choose another for every file.
    ///
    /// # Errors
    /// When `out` refuses bytes.
    pub fn new(out: W, name: &str, uuid: [u8; 16]) -> Result<Self, WriteError> {
        let mut file = Self {
            out,
            name: name.to_owned(),
            uuid,
            position: 0,
            listed: Vec::new(),
            directories: Vec::new(),
        };
        file.append(&[0; BEGIN as usize])?;
        let directory = file.directory(0, 0);
        file.append(&directory)?;
        Ok(file)
    }

    /// Writes what closes the file, flushes, and gives the output back.
    ///
    /// # Errors
    /// When the output refuses bytes, or the file would pass 2 GB.
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.put_directories()?;
        let info = self.put_streamer_info()?;
        let keys = self.put_keys()?;
        let (free, end) = self.put_free()?;
        let directory = self.directory(keys.seek, keys.stored_bytes);
        let header = self.header(end, info, free);
        self.overwrite(0, &header)?;
        self.overwrite(u64::from(BEGIN), &directory)?;
        self.out.flush().map_err(|e| self.io(e))?;
        Ok(self.out)
    }

    /// Bytes of a key with these names, for buffers that hold offsets.
    pub(super) fn key_length(class: &'static str, name: &str, title: &str, extra: u16) -> u32 {
        unplaced(class, name, title, extra).length()
    }

    /// Appends a record.
    pub(super) fn put(&mut self, record: &Record<'_>) -> Result<Placed, WriteError> {
        let packed = record.compression.compress(record.payload)?;
        let stored = packed.as_deref().unwrap_or(record.payload);
        let too_large = || WriteError::TooLarge {
            file: self.name.clone(),
            what: "the file",
        };
        let extra = u16::try_from(record.key_addition.len()).map_err(|_| too_large())?;
        let mut key = unplaced(record.class, record.name, record.title, extra);
        let length = u64::from(key.length());
        let stop = self.position + length + stored.len() as u64;
        if stop.max(length + record.payload.len() as u64) > END_OF_SMALL_FILE {
            return Err(too_large());
        }
        key.seek = self.position as u32;
        key.stored_bytes = (stop - self.position) as u32;
        key.plain_bytes = record.payload.len() as u32;
        let lists = record.listed.filter(|name| !name.is_empty());
        let place = lists.and_then(|name| self.directories.iter().position(|it| it.name == name));
        if let Some(directory) = place.and_then(|place| self.directories.get(place)) {
            key.parent = directory.seek;
        }
        let mut head = Buffer::new(0);
        key.write(&mut head);
        head.raw(record.key_addition);
        self.append(&head.into_bytes())?;
        self.append(stored)?;
        let placed = Placed {
            seek: key.seek,
            stored_bytes: key.stored_bytes,
            plain_bytes: length as u32 + key.plain_bytes,
        };
        if record.listed.is_some() {
            match place.and_then(|place| self.directories.get_mut(place)) {
                Some(directory) => directory.listed.push(key),
                None => self.listed.push(key),
            }
        }
        Ok(placed)
    }

    fn put_streamer_info(&mut self) -> Result<Placed, WriteError> {
        let (class, name, title) = ("TList", "StreamerInfo", "Doubly linked list");
        let payload = streamer_info::list(Self::key_length(class, name, title, 0));
        let compression = Compression::Zlib(1);
        self.put(&Record {
            class,
            name,
            title,
            key_addition: &[],
            payload: &payload,
            compression,
            listed: None,
        })
    }

    fn put_keys(&mut self) -> Result<Placed, WriteError> {
        let mut list = Buffer::new(0);
        list.i32(self.listed.len() as i32);
        self.listed.iter().for_each(|key| key.write(&mut list));
        self.put_own(&list.into_bytes())
    }

    /// The free list: nothing is free but what lies after the end, which it states.
    fn put_free(&mut self) -> Result<(Placed, u32), WriteError> {
        let key = u64::from(Self::key_length("TFile", &self.name, "", 0));
        let end = (self.position + key + 10) as u32;
        let mut list = Buffer::new(0);
        list.u16(1);
        list.u32(end);
        list.u32(END_OF_SMALL_FILE as u32);
        Ok((self.put_own(&list.into_bytes())?, end))
    }

    /// Puts a record that bears the file's own name and is never compressed.
    fn put_own(&mut self, payload: &[u8]) -> Result<Placed, WriteError> {
        let name = self.name.clone();
        let compression = Compression::None;
        self.put(&Record {
            class: "TFile",
            name: &name,
            title: "",
            key_addition: &[],
            payload,
            compression,
            listed: None,
        })
    }

    /// The file header; its length is that of the reserved 100 bytes or less.
    fn header(&self, end: u32, info: Placed, free: Placed) -> Vec<u8> {
        let mut out = Buffer::new(0);
        out.raw(b"root");
        out.i32(ROOT_VERSION);
        out.u32(BEGIN);
        out.u32(end);
        out.u32(free.seek);
        out.u32(free.stored_bytes);
        out.u32(1);
        out.u32(self.name_length());
        out.u8(4);
        out.i32(Compression::Zlib(1).setting());
        out.u32(info.seek);
        out.u32(info.stored_bytes);
        out.u16(1);
        out.raw(&self.uuid);
        out.into_bytes()
    }

    /// The root directory's record, as long before its key list is known as after.
    fn directory(&self, keys_seek: u32, keys_bytes: u32) -> Vec<u8> {
        let mut payload = Buffer::new(0);
        payload.string(&self.name);
        payload.string("");
        Fields {
            keys_bytes,
            keys_seek,
            name_length: self.name_length(),
            seek: BEGIN,
            parent: 0,
        }
        .write(&mut payload, &self.uuid);
        let payload = payload.into_bytes();
        let mut key = unplaced("TFile", &self.name, "", 0);
        key.seek = BEGIN;
        key.parent = 0;
        key.plain_bytes = payload.len() as u32;
        key.stored_bytes = key.length() + key.plain_bytes;
        let mut out = Buffer::new(0);
        key.write(&mut out);
        out.raw(&payload);
        out.into_bytes()
    }

    /// `fNbytesName`: the directory's key and the two strings before its fields.
    fn name_length(&self) -> u32 {
        let mut strings = Buffer::new(0);
        strings.string(&self.name);
        strings.string("");
        Self::key_length("TFile", &self.name, "", 0) + strings.into_bytes().len() as u32
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.out.write_all(bytes).map_err(|e| self.io(e))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn overwrite(&mut self, position: u64, bytes: &[u8]) -> Result<(), WriteError> {
        self.out
            .seek(SeekFrom::Start(position))
            .map_err(|e| self.io(e))?;
        self.out.write_all(bytes).map_err(|e| self.io(e))
    }

    /// Goes on where the last record ended.
    pub(super) fn seek_end(&mut self) -> Result<(), WriteError> {
        let end = SeekFrom::Start(self.position);
        self.out.seek(end).map(|_| ()).map_err(|e| self.io(e))
    }

    fn io(&self, source: std::io::Error) -> WriteError {
        WriteError::Io {
            file: self.name.clone(),
            source,
        }
    }
}

fn unplaced(class: &'static str, name: &str, title: &str, extra: u16) -> Key {
    Key {
        class,
        name: name.to_owned(),
        title: title.to_owned(),
        stored_bytes: 0,
        plain_bytes: 0,
        seek: 0,
        parent: BEGIN,
        extra,
    }
}
