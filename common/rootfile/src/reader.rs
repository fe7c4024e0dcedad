//! Reading entries: which baskets they need, their bytes, and the Arrow arrays they become.

use std::collections::HashMap;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{Field, Schema, SchemaRef};

use crate::branch::{Branch, Column};
use crate::codec::Codecs;
use crate::column::{ColumnBuilder, Stop};
use crate::cursor::Malformed;
use crate::error::{Error, Place};
use crate::file::read_into;
use crate::layout::Layout;
use crate::tree::Tree;
use crate::ttree::{Basket, BasketIndex, Site};

/// Reads that are joined ask for no more than this at once.
const LARGEST_READ: u64 = 8 << 20;

/// Reads ranges of entries from chosen branches.
///
/// The last basket of each branch is remembered, so that ascending ranges decompress every
/// basket once.
#[derive(Debug)]
pub struct Reader {
    tree: Tree,
    schema: SchemaRef,
    columns: Vec<ColumnReader>,
    codecs: Codecs,
    /// Bytes as they are in the file, of the read that is being worked on.
    stored: Vec<u8>,
}

/// One column of a reader.
#[derive(Debug)]
struct ColumnReader {
    place: Place,
    column: Column,
    index: BasketIndex,
    loaded: Vec<Loaded>,
    spare: Vec<Loaded>,
}

/// A decompressed basket.
#[derive(Debug, Default)]
struct Loaded {
    number: usize,
    first_entry: u64,
    entries: usize,
    basket: Basket,
    /// Where the entries begin in its data, when their sizes vary.
    boundaries: Vec<u32>,
}

/// A basket whose record has to be read.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    offset: u64,
    length: u32,
    column: usize,
    number: usize,
}

impl Reader {
    /// A reader of these branches, each shown under the name that comes with it.
    pub(crate) fn new(tree: Tree, chosen: &[(&str, &Branch)]) -> Result<Self, Error> {
        let mut columns = Vec::with_capacity(chosen.len());
        let mut fields = Vec::with_capacity(chosen.len());
        for (name, branch) in chosen {
            let column = ColumnReader::new(&tree, branch)?;
            fields.push(Field::new(*name, column.column.data_type.clone(), false));
            columns.push(column);
        }
        let schema = Arc::new(Schema::new(fields));
        Ok(Reader {
            tree,
            schema,
            columns,
            codecs: Codecs::new(),
            stored: Vec::new(),
        })
    }

    /// The columns' names and Arrow types.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Reads exactly these entries.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when they are not all within the tree, [`Error::Io`] and
    /// [`Error::Corrupt`] when their baskets cannot be read or decoded.
    pub fn read(&mut self, entries: Range<u64>) -> Result<RecordBatch, Error> {
        let total = self.tree.entries();
        let rows = entries
            .end
            .checked_sub(entries.start)
            .and_then(|rows| usize::try_from(rows).ok());
        let Some(rows) = rows.filter(|_| entries.end <= total) else {
            return Err(Error::OutOfRange {
                place: self.tree.place(),
                range: entries,
                entries: total,
            });
        };
        self.load(&entries)?;
        let mut shared: HashMap<usize, OffsetBuffer<i32>> = HashMap::new();
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let known = column
                .column
                .counter
                .and_then(|counter| shared.get(&counter));
            let array = column.decode(&entries, rows, known)?;
            if let (Some(counter), Some(list)) = (column.column.counter, array.as_list_opt::<i32>())
            {
                shared
                    .entry(counter)
                    .or_insert_with(|| list.offsets().clone());
            }
            arrays.push(array);
        }
        for column in &mut self.columns {
            column.keep_last();
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema(), arrays, &options)
            .map_err(|error| self.tree.place().corrupt(error))
    }

    /// Makes sure that every basket that holds any of these entries is decompressed.
    fn load(&mut self, entries: &Range<u64>) -> Result<(), Error> {
        let mut wanted = Vec::new();
        for (number, column) in self.columns.iter_mut().enumerate() {
            column.want(number, entries, &self.tree, &mut wanted)?;
        }
        wanted.sort_unstable_by_key(|basket| basket.offset);
        let source = self.tree.inner.file.source();
        let mut rest = wanted.as_slice();
        while let Some(first) = rest.first() {
            let mut end = first.offset.saturating_add(u64::from(first.length));
            let mut count = 1;
            for next in rest.iter().skip(1) {
                let next_end = next.offset.saturating_add(u64::from(next.length));
                if next.offset > end.saturating_add(source.worthwhile_gap())
                    || next_end.saturating_sub(first.offset) > LARGEST_READ
                {
                    break;
                }
                end = end.max(next_end);
                count += 1;
            }
            let (group, after) = rest.split_at(count);
            read_into(source, first.offset, end - first.offset, &mut self.stored)?;
            for basket in group {
                let start = usize::try_from(basket.offset - first.offset).unwrap_or(usize::MAX);
                let record = self
                    .stored
                    .get(start..start.saturating_add(basket.length as usize))
                    .unwrap_or_default();
                if let Some(column) = self.columns.get_mut(basket.column) {
                    column.load_record(basket.number, record, &mut self.codecs)?;
                }
            }
            rest = after;
        }
        for column in &mut self.columns {
            column.loaded.sort_unstable_by_key(|loaded| loaded.number);
        }
        Ok(())
    }
}

