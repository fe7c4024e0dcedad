//! Reading a range of entries from several branches: cluster by cluster, first what says how long
//! lists are, then what is in them.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array, ArrayRef, FixedSizeListArray, ListArray, StringArray};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::ArrowError;

use super::ends::{Ends, with_one_before};
use super::ntuple::Ntuple;
use super::page_column::Numbered;
use super::plan::{Leaf, Parent, Plan};
use super::shape::{self, Level};
use super::values::Values;
use crate::ahead::Ahead;
use crate::branch::Branch;
use crate::codec::Codecs;
use crate::error::Error;
use crate::layout::item_field;
use crate::limit::Claims;
use crate::record::read_into;
use crate::wanted::{Wanted, joined};

/// Reads ranges of entries from some branches of an RNTuple.
#[derive(Debug)]
pub(crate) struct NtupleReader {
    ntuple: Ntuple,
    plan: Plan,
    codecs: Codecs,
    /// Bytes as they are in the file, of the read that is being worked on.
    stored: Vec<u8>,
    /// A page that is decompressed.
    scratch: Vec<u8>,
    /// What is on its way, where entries are expected that are far away.
    ahead: Option<Arc<Mutex<Ahead>>>,
}

/// What was read so far of a range of entries.
struct Progress {
    entries: Range<u64>,
    /// Where the lists of each axis end.
    offsets: Vec<Vec<i32>>,
    /// For each branch.
    values: Vec<Values>,
    /// For each axis, the items of the cluster in hand.
    items: Vec<Range<u64>>,
    claims: Claims,
}

impl NtupleReader {
    pub(crate) fn new(ntuple: Ntuple, chosen: &[(&str, &Branch)]) -> Result<Self, Error> {
        let plan = Plan::of(&ntuple, chosen)?;
        Ok(Self {
            ntuple,
            plan,
            codecs: Codecs::new(),
            stored: Vec::new(),
            scratch: Vec::new(),
            ahead: None,
        })
    }

