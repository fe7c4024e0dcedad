//! The part of a metric that one shard contributes, as its marker carries it.

use super::cut_flow::{CutFlow, Unit};
use super::drift::{DriftCounts, DriftResult};
use super::histogram::{HistogramCounts, HistogramResult, outside_of_all};
use super::multiclass::{MulticlassCounts, MulticlassResult, MulticlassSpec};
use super::ranking::{RankingCounts, RankingResult};
use super::row_batch::{FillError, RowBatch};
use super::spec::{DriftSpec, HistogramSpec, MetricSpec, RankingSpec};
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

/// What a metric left out because it was not a number that it can count, or null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Events none of whose labelled rows had a score (rankings per event only).
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

/// What is counted, each kind with what it needs of its specification.
#[derive(Debug, Clone, PartialEq)]
enum Counts {
    Ranking(RankingSpec, Box<RankingCounts>),
    Drift(DriftSpec, DriftCounts),
    Histogram(HistogramSpec, HistogramCounts),
    Multiclass(MulticlassSpec, MulticlassCounts),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawCounts {
    Ranking(Box<RankingCounts>),
    Drift(DriftCounts),
    Histogram(HistogramCounts),
    Multiclass(MulticlassCounts),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPartial {
    spec: MetricSpec,
    counts: RawCounts,
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
    /// Of a `multiclass`.
    Multiclass(MulticlassResult),
}

impl MetricResult {
    /// What a person should know of it: values that are left out or beside the range, where that
    /// changes what the metric says.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Self::Ranking(ranking) => ranking.warnings(),
            Self::Drift(drift) => drift.warnings(),
            Self::Histogram(histogram) => histogram.warning().into_iter().collect(),
            Self::Multiclass(multiclass) => multiclass.warnings(),
        }
    }
}

/// What a person should know of the metrics of a stage: what each of them warns of, and columns of
/// which no histogram shows nearly all.
#[must_use]
pub fn warnings(metrics: &[MetricResult]) -> Vec<String> {
    let histograms: Vec<&HistogramResult> = metrics
        .iter()
        .filter_map(|metric| match metric {
            MetricResult::Histogram(histogram) => Some(histogram),
            _ => None,
        })
        .collect();
    let of_one = metrics.iter().flat_map(MetricResult::warnings);
    of_one.chain(outside_of_all(&histograms)).collect()
}

impl Partial {
    /// Nothing counted yet: the identity of [`Partial::merge`].
    #[must_use]
    pub fn new(spec: &MetricSpec) -> Self {
        let counts = match spec.clone() {
            MetricSpec::Ranking(spec) => {
                let counts = Box::new(RankingCounts::new(&spec));
                Counts::Ranking(spec, counts)
            }
            MetricSpec::Drift(spec) => Counts::Drift(spec, DriftCounts::default()),
            MetricSpec::Histogram(spec) => {
                let counts = HistogramCounts::new(&spec);
                Counts::Histogram(spec, counts)
            }
            MetricSpec::Multiclass(spec) => {
                let counts = MulticlassCounts::new(&spec);
                Counts::Multiclass(spec, counts)
            }
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
        match &mut self.counts {
            Counts::Ranking(spec, counts) => counts.fill(spec, rows),
            Counts::Drift(spec, counts) => counts.fill(spec, rows),
            Counts::Histogram(spec, counts) => counts.fill(spec, rows),
            Counts::Multiclass(spec, counts) => counts.fill(spec, rows),
        }
    }

    /// Adds what another shard counted. Associative and commutative, to the last bit.
    ///
    /// # Errors
    /// When the other counts a different metric; nothing is changed then.
    pub fn merge(&mut self, other: &Self) -> Result<(), Incompatible> {
        match (&mut self.counts, &other.counts) {
            (Counts::Ranking(spec, mine), Counts::Ranking(of, theirs)) if spec == of => {
                mine.merge(spec, theirs);
            }
            (Counts::Drift(spec, mine), Counts::Drift(of, theirs)) if spec == of => {
                mine.merge(spec, theirs);
            }
            (Counts::Histogram(spec, mine), Counts::Histogram(of, theirs)) if spec == of => {
                mine.merge(theirs);
            }
            (Counts::Multiclass(spec, mine), Counts::Multiclass(of, theirs)) if spec == of => {
                mine.merge(spec, theirs);
            }
            _ => {
                let [expected, found] = [&self.spec, &other.spec].map(ToString::to_string);
                return Err(Incompatible::new("metric", &expected, &found));
            }
        }
        Ok(())
    }

    /// What was left out so far for want of a number, for the cut flow.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        let rows = |rows| Dropped { events: 0, rows };
        match &self.counts {
            Counts::Ranking(_, counts) => counts.dropped(),
            Counts::Drift(_, counts) => rows(counts.dropped()),
            Counts::Histogram(_, counts) => rows(counts.dropped()),
            Counts::Multiclass(_, counts) => rows(counts.dropped()),
        }
    }

    /// What a ranking left out for want of a finite score, as steps of the cut flow.
    pub fn add_dropped(&self, cut_flow: &mut CutFlow) {
        let MetricSpec::Ranking(ranking) = &self.spec else {
            return;
        };
        let dropped = self.dropped();
        let name = format!("dropped, {} not a number", ranking.score());
        cut_flow.add(&name, Unit::Events, dropped.events);
        cut_flow.add(&name, Unit::Rows, dropped.rows);
    }

    /// The metric's value over everything counted so far.
    #[must_use]
    pub fn finalise(&self) -> MetricResult {
        match &self.counts {
            Counts::Ranking(spec, counts) => MetricResult::Ranking(Box::new(counts.finalise(spec))),
            Counts::Drift(spec, counts) => MetricResult::Drift(counts.finalise(spec)),
            Counts::Histogram(spec, counts) => MetricResult::Histogram(counts.finalise(spec)),
            Counts::Multiclass(spec, counts) => MetricResult::Multiclass(counts.finalise(spec)),
        }
    }
}

impl From<Partial> for RawPartial {
    fn from(partial: Partial) -> Self {
        Self {
            spec: partial.spec,
            counts: match partial.counts {
                Counts::Ranking(_, counts) => RawCounts::Ranking(counts),
                Counts::Drift(_, counts) => RawCounts::Drift(counts),
                Counts::Histogram(_, counts) => RawCounts::Histogram(counts),
                Counts::Multiclass(_, counts) => RawCounts::Multiclass(counts),
            },
        }
    }
}

impl TryFrom<RawPartial> for Partial {
    type Error = String;

    fn try_from(raw: RawPartial) -> Result<Self, String> {
        let counts = match (raw.spec.clone(), raw.counts) {
            (MetricSpec::Ranking(spec), RawCounts::Ranking(counts)) if counts.fits(&spec) => {
                Counts::Ranking(spec, counts)
            }
            (MetricSpec::Drift(spec), RawCounts::Drift(counts)) if counts.fits(&spec) => {
                Counts::Drift(spec, counts)
            }
            (MetricSpec::Histogram(spec), RawCounts::Histogram(counts)) if counts.fits(&spec) => {
                Counts::Histogram(spec, counts)
            }
            (MetricSpec::Multiclass(spec), RawCounts::Multiclass(counts)) if counts.fits(&spec) => {
                Counts::Multiclass(spec, counts)
            }
            (spec, _) => return Err(format!("the counts of {spec} do not fit it")),
        };
        Ok(Self {
            spec: raw.spec,
            counts,
        })
    }
}

#[cfg(test)]
mod tests;
