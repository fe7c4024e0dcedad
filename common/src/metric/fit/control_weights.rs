//! Sums of weights beside the counts of control variables, of rows that have weights of their own.
//!
//! The numbers of rows say where parts are cut; what is tested in them are Σw, with errors of Σw².

use lumimill_fit::{FitRange, Histogram, NoHistogram};
use serde::{Deserialize, Serialize};

use crate::metric::tally::Tally;
use crate::metric::weight_tally::{Weighed, WeightTally};

/// One a tally of the counts, in the same cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlWeights {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) columns: Vec<WeightTally>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) stepped: Vec<WeightTally>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) true_columns: Vec<WeightTally>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) true_stepped: Vec<WeightTally>,
}

/// The rows of a tally, with the sums of their weights where they have some.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted<'a> {
    pub(super) rows: &'a Tally,
    pub(super) weights: Option<&'a WeightTally>,
}

impl<'a> Counted<'a> {
    /// Each tally with its weights.
    pub(super) fn each(
        rows: &'a [Tally],
        weights: Option<&'a [WeightTally]>,
    ) -> impl Iterator<Item = Self> {
        let rows = rows.iter().enumerate();
        rows.map(move |(number, rows)| Self {
            rows,
            weights: weights.and_then(|weights| weights.get(number)),
        })
    }

    /// Histograms of `bins` bins of the fit variable: `place` says in which of them, and in which bin, a
    /// cell is counted.
    pub(super) fn histograms(
        &self,
        range: FitRange,
        (histograms, bins): (usize, usize),
        place: impl Fn(u64) -> Option<(usize, usize)>,
    ) -> Result<Vec<Histogram>, NoHistogram> {
        let at = |cell: u64| {
            let place =
                place(cell).filter(|(histogram, bin)| *histogram < histograms && *bin < bins);
            place.map(|(histogram, bin)| histogram * bins + bin)
        };
        let mut counts = vec![0_u64; histograms * bins];
        for (cell, count) in self.rows.iter() {
            let slot = at(cell).and_then(|at| counts.get_mut(at));
            slot.into_iter()
                .for_each(|slot| *slot = slot.saturating_add(count));
        }
        let counts = counts.chunks_exact(bins.max(1));
        let Some(weights) = self.weights else {
            return counts
                .map(|counts| Histogram::of_counts(range, counts))
                .collect();
        };
        let mut sums = vec![Weighed::default(); histograms * bins];
        for (cell, weighed) in weights.iter() {
            let slot = at(cell).and_then(|at| sums.get_mut(at));
            slot.into_iter().for_each(|slot| slot.merge(&weighed));
        }
        let sums = sums.chunks_exact(bins.max(1));
        let of = counts.zip(sums).map(|(counts, sums)| {
            let entries = counts.iter().copied().fold(0, u64::saturating_add);
            let sumw = sums.iter().map(Weighed::sum).collect();
            let sumw2 = sums.iter().map(Weighed::squares).collect();
            Histogram::of_sums(range, sumw, sumw2, entries)
        });
        of.collect()
    }
}

/// Cells with weights that are yet to be added: those of a column, or of a control variable in steps.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) columns: Vec<Vec<(u64, f64)>>,
    pub(super) stepped: Vec<Vec<(u64, f64)>>,
    pub(super) true_columns: Vec<Vec<(u64, f64)>>,
    pub(super) true_stepped: Vec<Vec<(u64, f64)>>,
}

/// Has a weight wait for a cell of the tally of a number.
pub(super) fn wait(all: &mut Vec<Vec<(u64, f64)>>, number: usize, cell: u64, weight: f64) {
    if all.len() <= number {
        all.resize(number + 1, Vec::new());
    }
    if let Some(waiting) = all.get_mut(number) {
        waiting.push((cell, weight));
    }
}

impl ControlWeights {
    /// Nothing yet, in the cells of these columns and steps, and of those of the truth.
    pub(super) fn beside([columns, stepped, true_columns, true_stepped]: [&[Tally]; 4]) -> Self {
        let of = |tallies: &[Tally]| {
            let tallies = tallies.iter();
            tallies
                .map(|tally| WeightTally::new(tally.bins()))
                .collect()
        };
        Self {
            columns: of(columns),
            stepped: of(stepped),
            true_columns: of(true_columns),
            true_stepped: of(true_stepped),
        }
    }

    /// Adds what waited.
    pub(super) fn add(&mut self, waiting: Waiting) {
        let all = [
            (&mut self.columns, waiting.columns),
            (&mut self.stepped, waiting.stepped),
            (&mut self.true_columns, waiting.true_columns),
            (&mut self.true_stepped, waiting.true_stepped),
        ];
        for (tallies, waiting) in all {
            for (tally, weights) in tallies.iter_mut().zip(waiting) {
                tally.add_all(weights);
            }
        }
    }

    /// Adds the sums of another shard.
    pub(super) fn merge(&mut self, other: &Self) {
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
    }

    /// Whether these have the cells of others.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let are_alike = |mine: &[WeightTally], theirs: &[WeightTally]| {
            let mut pairs = mine.iter().zip(theirs);
            mine.len() == theirs.len() && pairs.all(|(mine, theirs)| mine.bins() == theirs.bins())
        };
        are_alike(&self.columns, &other.columns)
            && are_alike(&self.stepped, &other.stepped)
            && are_alike(&self.true_columns, &other.true_columns)
            && are_alike(&self.true_stepped, &other.true_stepped)
    }
}
