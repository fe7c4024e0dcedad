//! Reading a range of entries from several branches: near-by baskets with one read, each
//! decompressed once, and then decoded column by column.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;

use crate::ahead::Ahead;
use crate::branch::Branch;
use crate::codec::Codecs;
use crate::cursor::Cursor;
use crate::error::Error;
use crate::key::KeySizes;
use crate::layout::Layout;
use crate::limit::Claims;
use crate::record::read_into;
use crate::stored_tree::StoredTree;
use crate::ttree::column_reader::ColumnReader;
use crate::wanted::{Wanted, joined};

/// Reads ranges of entries from some branches of a tree.
#[derive(Debug)]
pub(crate) struct RangeReader {
    tree: StoredTree,
    columns: Vec<ColumnReader>,
    codecs: Codecs,
    /// Bytes as they are in the file, of the read that is being worked on.
    stored: Vec<u8>,
    /// Readers of the branches that count, for baskets that do not say where entries begin.
    counters: HashMap<usize, RangeReader>,
    /// What is on its way, where entries are expected that are far away.
    ahead: Option<Arc<Mutex<Ahead>>>,
}

impl RangeReader {
    pub(crate) fn new(tree: StoredTree, chosen: &[(&str, &Branch)]) -> Result<Self, Error> {
        let columns = chosen
            .iter()
            .map(|(_, branch)| ColumnReader::new(&tree, branch))
            .collect::<Result<_, _>>()?;
        Ok(RangeReader {
            tree,
            columns,
            codecs: Codecs::new(),
            stored: Vec::new(),
            counters: HashMap::new(),
            ahead: None,
        })
    }

    /// Expects these entries to be read in ascending order by all of these: where they are far away,
    /// what follows is asked for before it is wanted.
    pub(crate) fn expect(readers: &mut [&mut Self], entries: Range<u64>) {
        let Some(tree) = readers.first().map(|reader| reader.tree.clone()) else {
            return;
        };
        // Nothing is listed where it is of no use.
        if tree.inner.file.source().begin(&[]).is_none() {
            return;
        }
        let columns = readers.iter().flat_map(|reader| &reader.columns);
        let branches = columns.map(ColumnReader::on_disk).collect();
        let first = entries.start..entries.start;
        let mut ahead = Ahead::of((tree.inner.file.clone(), tree.entries()), branches, entries);
        if ahead.ask(&first) {
            let ahead = Arc::new(Mutex::new(ahead));
            for reader in readers {
                reader.ahead = Some(ahead.clone());
            }
        }
    }

    /// Asks for what follows these entries, which are read next.
    pub(crate) fn ask(&self, entries: &Range<u64>) {
        if let Some(ahead) = &self.ahead {
            let mut ahead = ahead.lock().unwrap_or_else(PoisonError::into_inner);
            ahead.ask(entries);
        }
    }