    /// Expects these entries to be read in ascending order by all of these, which are of one RNTuple:
    /// where they are far away, what follows is asked for before it is wanted.
    pub(crate) fn expect(readers: &mut [&mut Self], entries: Range<u64>) {
        let Some(ntuple) = readers.first().map(|reader| reader.ntuple.clone()) else {
            return;
        };
        // Nothing is listed where it is of no use.
        if ntuple.file().source().begin(&[]).is_none() {
            return;
        }
        let columns = readers.iter().flat_map(|reader| &reader.plan.columns);
        let pages = columns.map(|column| column.on_disk(&ntuple)).collect();
        let first = entries.start..entries.start;
        let of = (ntuple.file().clone(), ntuple.entries());
        let mut ahead = Ahead::of(of, pages, entries);
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

    /// The columns' values of these entries, which are within the RNTuple.
    pub(crate) fn read(&mut self, entries: &Range<u64>) -> Result<Vec<ArrayRef>, Error> {
        let ntuple = self.ntuple.clone();
        let leaves = self.plan.leaves.iter();
        let mut progress = Progress {
            entries: entries.clone(),
            offsets: self.plan.axes.iter().map(|_| vec![0]).collect(),
            values: leaves
                .map(|leaf| Values::new(leaf.shape.primitive))
                .collect(),
            items: Vec::new(),
            claims: ntuple.file().memory().claims_of(self.plan.columns.len()),
        };
        let clusters = ntuple.clusters();
        let first = clusters.partition_point(|cluster| {
            cluster.first.saturating_add(cluster.entries) <= entries.start
        });
        for (number, cluster) in clusters.iter().enumerate().skip(first) {
            if cluster.first >= entries.end {
                break;
            }
            let within = |entry: u64| entry.saturating_sub(cluster.first).min(cluster.entries);
            let local = within(entries.start)..within(entries.end);
            self.read_cluster(Numbered { number, cluster }, &local, &mut progress)?;
        }
        self.finish(progress)
    }

    /// Reads these entries of a cluster, counted from its first one.
    fn read_cluster(
        &mut self,
        at: Numbered<'_>,
        local: &Range<u64>,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        progress.items = vec![0..0; self.plan.axes.len()];
        for depth in 0..=self.plan.depth() {
            self.load(depth, at, local, progress)?;
            self.extend_lists(depth, at.number, local, progress)?;
            self.extend_values(depth, at.number, local, progress)?;
        }
        for column in &mut self.plan.columns {
            column.keep_last();
        }
        Ok(())
    }

    /// Makes sure that all pages are decoded that are of elements in so many lists.
    fn load(
        &mut self,
        depth: usize,
        at: Numbered<'_>,
        local: &Range<u64>,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        let axes = self
            .plan
            .axes
            .iter()
            .map(|axis| (axis.parent, axis.column, true));
        let leaves = self.plan.leaves.iter();
        let leaves = leaves.map(|leaf| (leaf.parent, leaf.column, leaf.is_lengths()));
        let mut wanted = Vec::new();
        for (parent, column, is_ends) in axes.chain(leaves) {
            if parent.depth != depth {
                continue;
            }
            let elements = elements_of(parent, local, &progress.items);
            let elements = match is_ends {
                true => with_one_before(&elements),
                false => elements,
            };
            let scale = parent.axis.is_none().then_some(parent.scale);
            if let Some(pages) = self.plan.columns.get_mut(column) {
                let of = (&elements, scale);
                pages.want(&self.ntuple, (column, at), of, &mut wanted)?;
            }
        }
        wanted.sort_unstable_by_key(|page| (page.offset, page.column, page.number));
        wanted.dedup();
        self.fetch(at, &wanted, &mut progress.claims)?;
        for column in &mut self.plan.columns {
            column.order();
        }
        Ok(())
    }

    fn fetch(
        &mut self,
        at: Numbered<'_>,
        wanted: &[Wanted],
        claims: &mut Claims,
    ) -> Result<(), Error> {
        let ntuple = self.ntuple.clone();
        let wanted = self.fetch_what_is_here(at, wanted, claims)?;
        let source = ntuple.file().source();
        let mut rest = wanted.as_slice();
        while let Some(first) = rest.first() {
            let (count, end) = joined(first, rest, source.worthwhile_gap());
            let (group, after) = rest.split_at(count);
            read_into(source, first.offset, end - first.offset, &mut self.stored)?;
            for page in group {
                let start = usize::try_from(page.offset - first.offset).unwrap_or(usize::MAX);
                let end = start.saturating_add(page.length as usize);
                let record = self.stored.get(start..end).unwrap_or_default();
                if let Some(column) = self.plan.columns.get_mut(page.column) {
                    let with = (&mut *claims, &mut self.codecs, &mut self.scratch);
                    column.load(&ntuple, (page.number, at), record, with)?;
                }
            }
            rest = after;
        }
        Ok(())
    }

    /// Decodes those pages that were asked for ahead, and returns the others.
    fn fetch_what_is_here(
        &mut self,
        at: Numbered<'_>,
        wanted: &[Wanted],
        claims: &mut Claims,
    ) -> Result<Vec<Wanted>, Error> {
        let Some(ahead) = self.ahead.clone() else {
            return Ok(wanted.to_vec());
        };
        let mut others = Vec::new();
        for page in wanted {
            let known = ahead.lock().unwrap_or_else(PoisonError::into_inner);
            let is_here = known.take(page, &mut self.stored);
            drop(known);
            match (is_here, self.plan.columns.get_mut(page.column)) {
                (true, Some(column)) => {
                    let with = (&mut *claims, &mut self.codecs, &mut self.scratch);
                    column.load(&self.ntuple, (page.number, at), &self.stored, with)?;
                }
                _ => others.push(*page),
            }
        }
        Ok(others)
    }

    /// Finds where the lists end that are in so many others, and which items they have.
    fn extend_lists(
        &self,
        depth: usize,
        cluster: usize,
        local: &Range<u64>,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        for (number, axis) in self.plan.axes.iter().enumerate() {
            let column = self.plan.columns.get(axis.column);
            let Some(column) = column.filter(|_| axis.parent.depth == depth) else {
                continue;
            };
            let elements = elements_of(axis.parent, local, &progress.items);
            let ends = Ends::read(column, cluster, &elements, &mut progress.claims)?;
            if let Some(offsets) = progress.offsets.get_mut(number) {
                let too_large = || Error::TooLarge {
                    place: column.place().clone(),
                    range: progress.entries.clone(),
                };
                ends.append(offsets).ok_or_else(too_large)?;
            }
            if let Some(items) = progress.items.get_mut(number) {
                *items = ends.items();
            }
        }
        Ok(())
    }

    fn extend_values(
        &self,
        depth: usize,
        cluster: usize,
        local: &Range<u64>,
        progress: &mut Progress,
    ) -> Result<(), Error> {
        for (leaf, values) in self.plan.leaves.iter().zip(&mut progress.values) {
            let column = self.plan.columns.get(leaf.column);
            let Some(column) = column.filter(|_| leaf.parent.depth == depth) else {
                continue;
            };
            let elements = elements_of(leaf.parent, local, &progress.items);
            match leaf.is_lengths() {
                true => {
                    let ends = Ends::read(column, cluster, &elements, &mut progress.claims)?;
                    let lengths = Values::U64(ends.lengths());
                    values.extend(&lengths, 0..lengths.len());
                }
                false => column.copy(cluster, &elements, &mut progress.claims, values)?,
            }
        }
        Ok(())
    }

    fn finish(&self, progress: Progress) -> Result<Vec<ArrayRef>, Error> {
        let offsets: Vec<OffsetBuffer<i32>> = progress
            .offsets
            .into_iter()
            .map(|offsets| OffsetBuffer::new(ScalarBuffer::from(offsets)))
            .collect();
        let leaves = self.plan.leaves.iter().zip(progress.values);
        let entries = &progress.entries;
        let array = |(leaf, values): (&Leaf, Values)| {
            check_text(leaf, &values, &offsets, entries)?;
            nest(leaf, values, &offsets).map_err(|error| leaf.place.corrupt(error))
        };
        leaves.map(array).collect()
    }
}

/// The elements of some entries, or of the items in them.
fn elements_of(parent: Parent, local: &Range<u64>, items: &[Range<u64>]) -> Range<u64> {
    let of = match parent.axis {
        None => local.clone(),
        Some(axis) => items.get(axis).cloned().unwrap_or_default(),
    };
    of.start.saturating_mul(parent.scale)..of.end.saturating_mul(parent.scale)
}

/// That texts are such as tables can hold.
fn check_text(
    leaf: &Leaf,
    values: &Values,
    offsets: &[OffsetBuffer<i32>],
    entries: &Range<u64>,
) -> Result<(), Error> {
    let (Values::U8(bytes), shape::Values::Text) = (values, leaf.shape.values) else {
        return Ok(());
    };
    let Err(wrong) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    let ends = leaf.axes.last().copied().flatten();
    let ends = ends.and_then(|axis| offsets.get(axis));
    let before = ends.map_or(0, |ends| {
        let is_before =
            |end: &i32| usize::try_from(*end).is_ok_and(|end| end <= wrong.valid_up_to());
        ends.partition_point(is_before).saturating_sub(1)
    });
    let place = match leaf.shape.levels.len() {
        1 => format!("entry {}", entries.start.saturating_add(before as u64)),
        _ => format!(
            "entries {} to {}",
            entries.start,
            entries.end.saturating_sub(1)
        ),
    };
    Err(leaf.place.unsupported(format!(
        "a text of {place} is not UTF-8, which tables cannot hold: leave the column out"
    )))
}

/// The values of a branch in its lists and arrays.
fn nest(
    leaf: &Leaf,
    values: Values,
    offsets: &[OffsetBuffer<i32>],
) -> Result<ArrayRef, ArrowError> {
    let missing = || ArrowError::InvalidArgumentError("lists without ends".to_owned());
    let of = |axis: &Option<usize>| {
        let offsets = axis.and_then(|axis| offsets.get(axis));
        offsets.cloned().ok_or_else(missing)
    };
    let mut levels = leaf.shape.levels.iter().zip(&leaf.axes).rev();
    let mut array = match values {
        Values::U8(bytes) if leaf.shape.values == shape::Values::Text => {
            let (_, axis) = levels.next().ok_or_else(missing)?;
            Arc::new(StringArray::try_new(
                of(axis)?,
                Buffer::from_vec(bytes),
                None,
            )?)
        }
        values => values.finish(),
    };
    for (level, axis) in levels {
        let field = item_field(array.data_type().clone());
        array = match level {
            Level::Array(length) => {
                let length = i32::try_from(*length).unwrap_or(i32::MAX);
                Arc::new(FixedSizeListArray::try_new(field, length, array, None)?)
            }
            Level::List(_) => Arc::new(ListArray::try_new(field, of(axis)?, array, None)?),
        };
    }
    Ok(array)
}
