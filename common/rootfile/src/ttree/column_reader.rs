//! One branch of a range reader: its baskets, those that are decompressed, and their decoding.

use std::mem;
use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_buffer::OffsetBuffer;

use crate::branch::Branch;
use crate::codec::Codecs;
use crate::column::{ColumnBuilder, Stop};
use crate::cursor::Malformed;
use crate::error::{Error, Place};
use crate::layout::Layout;
use crate::stored_tree::StoredTree;
use crate::ttree::basket::{Basket, BasketIndex, Site};
use crate::wanted::Wanted;

/// Reads one branch.
#[derive(Debug)]
pub(crate) struct ColumnReader {
    place: Place,
    layout: Layout,
    /// The branch that counts, by its index in the tree's record.
    counter: Option<usize>,
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
    /// Whether only the branch that counts can say where they begin.
    uncounted: bool,
}

impl ColumnReader {
    pub(crate) fn new(tree: &StoredTree, branch: &Branch) -> Result<Self, Error> {
        let place = tree.place().with_branch(&branch.name);
        let column = branch
            .column
            .clone()
            .map_err(|reason| place.unsupported(reason))?;
        let Some(layout) = column.layout else {
            return Err(place.unsupported("it is no branch of a TTree"));
        };
        let record = &tree.inner.record;
        let index = match record.branches.get(branch.record) {
            Some(branch) => BasketIndex::read(branch, &record.payload)
                .and_then(|index| index.check_size(tree.inner.file.size()).map(|()| index))
                .map_err(|error| place.corrupt(error))?,
            None => BasketIndex::default(),
        };
        Ok(ColumnReader {
            place,
            layout,
            counter: column.counter,
            index,
            loaded: Vec::new(),
            spare: Vec::new(),
        })
    }

    /// The branch, for errors.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The branch that counts, by its index in the tree's record.
    pub(crate) fn counter(&self) -> Option<usize> {
        self.counter
    }

    /// Lists the baskets on disk that are missing, and loads those within the tree's record.
    pub(crate) fn want(
        &mut self,
        column: usize,
        entries: &Range<u64>,
        payload: &[u8],
        wanted: &mut Vec<Wanted>,
    ) -> Result<(), Error> {
        let needed = self.index.overlapping(entries);
        self.check_covered(&needed, entries)?;
        for loaded in mem::take(&mut self.loaded) {
            // One that failed to load before is not taken for whole.
            let whole = !loaded.uncounted;
            let list = if whole && needed.contains(&loaded.number) {
                &mut self.loaded
            } else {
                &mut self.spare
            };
            list.push(loaded);
        }
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
                    self.load_with(number, |loaded| {
                        loaded.basket.load_embedded(payload, start, end)
                    })?;
                }
                None => {}
            }
        }
        Ok(())
    }

    /// The baskets on disk, each with its first entry.
    pub(crate) fn on_disk(&self) -> Vec<(u64, Wanted)> {
        let spans = self.index.spans.iter().enumerate();
        let on_disk = spans.filter_map(|(number, span)| match span.site {
            Site::OnDisk { offset, length } => Some((
                span.entries.start,
                Wanted {
                    offset,
                    length,
                    column: 0,
                    number,
                },
            )),
            Site::Embedded { .. } => None,
        });
        on_disk.collect()
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

    /// Decompresses a basket from its record.
    pub(crate) fn load_record(
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
        loaded.entries = usize::try_from(span.end - span.start).unwrap_or(usize::MAX);
        load(&mut loaded)
            .and_then(|()| loaded.locate_entries(&self.layout))
            .map_err(|error| self.place.with_basket(number).corrupt(error))?;
        self.loaded.push(loaded);
        Ok(())
    }

    /// Puts the baskets in the order of their entries.
    pub(crate) fn order(&mut self) {
        self.loaded.sort_unstable_by_key(|loaded| loaded.number);
    }

    /// The entries of a basket that does not say where they begin, and the branch that counts.
    pub(crate) fn uncounted(&self) -> Result<Option<(Range<u64>, usize)>, Error> {
        let Some(loaded) = self.loaded.iter().find(|loaded| loaded.uncounted) else {
            return Ok(None);
        };
        let Some(counter) = self.counter else {
            let place = self.place.with_basket(loaded.number);
            return Err(place.corrupt("it has no entry offsets, and no branch counts its values"));
        };
        let end = loaded.first_entry.saturating_add(loaded.entries as u64);
        Ok(Some((loaded.first_entry..end, counter)))
    }

    /// Says how many items each entry of that basket has.
    pub(crate) fn count(&mut self, counts: &[usize]) -> Result<(), Error> {
        let Layout::Counted { cell, lead } = &self.layout else {
            return Ok(());
        };
        let (size, lead) = (cell.size(), *lead);
        let Some(loaded) = self.loaded.iter_mut().find(|loaded| loaded.uncounted) else {
            return Ok(());
        };
        let place = self.place.with_basket(loaded.number);
        loaded
            .count(counts, size, lead)
            .map_err(|error| place.corrupt(error))
    }

    /// The values of these entries, whose baskets are loaded.
    pub(crate) fn decode(
        &self,
        entries: &Range<u64>,
        shared: Option<&OffsetBuffer<i32>>,
    ) -> Result<ArrayRef, Error> {
        let needed = self.index.overlapping(entries);
        let parts: Vec<Part<'_>> = self
            .loaded
            .iter()
            .filter(|loaded| needed.contains(&loaded.number))
            .map(|loaded| loaded.part(entries))
            .collect();
        let layout = &self.layout;
        let rows = parts.iter().map(|part| part.rows.len()).sum();
        let bytes = parts.iter().map(|part| part.bytes(layout)).sum();
        let mut builder = ColumnBuilder::new(layout, rows, bytes);
        let stopped = |place: Place, stop| match stop {
            Stop::Malformed(error) => place.corrupt(error),
            Stop::TooLarge => Error::TooLarge {
                place,
                range: entries.clone(),
            },
        };
        for part in &parts {
            part.decode(layout, &mut builder)
                .map_err(|stop| stopped(self.place.with_basket(part.loaded.number), stop))?;
        }
        builder
            .finish(shared)
            .map_err(|stop| stopped(self.place.clone(), stop))
    }

    /// Forgets all baskets but the last.
    pub(crate) fn keep_last(&mut self) {
        if let Some(last) = self.loaded.pop() {
            self.spare.append(&mut self.loaded);
            self.loaded.push(last);
        }
    }
}