    /// The columns' values of these entries, which are within the tree.
    pub(crate) fn read(&mut self, entries: &Range<u64>) -> Result<Vec<ArrayRef>, Error> {
        self.load(entries)?;
        self.count_entries()?;
        let mut shared: HashMap<usize, OffsetBuffer<i32>> = HashMap::new();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let counter = column.counter();
            let array = column.decode(entries, counter.and_then(|counter| shared.get(&counter)))?;
            if let (Some(counter), Some(list)) = (counter, array.as_list_opt::<i32>()) {
                shared
                    .entry(counter)
                    .or_insert_with(|| list.offsets().clone());
            }
            arrays.push(array);
        }
        for column in &mut self.columns {
            column.keep_last();
        }
        Ok(arrays)
    }

    /// Makes sure that every basket that holds any of these entries is decompressed.
    fn load(&mut self, entries: &Range<u64>) -> Result<(), Error> {
        let mut wanted = Vec::new();
        let payload = &self.tree.inner.record.payload;
        for (number, column) in self.columns.iter_mut().enumerate() {
            column.want(number, entries, payload, &mut wanted)?;
        }
        wanted.sort_unstable_by_key(|basket| basket.offset);
        let mut claims = self.tree.inner.file.memory().claims();
        if self.ahead.is_some() {
            wanted = self.load_what_is_here(&wanted, &mut claims)?;
        }
        let source = self.tree.inner.file.source();
        let mut rest = wanted.as_slice();
        while let Some(first) = rest.first() {
            let (count, end) = joined(first, rest, source.worthwhile_gap());
            let (group, after) = rest.split_at(count);
            read_into(source, first.offset, end - first.offset, &mut self.stored)?;
            for basket in group {
                let start = usize::try_from(basket.offset - first.offset).unwrap_or(usize::MAX);
                let end = start.saturating_add(basket.length as usize);
                let record = self.stored.get(start..end).unwrap_or_default();
                load_basket(
                    &mut self.columns,
                    basket,
                    record,
                    (&mut claims, &mut self.codecs),
                )?;
            }
            rest = after;
        }
        for column in &mut self.columns {
            column.order();
        }
        Ok(())
    }

    /// Decompresses those baskets that were asked for ahead, and returns the others.
    fn load_what_is_here(
        &mut self,
        wanted: &[Wanted],
        claims: &mut Claims,
    ) -> Result<Vec<Wanted>, Error> {
        let Some(ahead) = self.ahead.clone() else {
            return Ok(wanted.to_vec());
        };
        let mut others = Vec::new();
        for basket in wanted {
            let known = ahead.lock().unwrap_or_else(PoisonError::into_inner);
            let is_here = known.take(basket, &mut self.stored);
            drop(known);
            match is_here {
                true => {
                    let with = (&mut *claims, &mut self.codecs);
                    load_basket(&mut self.columns, basket, &self.stored, with)?;
                }
                false => others.push(*basket),
            }
        }
        Ok(others)
    }

    /// Where baskets do not say where entries begin, asks the branch that counts.
    fn count_entries(&mut self) -> Result<(), Error> {
        for column in &mut self.columns {
            while let Some((entries, counter)) = column.uncounted()? {
                let reader = match self.counters.entry(counter) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(slot) => slot.insert(counter_reader(&self.tree, counter)?),
                };
                let arrays = reader.read(&entries)?;
                let counts = arrays.first().and_then(integers).unwrap_or_default();
                column.count(&counts)?;
            }
        }
        Ok(())
    }
}

/// Decompresses a basket from its record.
fn load_basket(
    columns: &mut [ColumnReader],
    basket: &Wanted,
    record: &[u8],
    (claims, codecs): (&mut Claims, &mut Codecs),
) -> Result<(), Error> {
    let Some(column) = columns.get_mut(basket.column) else {
        return Ok(());
    };
    claims.add(record.len() as u64, claimed(record), column.place())?;
    column.load_record(basket.number, record, codecs)
}

/// The bytes that a basket's record says it holds.
fn claimed(record: &[u8]) -> u64 {
    let sizes = KeySizes::read(&mut Cursor::new(record));
    sizes.map_or(0, |sizes| u64::from(sizes.object_length))
}

/// A reader of the branch with this index in the tree's record.
fn counter_reader(tree: &StoredTree, counter: usize) -> Result<RangeReader, Error> {
    let counts = |branch: &&Branch| {
        let column = branch.column.as_ref();
        branch.record == counter
            && column.is_ok_and(|column| matches!(column.layout, Some(Layout::Fixed { .. })))
    };
    match tree.branches().list().iter().find(counts) {
        Some(branch) => RangeReader::new(tree.clone(), &[(branch.name(), branch)]),
        None => Err(tree.place().corrupt("a branch that counts has no integers")),
    }
}

/// The values of an integer array; a negative one becomes too large for any basket.
fn integers(array: &ArrayRef) -> Option<Vec<usize>> {
    fn values<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<Vec<usize>>
    where
        usize: TryFrom<T::Native>,
    {
        let values = array.as_primitive_opt::<T>()?.values().iter();
        Some(
            values
                .map(|&value| usize::try_from(value).unwrap_or(usize::MAX))
                .collect(),
        )
    }
    match array.data_type() {
        DataType::Int8 => values::<Int8Type>(array),
        DataType::Int16 => values::<Int16Type>(array),
        DataType::Int32 => values::<Int32Type>(array),
        DataType::Int64 => values::<Int64Type>(array),
        DataType::UInt8 => values::<UInt8Type>(array),
        DataType::UInt16 => values::<UInt16Type>(array),
        DataType::UInt32 => values::<UInt32Type>(array),
        DataType::UInt64 => values::<UInt64Type>(array),
        _ => None,
    }
}
