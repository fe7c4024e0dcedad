//! What is counted for a mass fit, category by category.

use serde::{Deserialize, Serialize};

use super::control_weights::ControlWeights;
use super::spec::MassFitSpec;
use super::values::Pairs;
use super::{control, values};
use crate::metric::tally::Tally;
use crate::metric::weight_sums::WeightSums;

/// Counts of one `fit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::metric) struct MassFitCounts {
    /// One a category.
    pub(super) categories: Vec<CategoryCounts>,
    /// Rows of no category.
    pub(super) outside: u64,
    /// Rows of a category beside the range.
    pub(super) out_of_range: u64,
    /// Rows with a value or weight that is null, NaN, or too large or small to be squared.
    pub(super) missing: u64,
    /// Rows that do not fulfil the condition.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub(super) cut: u64,
    /// Rows that were counted, and whose truth is neither 0 nor 1.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub(super) untold: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_nothing(count: &u64) -> bool {
    *count == 0
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryCounts {
    pub(super) entries: Tally,
    /// The same in each bin of each control variable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) columns: Vec<Tally>,
    /// Of each control variable without bins, in steps of its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) stepped: Vec<Tally>,
    /// Those of the columns and steps whose rows truly are of the signal, where that is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) true_columns: Vec<Tally>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) true_stepped: Vec<Tally>,
    /// The sums of weights in the cells of all of these, where rows have weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) control_weights: Option<ControlWeights>,
    /// Of a fit without bins, the values themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) values: Option<Tally>,
    /// The same with their weights, where rows have some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pairs: Option<Pairs>,
    /// One a bin with weights, else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) weights: Vec<WeightSums>,
}

impl MassFitCounts {
    /// Nothing counted yet.
    pub(super) fn empty(spec: &MassFitSpec) -> Self {
        Self {
            categories: vec![CategoryCounts::new(spec); spec.categories()],
            outside: 0,
            out_of_range: 0,
            missing: 0,
            cut: 0,
            untold: 0,
        }
    }

    /// Adds what another shard counted.
    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.categories.iter_mut().zip(&other.categories) {
            mine.entries.merge(&theirs.entries);
            mine.merge_control(theirs);
            if let Some((mine, theirs)) = mine.values.as_mut().zip(theirs.values.as_ref()) {
                values::merge(mine, theirs);
            }
            if let Some((mine, theirs)) = mine.pairs.as_mut().zip(theirs.pairs.as_ref()) {
                mine.merge(theirs);
            }
            for (mine, theirs) in mine.weights.iter_mut().zip(&theirs.weights) {
                mine.merge(theirs);
            }
        }
        self.outside = self.outside.saturating_add(other.outside);
        self.out_of_range = self.out_of_range.saturating_add(other.out_of_range);
        self.missing = self.missing.saturating_add(other.missing);
        self.cut = self.cut.saturating_add(other.cut);
        self.untold = self.untold.saturating_add(other.untold);
    }

    /// Whether these can be counts of it.
    pub(super) fn can_be_of(&self, spec: &MassFitSpec) -> bool {
        self.categories.len() == spec.categories()
            && self.categories.iter().all(|counts| counts.fit(spec))
    }
}

impl CategoryCounts {
    fn new(spec: &MassFitSpec) -> Self {
        let weighted = spec.weight().map_or(0, |_| spec.bins() as usize);
        let columns = vec![Tally::dense(spec.bins()); spec.control_bins()];
        let stepped = vec![control::empty(spec.bins()); spec.stepped().count()];
        let of_truth = |tallies: &[Tally]| match spec.truth() {
            Some(_) => tallies.to_vec(),
            None => Vec::new(),
        };
        let mut counts = Self {
            entries: Tally::dense(spec.bins()),
            true_columns: of_truth(&columns),
            true_stepped: of_truth(&stepped),
            columns,
            stepped,
            values: (spec.is_unbinned() && spec.weight().is_none()).then(values::empty),
            pairs: (spec.is_unbinned() && spec.weight().is_some()).then(Pairs::default),
            weights: vec![WeightSums::default(); weighted],
            control_weights: None,
        };
        let is_weighted = spec.weight().is_some() && !spec.control().is_empty();
        counts.control_weights = is_weighted.then(|| {
            ControlWeights::beside([
                &counts.columns,
                &counts.stepped,
                &counts.true_columns,
                &counts.true_stepped,
            ])
        });
        counts
    }

    /// Adds what another shard counted of control variables.
    fn merge_control(&mut self, other: &Self) {
        let all = [
            (&mut self.columns, &other.columns),
            (&mut self.stepped, &other.stepped),
            (&mut self.true_columns, &other.true_columns),
            (&mut self.true_stepped, &other.true_stepped),
        ];
        for (mine, theirs) in all {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                mine.merge(theirs);
            }
        }
        let weights = self.control_weights.as_mut();
        if let Some((mine, theirs)) = weights.zip(other.control_weights.as_ref()) {
            mine.merge(theirs);
        }
    }

    /// Whether these can be counts of a category.
    fn fit(&self, spec: &MassFitSpec) -> bool {
        let empty = Self::new(spec);
        let are_alike = |mine: &[Tally], empty: &[Tally]| {
            let mut pairs = mine.iter().zip(empty);
            mine.len() == empty.len() && pairs.all(|(mine, empty)| mine.bins() == empty.bins())
        };
        self.entries.bins() == empty.entries.bins()
            && are_alike(&self.columns, &empty.columns)
            && are_alike(&self.stepped, &empty.stepped)
            && are_alike(&self.true_columns, &empty.true_columns)
            && are_alike(&self.true_stepped, &empty.true_stepped)
            && match (&self.control_weights, &empty.control_weights) {
                (Some(mine), Some(empty)) => mine.is_like(empty),
                (mine, empty) => mine.is_none() && empty.is_none(),
            }
            && self.weights.len() == empty.weights.len()
            && self.values.is_some() == empty.values.is_some()
            && self.pairs.is_some() == empty.pairs.is_some()
            && (self.values.as_ref()).is_none_or(|values| values.bins() == u64::MAX)
    }
}