impl Loaded {
    /// Finds where each entry begins, and checks that all are there.
    fn locate_entries(&mut self, layout: &Layout) -> Result<(), Malformed> {
        self.uncounted = false;
        self.boundaries.clear();
        let offsets = self.basket.has_offsets();
        match layout {
            Layout::Fixed { cell, place } => {
                let size = place.map_or(cell.size(), |place| place.structure).max(1);
                let length = self.basket.data().len();
                if length / size < self.entries {
                    return Err(Malformed::new(format!(
                        "{length} bytes for {} entries of {size} bytes",
                        self.entries
                    )));
                }
                Ok(())
            }
            Layout::Streamed { header, .. } if !offsets => {
                self.basket
                    .walk(self.entries, *header, &mut self.boundaries)
            }
            Layout::Counted { .. } if !offsets && self.entries > 0 => {
                self.uncounted = true;
                Ok(())
            }
            _ => self.basket.boundaries(self.entries, &mut self.boundaries),
        }
    }

    fn count(&mut self, counts: &[usize], size: usize, lead: usize) -> Result<(), Malformed> {
        if counts.len() != self.entries {
            return Err(Malformed::new("the branch that counts has other entries"));
        }
        let length = self.basket.data().len();
        let mut at = 0_usize;
        self.boundaries.clear();
        self.boundaries.push(0);
        for &count in counts {
            at = at
                .saturating_add(count.saturating_mul(size))
                .saturating_add(lead);
            if at > length {
                return Err(Malformed::new(format!(
                    "{length} bytes for more values than that, by the branch that counts"
                )));
            }
            self.boundaries.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        self.uncounted = false;
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
            (Layout::Fixed { cell, .. }, _) => self.rows.len() * cell.size(),
            (_, [first, .., last]) => last.saturating_sub(*first) as usize,
            _ => 0,
        }
    }

    fn decode(&self, layout: &Layout, builder: &mut ColumnBuilder<'_>) -> Result<(), Stop> {
        let data = self.loaded.basket.data();
        let Layout::Fixed { cell, place } = layout else {
            return builder.extend_varying(data, self.boundaries());
        };
        let size = place.map_or(cell.size(), |place| place.structure);
        let range = self.rows.start * size..self.rows.end * size;
        builder.extend_fixed(data.get(range).unwrap_or_default());
        Ok(())
    }
}
