//! The part of a metric that one shard contributes, as its marker carries it.

use super::cut_flow::CutFlow;
use super::dropped::Dropped;
use super::fit::counts::MassFitCounts;
use super::fit::spec::MassFitSpec;
use super::histogram::{HistogramResult, outside_of_all};
use super::incompatible::Incompatible;
use super::list::{Counted, MetricResult, MetricSpec, RawCounts};
use super::row_batch::{FillError, RowBatch};
use serde::{Deserialize, Serialize};

/// Counts and exact sums of one metric over some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPartial", into = "RawPartial")]
pub struct Partial {
    spec: MetricSpec,
    counts: Counted,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPartial {
    spec: MetricSpec,
    counts: RawCounts,
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
        Self {
            spec: spec.clone(),
            counts: Counted::new(spec),
        }
    }

    /// The metric that is counted.
    #[must_use]
    pub fn spec(&self) -> &MetricSpec {
        &self.spec
    }

    /// What is counted for a mass fit, if it is of such.
    pub(super) fn of_fit(&self) -> Option<(&MassFitSpec, &MassFitCounts)> {
        match &self.counts {
            Counted::MassFit(spec, counts) => Some((spec, counts)),
            _ => None,
        }
    }

    /// Counts rows. An event must not be split between two calls.
    ///
    /// # Errors
    /// When a column is missing or of an unreadable type; the partial must be discarded then.
    pub fn fill(&mut self, rows: &RowBatch<'_>) -> Result<(), FillError> {
        self.counts.fill(rows)
    }

    /// Adds what another shard counted. Associative and commutative, to the last bit.
    ///
    /// # Errors
    /// When the other counts a different metric; nothing is changed then.
    pub fn merge(&mut self, other: &Self) -> Result<(), Incompatible> {
        match self.counts.merge(&other.counts) {
            true => Ok(()),
            false => {
                let [expected, found] = [&self.spec, &other.spec].map(ToString::to_string);
                Err(Incompatible::new("metric", &expected, &found))
            }
        }
    }

    /// What was left out so far for want of a number, for the cut flow.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.counts.dropped()
    }

    /// What a ranking left out for want of a finite score, as steps of the cut flow.
    pub fn add_dropped(&self, cut_flow: &mut CutFlow) {
        self.counts.add_dropped(cut_flow);
    }

    /// The metric's value over everything counted so far.
    #[must_use]
    pub fn finalise(&self) -> MetricResult {
        self.counts.finalise()
    }
}

impl From<Partial> for RawPartial {
    fn from(partial: Partial) -> Self {
        Self {
            spec: partial.spec,
            counts: partial.counts.into_raw(),
        }
    }
}

impl TryFrom<RawPartial> for Partial {
    type Error = String;

    fn try_from(raw: RawPartial) -> Result<Self, String> {
        match Counted::of_raw(&raw.spec, raw.counts) {
            Some(counts) => Ok(Self {
                spec: raw.spec,
                counts,
            }),
            None => Err(format!("the counts of {} do not fit it", raw.spec)),
        }
    }
}

#[cfg(test)]
mod tests;
