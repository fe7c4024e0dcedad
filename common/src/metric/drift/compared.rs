//! What the columns of each value of the key are compared with: those of a reference, or of all
//! other values of the key together.

use std::collections::BTreeMap;

use super::counts::{ColumnCounts, KeyCounts};
use super::key_range::KeyRange;
use super::shape::SHAPE_BINS;
use super::shift::Shift;
use super::spec::DriftSpec;
use super::weighed_shift::between_weights;
use crate::metric::tally::Tally;
use crate::metric::weight_tally::WeightTally;

/// Shapes to compare with, one a column.
pub(super) struct Compared<'a> {
    reference: Option<&'a KeyRange>,
    shapes: Vec<Shape>,
}

/// How values lie, or their weights.
enum Shape {
    Counted(Tally),
    Weighed(WeightTally),
}

impl<'a> Compared<'a> {
    pub(super) fn of(keys: &BTreeMap<i64, KeyCounts>, spec: &'a DriftSpec) -> Self {
        let reference = spec.reference();
        let shape = |column: usize| {
            let among = keys.iter().filter(|(key, _)| is_in(reference, **key));
            let columns = among.filter_map(|(_, counts)| counts.columns.get(column));
            if spec.weight().is_some() {
                let mut all = WeightTally::new(SHAPE_BINS.into());
                let weighed = columns.filter_map(|column| column.weights.as_ref());
                weighed.for_each(|weights| all.merge(&weights.shape));
                return Shape::Weighed(all);
            }
            let mut all = Tally::dense(SHAPE_BINS);
            columns.for_each(|column| all.merge(&column.shape));
            Shape::Counted(all)
        };
        Self {
            reference,
            shapes: (0..spec.columns().len()).map(shape).collect(),
        }
    }

    /// How a column of a value of the key differs from what it is compared with.
    pub(super) fn shift(&self, key: i64, place: usize, column: &ColumnCounts) -> Option<Shift> {
        let is_part = is_in(self.reference, key);
        match self.shapes.get(place)? {
            Shape::Counted(all) if is_part => Shift::between(&column.shape, all),
            Shape::Counted(all) => {
                let mut with_it = all.clone();
                with_it.merge(&column.shape);
                Shift::between(&column.shape, &with_it)
            }
            Shape::Weighed(all) => {
                let mine = &column.weights.as_ref()?.shape;
                match is_part {
                    true => between_weights(mine, all),
                    false => {
                        let mut with_it = all.clone();
                        with_it.merge(mine);
                        between_weights(mine, &with_it)
                    }
                }
            }
        }
    }
}

/// Whether a value of the key is one that others are compared with.
fn is_in(reference: Option<&KeyRange>, key: i64) -> bool {
    reference.is_none_or(|reference| reference.contains(key))
}
