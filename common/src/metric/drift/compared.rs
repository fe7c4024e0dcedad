//! What the columns of each value of the key are compared with: those of a reference, or of all
//! other values of the key together.

use super::{DriftCounts, DriftSpec, SHAPE_BINS, Shift};
use crate::event_id::Run;
use crate::metric::tally::Tally;
use crate::run_range::RunRange;

/// Shapes to compare with, one a column.
pub(super) struct Compared<'a> {
    reference: Option<&'a RunRange>,
    shapes: Vec<Tally>,
}

impl<'a> Compared<'a> {
    pub(super) fn of(counts: &DriftCounts, spec: &'a DriftSpec) -> Self {
        let reference = spec.reference();
        let shape = |column: usize| {
            let mut all = Tally::dense(SHAPE_BINS);
            let keys = counts.keys.iter();
            let keys = keys.filter(|(key, _)| is_in(reference, **key));
            for counts in keys.filter_map(|(_, counts)| counts.columns.get(column)) {
                all.merge(&counts.shape);
            }
            all
        };
        Self {
            reference,
            shapes: (0..spec.columns().len()).map(shape).collect(),
        }
    }

    /// How a column of a value of the key differs from what it is compared with.
    pub(super) fn shift(&self, key: i64, column: usize, shape: &Tally) -> Option<Shift> {
        let all = self.shapes.get(column)?;
        match is_in(self.reference, key) {
            true => Shift::between(shape, all),
            false => {
                let mut with_it = all.clone();
                with_it.merge(shape);
                Shift::between(shape, &with_it)
            }
        }
    }
}

/// Whether a value of the key is one that others are compared with.
fn is_in(reference: Option<&RunRange>, key: i64) -> bool {
    let Some(reference) = reference else {
        return true;
    };
    u32::try_from(key).is_ok_and(|run| reference.contains(Run::new(run)))
}
