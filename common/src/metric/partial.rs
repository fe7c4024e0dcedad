//! The part of a metric that one shard contributes, as its marker carries it.

use super::drift::{DriftCounts, DriftResult};
use super::histogram::{HistogramCounts, HistogramResult};
use super::ranking::{RankingCounts, RankingResult};
use super::row_batch::{FillError, RowBatch};
use super::spec::MetricSpec;
use serde::{Deserialize, Serialize};

/// Two partials that cannot be merged, because they count different things.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot merge {what}: expected {expected}, found {found}; the shards were made with different configurations"
)]
pub struct Incompatible {
    what: &'static str,
    expected: String,
    found: String,
}

impl Incompatible {
    pub(super) fn new(what: &'static str, expected: &str, found: &str) -> Self {
        Self {
            what,
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}

/// What a metric left out because it was not a finite number, or null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Events none of whose labelled rows had a finite score (rankings per event only).
    pub events: u64,
    /// Rows.
    pub rows: u64,
}

/// Counts and exact sums of one metric over some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPartial", into = "RawPartial")]
pub struct Partial {
    spec: MetricSpec,
    counts: Counts,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Counts {
    Ranking(Box<RankingCounts>),
    Drift(DriftCounts),
    Histogram(HistogramCounts),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPartial {
    spec: MetricSpec,
    counts: Counts,
}

/// The value of a metric over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricResult {
    /// Of a `ranking`.
    Ranking(Box<RankingResult>),
    /// Of a `drift`.
    Drift(DriftResult),
    /// Of a `histogram`.
    Histogram(HistogramResult),
}

impl Partial {
    /// Nothing counted yet: the identity of [`Partial::merge`].
    #[must_use]
    pub fn new(spec: &MetricSpec) -> Self {
        let counts = match spec {
            MetricSpec::Ranking(spec) => Counts::Ranking(Box::new(RankingCounts::new(spec))),
            MetricSpec::Drift(_) => Counts::Drift(DriftCounts::default()),
            MetricSpec::Histogram(spec) => Counts::Histogram(HistogramCounts::new(spec)),
        };
        Self {
            spec: spec.clone(),
            counts,
        }
    }

    /// The metric that is counted.
    #[must_use]
    pub fn spec(&self) -> &MetricSpec {
        &self.spec
    }

    /// Counts rows. An event must not be split between two calls.
    ///
    /// # Errors
    /// When a column is missing or of an unreadable type; the partial must be discarded then.
    pub fn fill(&mut self, rows: &RowBatch<'_>) -> Result<(), FillError> {
        match (&self.spec, &mut self.counts) {
            (MetricSpec::Ranking(spec), Counts::Ranking(counts)) => counts.fill(spec, rows),
            (MetricSpec::Drift(spec), Counts::Drift(counts)) => counts.fill(spec, rows),
            (MetricSpec::Histogram(spec), Counts::Histogram(counts)) => counts.fill(spec, rows),
            _ => Ok(()),
        }
    }

    /// Adds what another shard counted. Associative and commutative, to the last bit.
    ///
    /// # Errors
    /// When the other counts a different metric; nothing is changed then.
    pub fn merge(&mut self, other: &Self) -> Result<(), Incompatible> {
        if self.spec != other.spec {
            let [expected, found] = [&self.spec, &other.spec].map(|spec| format!("{spec:?}"));
            return Err(Incompatible::new("metric", &expected, &found));
        }
        match (&mut self.counts, &other.counts) {
            (Counts::Ranking(mine), Counts::Ranking(theirs)) => mine.merge(theirs),
            (Counts::Drift(mine), Counts::Drift(theirs)) => mine.merge(theirs),
            (Counts::Histogram(mine), Counts::Histogram(theirs)) => mine.merge(theirs),
            _ => {}
        }
        Ok(())
    }

    /// What was left out so far for want of a finite number, for the cut flow.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        match &self.counts {
            Counts::Ranking(counts) => counts.dropped(),
            Counts::Drift(counts) => Dropped {
                events: 0,
                rows: counts.dropped(),
            },
            Counts::Histogram(counts) => Dropped {
                events: 0,
                rows: counts.dropped(),
            },
        }
    }

    /// The metric's value over everything counted so far.
    #[must_use]
    pub fn finalise(&self) -> Option<MetricResult> {
        Some(match (&self.spec, &self.counts) {
            (MetricSpec::Ranking(spec), Counts::Ranking(counts)) => {
                MetricResult::Ranking(Box::new(counts.finalise(spec)))
            }
            (MetricSpec::Drift(spec), Counts::Drift(counts)) => {
                MetricResult::Drift(counts.finalise(spec))
            }
            (MetricSpec::Histogram(spec), Counts::Histogram(counts)) => {
                MetricResult::Histogram(counts.finalise(spec))
            }
            _ => return None,
        })
    }
}

impl From<Partial> for RawPartial {
    fn from(partial: Partial) -> Self {
        Self {
            spec: partial.spec,
            counts: partial.counts,
        }
    }
}

impl TryFrom<RawPartial> for Partial {
    type Error = String;

    fn try_from(RawPartial { spec, counts }: RawPartial) -> Result<Self, String> {
        let fits = match (&spec, &counts) {
            (MetricSpec::Ranking(spec), Counts::Ranking(counts)) => counts.fits(spec),
            (MetricSpec::Drift(spec), Counts::Drift(counts)) => counts.fits(spec),
            (MetricSpec::Histogram(spec), Counts::Histogram(counts)) => counts.fits(spec),
            _ => false,
        };
        if fits {
            Ok(Self { spec, counts })
        } else {
            Err("the counts of a metric do not fit its specification".into())
        }
    }
}

#[cfg(test)]
mod tests;
