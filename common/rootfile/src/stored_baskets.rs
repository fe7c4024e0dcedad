//! Baskets as the file has them, and unpacking them alone: of all work of a reader, what no other
//! reader with the same decoders can leave out. Benches hold whole jobs against it.

use crate::branch::Branch;
use crate::codec::Codecs;
use crate::cursor::Cursor;
use crate::error::{Error, Place};
use crate::key::Key;
use crate::record::read_range;
use crate::stored_tree::StoredTree;
use crate::ttree::ColumnReader;

/// The baskets on disk of some branches, read and not unpacked.
///
/// Baskets within the record of the tree, which are never compressed, are none of these.
#[derive(Debug)]
pub struct StoredBaskets {
    records: Vec<Record>,
    codecs: Codecs,
    /// What was unpacked last.
    object: Vec<u8>,
}

/// The record of a basket.
#[derive(Debug)]
struct Record {
    place: Place,
    bytes: Vec<u8>,
    /// Where what is stored begins, behind the key.
    start: usize,
    /// Bytes of it when unpacked.
    length: usize,
}

impl StoredBaskets {
    /// Reads all of these branches.
    pub(crate) fn read(tree: &StoredTree, branches: &[&Branch]) -> Result<Self, Error> {
        let file = &tree.inner.file;
        let mut records = Vec::new();
        for branch in branches {
            let column = ColumnReader::new(tree, branch)?;
            for (_, basket) in column.on_disk() {
                let place = column.place().with_basket(basket.number);
                let length = u64::from(basket.length);
                let bytes = read_range(file.source(), basket.offset, length)?;
                let record = Record::of(place, bytes)?;
                let mut claims = file.memory().claims();
                claims.add(length, record.length as u64, &record.place)?;
                records.push(record);
            }
        }
        Ok(Self {
            records,
            codecs: Codecs::new(),
            object: Vec::new(),
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.records.len()
    }

    /// Bytes of them as they are stored, without their keys.
    pub fn stored_bytes(&self) -> u64 {
        let stored = self.records.iter().map(|record| record.stored().len());
        stored.sum::<usize>() as u64
    }

    /// Unpacks each once, into the same memory one after the other, and returns the bytes that they
    /// have when unpacked.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for one that is damaged.
    pub fn unpack(&mut self) -> Result<u64, Error> {
        let mut bytes = 0;
        for record in &self.records {
            let (stored, object) = (record.stored(), &mut self.object);
            let unpacked = self.codecs.decompress(stored, record.length, object);
            unpacked.map_err(|error| record.place.corrupt(error))?;
            bytes += object.len() as u64;
        }
        Ok(bytes)
    }
}

impl Record {
    fn of(place: Place, bytes: Vec<u8>) -> Result<Self, Error> {
        let key = Key::read(&mut Cursor::new(&bytes)).map_err(|error| place.corrupt(error))?;
        Ok(Self {
            place,
            start: usize::from(key.header_length),
            length: key.object_length as usize,
            bytes,
        })
    }

    fn stored(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}
