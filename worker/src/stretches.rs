//! Stretches of the entries of a batch that hold those which are still wanted: columns that nobody
//! looked at yet are read for them alone.

use std::ops::Range;

use arrow_array::{BooleanArray, RecordBatch, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::take::take_record_batch;
use lumimill_common::expression::Index;

/// Entries in a row that must be unwanted to end a stretch: fewer are read sooner than left out.
const GAP: usize = 256;
/// Where stretches would leave out less than one entry of so many, they leave out none.
const WORTHWHILE: usize = 4;

/// Ascending ranges of the entries of a batch, counted from its first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretches {
    ranges: Vec<Range<usize>>,
}

impl Stretches {
    /// All entries of a batch of so many.
    pub(crate) fn whole(entries: usize) -> Self {
        Self {
            ranges: std::iter::once(0..entries).collect(),
        }
    }

    /// Those of a batch of so many entries that hold these, which ascend and may come several times.
    pub(crate) fn holding(wanted: &Index, entries: usize) -> Self {
        let Index::Chosen(wanted) = wanted else {
            return Self::whole(entries);
        };
        let mut ranges = Vec::new();
        let mut wanted = wanted.iter().map(|at| *at as usize);
        if let Some(first) = wanted.next() {
            let mut last = first..first + 1;
            for at in wanted {
                if at >= last.end + GAP {
                    ranges.push(last.clone());
                    last.start = at;
                }
                last.end = at + 1;
            }
            ranges.push(last);
        }
        let some = Self { ranges };
        match (entries - some.entries().min(entries)) * WORTHWHILE <= entries {
            true => Self::whole(entries),
            false => some,
        }
    }

    /// How many entries they hold.
    pub(crate) fn entries(&self) -> usize {
        self.ranges.iter().map(ExactSizeIterator::len).sum()
    }

    /// The entries of a table, of a batch that begins with this one.
    pub(crate) fn of_table(&self, start: u64) -> Vec<Range<u64>> {
        let entry = |at: usize| start.saturating_add(at as u64);
        let ranges = self.ranges.iter();
        ranges
            .map(|range| entry(range.start)..entry(range.end))
            .collect()
    }

    /// Which entry of the batch stands at a place among those that are left.
    pub(crate) fn entry(&self, mut place: usize) -> usize {
        for range in &self.ranges {
            match range.len() > place {
                true => return range.start + place,
                false => place -= range.len(),
            }
        }
        place
    }

    /// The places among those that are left of some entries of the batch, which ascend and come once,
    /// without the others.
    pub(crate) fn places(&self, entries: &Index) -> Index {
        let mut places = Vec::with_capacity(entries.len().min(self.entries()));
        let mut at = 0;
        let mut before = 0;
        for range in &self.ranges {
            while let Some(entry) = entries.at(at).filter(|entry| *entry < range.end) {
                if entry >= range.start {
                    places.push((before + entry - range.start) as u32);
                }
                at += 1;
            }
            before += range.len();
        }
        match places.len() == before {
            true => Index::All(before),
            false => Index::Chosen(places),
        }
    }

    /// Those that these are of the entries which others left.
    pub(crate) fn of(&self, others: &Self) -> Self {
        let mut ranges = Vec::new();
        for range in &self.ranges {
            let mut before = 0;
            for other in &others.ranges {
                let within = |at: usize| at.saturating_sub(before).min(other.len());
                let part = within(range.start)..within(range.end);
                if !part.is_empty() {
                    ranges.push(other.start + part.start..other.start + part.end);
                }
                before += other.len();
            }
        }
        Self { ranges }
    }

    /// What a mask of the entries, which has no nulls, says of them.
    pub(crate) fn mask(&self, mask: &BooleanArray) -> BooleanArray {
        let parts = self.ranges.iter();
        let parts = parts.flat_map(|range| {
            mask.slice(range.start, range.len())
                .values()
                .iter()
                .collect::<Vec<_>>()
        });
        match self.entries() == mask.len() {
            true => mask.clone(),
            false => BooleanArray::from(parts.collect::<Vec<_>>()),
        }
    }

    /// What a batch has of them.
    pub(crate) fn take(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        if self.entries() == batch.num_rows() {
            return Ok(batch.clone());
        }
        let entries = self.ranges.iter().cloned().flatten().map(|at| at as u32);
        take_record_batch(batch, &UInt32Array::from_iter_values(entries))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::UInt32Type;
    use arrow_array::{RecordBatch, UInt32Array};
    use lumimill_common::expression::Index;

    use super::{GAP, Stretches};

    fn holding(wanted: &[u32], entries: usize) -> Stretches {
        Stretches::holding(&Index::Chosen(wanted.to_vec()), entries)
    }

    #[test]
    fn what_is_close_together_is_one_and_what_leaves_out_little_is_whole() {
        let gap = GAP as u32;
        let some = holding(&[7, 7, 7 + gap, 2000, 2001], 4096);
        assert_eq!(some.of_table(10), [17..18 + GAP as u64, 2010..2012]);
        assert_eq!(some.entries(), GAP + 3);
        assert_eq!(holding(&[0, 3], 4), Stretches::whole(4));
        assert_eq!(holding(&[], 4).entries(), 0);
        assert_eq!(holding(&[], 0), Stretches::whole(0));
        assert_eq!(Stretches::holding(&Index::All(9), 9), Stretches::whole(9));
    }

    #[test]
    fn entries_are_found_again() {
        let some = holding(&[5, 1000, 1001, 3000], 4096);
        let left: Vec<usize> = (0..some.entries()).map(|at| some.entry(at)).collect();
        assert_eq!(left, [5, 1000, 1001, 3000]);
        let places = some.places(&Index::Chosen(vec![4, 5, 1001, 2999, 3000, 4000]));
        assert_eq!(places, Index::Chosen(vec![0, 2, 3]));
        assert_eq!(some.places(&Index::All(4096)), Index::All(4));
        let fewer = Stretches {
            ranges: vec![0..2, 3..4],
        };
        assert_eq!(fewer.of(&some).of_table(0), [5..6, 1000..1001, 3000..3001]);
        let numbers = UInt32Array::from_iter_values(0..4096);
        let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as _)]).unwrap();
        let taken = some.take(&batch).unwrap();
        let taken = taken.column(0).as_primitive::<UInt32Type>();
        assert_eq!(taken.values().as_ref(), [5, 1000, 1001, 3000]);
        let none = holding(&[], 4096);
        assert_eq!(none.take(&batch).unwrap().num_rows(), 0);
    }
}
