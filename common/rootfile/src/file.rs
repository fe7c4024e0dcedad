//! An open ROOT file: its header, its directories and the trees in them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use twox_hash::XxHash3_128;

use crate::codec::Codecs;
use crate::cursor::Cursor;
use crate::directory::{Directory, is_directory_class, read_keys};
use crate::error::{Error, Place};
use crate::file_header::{FileHeader, describe};
use crate::key::Key;
use crate::limit::MemoryLimit;
use crate::record::read_range;
use crate::recovery;
use crate::source::{LocalFile, ReadAt};
use crate::streamer::Classes;

/// Read at once when a file is opened: its header and, mostly, its first directory.
const FIRST_READ: u64 = 1024;
/// Bytes of a directory's record, at most.
const DIRECTORY_LENGTH: u64 = 64;

/// A ROOT file. Cloning it shares the open file.
#[derive(Debug, Clone)]
pub struct RootFile {
    inner: Arc<Inner>,
    memory: MemoryLimit,
}

#[derive(Debug)]
struct Inner {
    source: Arc<dyn ReadAt>,
    uuid: [u8; 16],
    state: [u8; 16],
    top: Directory,
    key_lists: Mutex<KeyLists>,
    /// Why not all that was written may be there.
    warning: Option<Arc<str>>,
    classes_record: (u64, u32),
    classes: OnceLock<Option<Classes>>,
}

/// The lists of keys that were read, by where they are.
#[derive(Debug, Default)]
struct KeyLists {
    known: HashMap<u64, Arc<Vec<Key>>>,
    /// Their bytes; more than the file has when damage makes them overlap.
    bytes: u64,
}

impl RootFile {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// When it cannot be opened or read, or is not a whole ROOT file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_source(Arc::new(LocalFile::open(path)?))
    }

    /// Opens the file whose bytes `source` gives.
    ///
    /// # Errors
    /// When it cannot be read, or is not a whole ROOT file.
    pub fn from_source(source: Arc<dyn ReadAt>) -> Result<Self, Error> {
        let start = read_range(&*source, 0, FIRST_READ.min(source.size()))?;
        if !start.starts_with(b"root") {
            return Err(Error::NotRoot {
                file: source.name().to_owned(),
                found: describe(&start),
            });
        }
        let place = Place::file(source.name());
        let header = FileHeader::read(&start).map_err(|error| place.corrupt(error))?;
        if header.end > source.size() {
            return Err(place.corrupt(format!(
                "truncated: {} bytes of the {} that its header declares",
                source.size(),
                header.end
            )));
        }
        let record = u64::from(header.begin).saturating_add(u64::from(header.name_length));
        let top = read_directory(&*source, record, &start)?;
        let end = usize::try_from(record.saturating_add(DIRECTORY_LENGTH)).unwrap_or(usize::MAX);
        let beginning = start.get(..end.min(start.len())).unwrap_or_default();
        let mut file = Inner {
            uuid: header.uuid,
            state: XxHash3_128::oneshot(beginning).to_be_bytes(),
            top,
            key_lists: Mutex::default(),
            warning: None,
            classes_record: header.classes_record,
            classes: OnceLock::new(),
            source,
        };
        file.recover(&header)?;
        Ok(RootFile {
            inner: Arc::new(file),
            memory: MemoryLimit::default(),
        })
    }

    /// The same file, of which nothing is decompressed that needs more memory than this, in
    /// bytes: trees and ranges of entries that do are refused before.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: Option<u64>) -> Self {
        self.memory = MemoryLimit::new(bytes);
        self
    }

    /// What a person should know of the file as a whole: that it was not closed, and what is read
    /// of it.
    pub fn warning(&self) -> Option<&str> {
        self.inner.warning.as_deref()
    }

    /// The file's path or URL.
    pub fn name(&self) -> &str {
        self.inner.source.name()
    }

    /// The file's length in bytes.
    pub fn size(&self) -> u64 {
        self.inner.source.size()
    }

    /// The identity that ROOT gave the file when it was made; all zero when it has none.
    pub fn uuid(&self) -> [u8; 16] {
        self.inner.uuid
    }

    /// What tells the file from what it was before it was written to again, under the same name and
    /// UUID: a hash (XXH3) of its header and its first directory, which have the time of the last
    /// change, and the places of all that is written at the end of one.
    pub fn state(&self) -> [u8; 16] {
        self.inner.state
    }

    pub(crate) fn top(&self) -> Directory {
        self.inner.top
    }

    pub(crate) fn memory(&self) -> MemoryLimit {
        self.memory
    }

    pub(crate) fn source(&self) -> &dyn ReadAt {
        &*self.inner.source
    }

    /// The classes that the file describes; none when it does not, or not legibly.
    pub(crate) fn classes(&self) -> Option<&Classes> {
        self.inner
            .classes
            .get_or_init(|| self.read_classes())
            .as_ref()
    }

    fn read_classes(&self) -> Option<Classes> {
        let (offset, length) = self.inner.classes_record;
        let record = read_range(self.source(), offset, u64::from(length)).ok()?;
        let key = Key::read(&mut Cursor::new(&record)).ok()?;
        let stored = record.get(usize::from(key.header_length)..)?;
        let mut payload = Vec::new();
        Codecs::new()
            .decompress(stored, key.object_length as usize, &mut payload)
            .ok()?;
        Classes::read(&payload, key.header_length).ok()
    }

    pub(crate) fn find_directory(&self, path: &str) -> Result<Option<Directory>, Error> {
        let mut directory = self.inner.top;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let keys = self.keys(directory)?;
            let found = keys
                .iter()
                .filter(|key| *key.name == *part && is_directory_class(&key.class))
                .max_by_key(|key| key.cycle);
            let Some(key) = found else { return Ok(None) };
            directory = self.directory_of(key)?;
        }
        Ok(Some(directory))
    }

    pub(crate) fn directory_of(&self, key: &Key) -> Result<Directory, Error> {
        let record = key.seek.saturating_add(u64::from(key.header_length));
        read_directory(self.source(), record, &[])
    }

    pub(crate) fn keys(&self, directory: Directory) -> Result<Arc<Vec<Key>>, Error> {
        self.inner.keys(directory)
    }

    /// Reads and decompresses the object of a key; also gives the length of its header.
    pub(crate) fn read_object(&self, key: &Key, tree: &str) -> Result<(Vec<u8>, u16), Error> {
        let place = Place::tree(self.name(), tree);
        let stored = u64::from(key.total_length);
        let mut claims = self.memory.claims();
        claims.add(stored, key.object_length.into(), &place)?;
        let record = read_range(self.source(), key.seek, stored)?;
        let own = Key::read(&mut Cursor::new(&record)).map_err(|error| place.corrupt(error))?;
        if own.object_length != key.object_length || own.header_length != key.header_length {
            return Err(place.corrupt(format!(
                "at byte {} there is {:?} and not the record that its directory lists",
                key.seek, own.name
            )));
        }
        let stored = record
            .get(usize::from(own.header_length)..)
            .unwrap_or_default();
        let mut payload = Vec::new();
        Codecs::new()
            .decompress(stored, own.object_length as usize, &mut payload)
            .map_err(|error| place.corrupt(error))?;
        Ok((payload, own.header_length))
    }
}

