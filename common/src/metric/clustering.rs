//! How well members that are linked by affinities, or are in groups, are those that belong together:
//! adjusted Rand index, purity and efficiency, at each of some thresholds.

mod counts;
mod event;
mod result;
mod spec;

pub use result::{ClusteringPoint, ClusteringResult};
pub use spec::{ClusteringSpec, RawClustering};

use serde::{Deserialize, Serialize};

use super::dropped::Dropped;
use super::kind::Counting;
use super::row_batch::{FillError, Lists, RowBatch};
use counts::Counts;
use event::{compared, linked};

/// Counts of one `clustering`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusteringCounts {
    /// One for each threshold, or one for groups that are given.
    points: Vec<Counts>,
    /// Members whose true group is null or negative.
    unlabelled: u64,
    /// Affinities that are no number.
    not_finite: u64,
}

impl Counting for ClusteringCounts {
    type Spec = ClusteringSpec;
    type Result = ClusteringResult;

    fn new(spec: &ClusteringSpec) -> Self {
        Self {
            points: vec![Counts::default(); spec.points()],
            unlabelled: 0,
            not_finite: 0,
        }
    }

    fn fill(&mut self, spec: &ClusteringSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        let truth = rows.lists(spec.truth())?;
        match spec.groups() {
            Some(groups) => {
                let groups = rows.lists(groups)?;
                for row in 0..rows.len() {
                    let (truth, groups) = truth.pair(&groups, row)?;
                    self.unlabelled += unlabelled(truth);
                    if let Some(point) = self.points.first_mut() {
                        point.add(&compared(truth, &of_groups(groups)));
                    }
                }
            }
            None => self.fill_linked(spec, rows, &truth)?,
        }
        Ok(())
    }

    fn merge(&mut self, _: &ClusteringSpec, other: &Self) {
        for (mine, theirs) in self.points.iter_mut().zip(&other.points) {
            mine.merge(theirs);
        }
        self.unlabelled = self.unlabelled.saturating_add(other.unlabelled);
        self.not_finite = self.not_finite.saturating_add(other.not_finite);
    }

    fn fits(&self, spec: &ClusteringSpec) -> bool {
        self.points.len() == spec.points()
    }

    fn dropped(&self) -> Dropped {
        Dropped::default()
    }

    fn finalise(&self, spec: &ClusteringSpec) -> ClusteringResult {
        let thresholds = spec.thresholds();
        let thresholds = thresholds.iter().map(|least| Some(*least));
        let thresholds = thresholds.chain(spec.groups().map(|_| None));
        let points = thresholds.zip(&self.points);
        ClusteringResult {
            truth: spec.truth().to_owned(),
            affinity: spec.affinity().map(str::to_owned),
            groups: spec.groups().map(str::to_owned),
            points: points
                .map(|(least, counts)| result::of(least, counts))
                .collect(),
            unlabelled: self.unlabelled,
            dropped: self.not_finite,
        }
    }
}

impl ClusteringCounts {
    fn fill_linked(
        &mut self,
        spec: &ClusteringSpec,
        rows: &RowBatch<'_>,
        truth: &Lists<'_>,
    ) -> Result<(), FillError> {
        let [from, to] = spec.ends();
        let affinity = rows.lists(spec.affinity().unwrap_or_default())?;
        let (from, to) = (rows.lists(&from)?, rows.lists(&to)?);
        for row in 0..rows.len() {
            let (affinities, from) = affinity.pair(&from, row)?;
            let (_, to) = affinity.pair(&to, row)?;
            let truth = truth.of(row);
            self.unlabelled += unlabelled(truth);
            let missing = affinities.iter().filter(|value| value.is_nan());
            self.not_finite += missing.count() as u64;
            let links = event::links(truth.len(), affinities, from, to);
            let links = links.map_err(|end| FillError::NoSuchMember {
                column: spec.affinity().unwrap_or_default().to_owned(),
                found: end,
                members: truth.len(),
                row,
            })?;
            for (point, least) in self.points.iter_mut().zip(spec.thresholds()) {
                point.add(&compared(truth, &linked(truth.len(), &links, *least)));
            }
        }
        Ok(())
    }
}

/// Members without a true group.
fn unlabelled(truth: &[f64]) -> u64 {
    let labelled = truth.iter().filter(|group| **group >= 0.0).count();
    (truth.len() - labelled) as u64
}

/// Groups by their numbers; each member that is in none is one of its own.
fn of_groups(groups: &[f64]) -> Vec<i64> {
    let alone = (1..).map(|number: i64| -number);
    let groups = groups.iter().zip(alone);
    groups
        .map(|(group, alone)| if *group >= 0.0 { *group as i64 } else { alone })
        .collect()
}

#[cfg(test)]
mod tests;