impl ColumnReader {
    fn new(tree: &Tree, branch: &Branch) -> Result<Self, Error> {
        let place = tree.place().with_branch(&branch.name);
        let column = branch
            .column
            .clone()
            .map_err(|reason| place.unsupported(reason))?;
        let record = &tree.inner.record;
        let index = match record.branches.get(branch.record) {
            Some(branch) => {
                BasketIndex::read(branch, &record.payload).map_err(|error| place.corrupt(error))?
            }
            None => BasketIndex::default(),
        };
        Ok(ColumnReader {
            place,
            column,
            index,
            loaded: Vec::new(),
            spare: Vec::new(),
        })
    }

    /// Lists the baskets on disk that are missing, and loads those within the tree's record.
    fn want(
        &mut self,
        column: usize,
        entries: &Range<u64>,
        tree: &Tree,
        wanted: &mut Vec<Wanted>,
    ) -> Result<(), Error> {
        let needed = self.index.overlapping(entries);
        self.check_covered(&needed, entries)?;
        let (kept, unused): (Vec<_>, Vec<_>) = mem::take(&mut self.loaded)
            .into_iter()
            .partition(|old| needed.contains(&old.number));
        self.loaded = kept;
        self.spare.extend(unused);
        for number in needed {
            if self.loaded.iter().any(|loaded| loaded.number == number) {
                continue;
            }
            match self.index.spans.get(number).map(|span| span.site) {
                Some(Site::OnDisk { offset, length }) => {
                    wanted.push(Wanted {
                        offset,
                        length,
                        column,
                        number,
                    });
                }
                Some(Site::Embedded { start, end }) => {
                    let payload = &tree.inner.record.payload;
                    self.load_with(number, |loaded| {
                        loaded.basket.load_embedded(payload, start, end)
                    })?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn check_covered(&self, needed: &Range<usize>, entries: &Range<u64>) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        let spans = self.index.spans.get(needed.clone()).unwrap_or_default();
        let first = spans.first().map_or(u64::MAX, |span| span.entries.start);
        let last = spans.last().map_or(0, |span| span.entries.end);
        if first <= entries.start && entries.end <= last {
            return Ok(());
        }
        let held = self.index.spans.last().map_or(0, |span| span.entries.end);
        Err(self.place.corrupt(format!(
            "its baskets hold {held} entries, and {}..{} were asked for",
            entries.start, entries.end
        )))
    }

    fn load_record(
        &mut self,
        number: usize,
        record: &[u8],
        codecs: &mut Codecs,
    ) -> Result<(), Error> {
        self.load_with(number, |loaded| {
            loaded
                .basket
                .load_record(record, loaded.entries as u64, codecs)
        })
    }

    fn load_with(
        &mut self,
        number: usize,
        load: impl FnOnce(&mut Loaded) -> Result<(), Malformed>,
    ) -> Result<(), Error> {
        let span = self
            .index
            .spans
            .get(number)
            .map(|span| span.entries.clone());
        let span = span.unwrap_or_default();
        let mut loaded = self.spare.pop().unwrap_or_default();
        loaded.number = number;
        loaded.first_entry = span.start;
        let entries = usize::try_from(span.end - span.start).unwrap_or(usize::MAX);
        loaded.entries = entries;
        load(&mut loaded)
            .and_then(|()| loaded.locate_entries(&self.column.layout))
            .map_err(|error| self.place.with_basket(number).corrupt(error))?;
        self.loaded.push(loaded);
        Ok(())
    }

    fn decode(
        &self,
        entries: &Range<u64>,
        rows: usize,
        shared: Option<&OffsetBuffer<i32>>,
    ) -> Result<ArrayRef, Error> {
        let needed = self.index.overlapping(entries);
        let parts: Vec<Part<'_>> = self
            .loaded
            .iter()
            .filter(|loaded| needed.contains(&loaded.number))
            .map(|loaded| loaded.part(entries))
            .collect();
        let layout = &self.column.layout;
        let bytes = parts.iter().map(|part| part.bytes(layout)).sum();
        let mut builder = ColumnBuilder::new(layout, rows, bytes);
        for part in &parts {
            part.decode(layout, &mut builder)
                .map_err(|stop| match stop {
                    Stop::Malformed(error) => {
                        self.place.with_basket(part.loaded.number).corrupt(error)
                    }
                    Stop::TooLarge => Error::TooLarge {
                        place: self.place.clone(),
                        range: entries.clone(),
                    },
                })?;
        }
        Ok(builder.finish(shared))
    }

    fn keep_last(&mut self) {
        if let Some(last) = self.loaded.pop() {
            self.spare.append(&mut self.loaded);
            self.loaded.push(last);
        }
    }
}

impl Loaded {
    /// Finds where each entry begins, and checks that all are there.
    fn locate_entries(&mut self, layout: &Layout) -> Result<(), Malformed> {
        let length = self.basket.data().len();
        match layout {
            Layout::Fixed { .. } => {
                let size = layout.item_size();
                if length / size < self.entries {
                    return Err(Malformed::new(format!(
                        "{length} bytes for {} entries of {size} bytes",
                        self.entries
                    )));
                }
            }
            Layout::Counted { .. } => self.basket.boundaries(self.entries, &mut self.boundaries)?,
        }
        Ok(())
    }

    /// The part of the basket that lies within these entries.
    fn part(&self, entries: &Range<u64>) -> Part<'_> {
        let within = |entry: u64| {
            let ahead = entry.saturating_sub(self.first_entry);
            usize::try_from(ahead)
                .unwrap_or(usize::MAX)
                .min(self.entries)
        };
        Part {
            loaded: self,
            rows: within(entries.start)..within(entries.end),
        }
    }
}

/// Some of the entries of a decompressed basket.
#[derive(Debug)]
struct Part<'a> {
    loaded: &'a Loaded,
    rows: Range<usize>,
}

impl Part<'_> {
    fn boundaries(&self) -> &[u32] {
        self.loaded
            .boundaries
            .get(self.rows.start..=self.rows.end)
            .unwrap_or_default()
    }

    fn bytes(&self, layout: &Layout) -> usize {
        match (layout, self.boundaries()) {
            (Layout::Fixed { .. }, _) => self.rows.len() * layout.item_size(),
            (_, [first, .., last]) => (last - first) as usize,
            _ => 0,
        }
    }

    fn decode(&self, layout: &Layout, builder: &mut ColumnBuilder<'_>) -> Result<(), Stop> {
        let data = self.loaded.basket.data();
        match layout {
            Layout::Fixed { .. } => {
                let size = layout.item_size();
                let range = self.rows.start * size..self.rows.end * size;
                builder.extend_fixed(data.get(range).unwrap_or_default());
                Ok(())
            }
            _ => builder.extend_varying(data, self.boundaries()),
        }
    }
}