impl Inner {
    /// Finds the keys of a file that was not closed.
    fn recover(&mut self, header: &FileHeader) -> Result<(), Error> {
        let size = self.source.size();
        let begin = u64::from(header.begin);
        let lists_keys = self.top.keys_seek > begin;
        if lists_keys && (header.end == size || !self.keys(self.top)?.is_empty()) {
            let after = size - header.end;
            self.warning = (after > 0).then(|| {
                Arc::from(format!(
                    "has {after} bytes after what its header says is its end, and may not have \
                     been closed: it is read as it was saved last"
                ))
            });
            return Ok(());
        }
        let found = recovery::recover(&*self.source, begin)?;
        if found.keys.is_empty() {
            if header.end == size {
                return Ok(()); // nothing was written to it
            }
            return Err(Place::file(self.source.name()).corrupt(
                "it was not closed, and no object can be recovered from its records: \
                 whatever wrote it ended before it saved anything",
            ));
        }
        self.warning = Some(recovery::describe(&found.keys));
        // A place that no list of keys can have stands for the list.
        self.top = Directory {
            keys_seek: begin,
            keys_length: 1,
        };
        if let Some(record) = found.classes_record {
            self.classes_record = record;
        }
        let mut lists = self
            .key_lists
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lists.known.insert(begin, Arc::new(found.keys));
        Ok(())
    }

    fn keys(&self, directory: Directory) -> Result<Arc<Vec<Key>>, Error> {
        let Directory {
            keys_seek,
            keys_length,
        } = directory;
        if keys_seek == 0 || keys_length == 0 {
            return Ok(Arc::default());
        }
        let lists = || {
            self.key_lists
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let place = || Place::file(self.source.name());
        {
            let lists = lists();
            if let Some(known) = lists.known.get(&keys_seek) {
                return Ok(Arc::clone(known));
            }
            if lists.bytes.saturating_add(keys_length.into()) > self.source.size() {
                return Err(place().corrupt("its lists of keys are longer than the file"));
            }
        }
        let bytes = read_range(&*self.source, keys_seek, u64::from(keys_length))?;
        let keys = read_keys(&bytes)
            .map_err(|error| place().corrupt(format!("the keys at byte {keys_seek}: {error}")))?;
        let keys = Arc::new(keys);
        let mut lists = lists();
        if lists.known.insert(keys_seek, Arc::clone(&keys)).is_none() {
            lists.bytes = lists.bytes.saturating_add(keys_length.into());
        }
        Ok(keys)
    }
}

fn read_directory(source: &dyn ReadAt, offset: u64, start: &[u8]) -> Result<Directory, Error> {
    let known = usize::try_from(offset)
        .ok()
        .and_then(|at| start.get(at..))
        .unwrap_or_default();
    let read;
    let bytes = if known.len() as u64 >= DIRECTORY_LENGTH {
        known
    } else {
        let left = source.size().saturating_sub(offset);
        read = read_range(source, offset, left.min(DIRECTORY_LENGTH))?;
        &read
    };
    Directory::read(&mut Cursor::new(bytes)).map_err(|error| {
        Place::file(source.name()).corrupt(format!("the directory at byte {offset}: {error}"))
    })
}
