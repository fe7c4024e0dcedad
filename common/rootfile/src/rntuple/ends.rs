//! Where lists end, by the elements of a column that says so: counted from the start of the cluster.

use std::ops::Range;

use super::page_column::PageColumn;
use super::values::Values;
use crate::error::Error;
use crate::limit::Claims;
use crate::primitive::Primitive;

/// The same elements and the one before them, where lists begin.
pub(super) fn with_one_before(elements: &Range<u64>) -> Range<u64> {
    match elements.is_empty() {
        true => elements.clone(),
        false => elements.start.saturating_sub(1)..elements.end,
    }
}

/// Where some lists of a cluster end.
pub(super) struct Ends {
    /// Where the first of them begins.
    start: u64,
    ends: Vec<u64>,
}

impl Ends {
    pub(super) fn read(
        column: &PageColumn,
        cluster: usize,
        elements: &Range<u64>,
        claims: &mut Claims,
    ) -> Result<Self, Error> {
        let mut found = Values::new(Primitive::U64);
        column.copy(cluster, &with_one_before(elements), claims, &mut found)?;
        let Values::U64(mut ends) = found else {
            return Err(column.place().corrupt("its lists have no ends"));
        };
        let has_one_before = !elements.is_empty() && elements.start > 0 && !ends.is_empty();
        let start = match has_one_before {
            true => ends.remove(0),
            false => 0,
        };
        let mut last = start;
        for &end in &ends {
            if end < last {
                let what =
                    format!("a list in cluster {cluster} ends at {end}, and begins at {last}");
                return Err(column.place().corrupt(what));
            }
            last = end;
        }
        Ok(Self { start, ends })
    }

    pub(super) fn items(&self) -> Range<u64> {
        self.start..self.ends.last().copied().unwrap_or(self.start)
    }

    pub(super) fn lengths(&self) -> Vec<u64> {
        let starts = std::iter::once(&self.start).chain(&self.ends);
        let pairs = self.ends.iter().zip(starts);
        pairs
            .map(|(end, start)| end.saturating_sub(*start))
            .collect()
    }

    /// Adds the ends to those of the clusters before; `None` where they cannot be counted.
    pub(super) fn append(&self, offsets: &mut Vec<i32>) -> Option<()> {
        let base = offsets.last().copied().unwrap_or_default();
        let whole = self.items();
        let last = i32::try_from(whole.end - whole.start).ok()?;
        base.checked_add(last)?;
        // None is larger than the last.
        let ends = self.ends.iter().map(|end| base + (end - self.start) as i32);
        offsets.extend(ends);
        Some(())
    }
}
