//! What is known of groups once everything is merged.

use serde::Serialize;

use super::counts::Counts;
use crate::metric::exact_sum::variance;
use crate::metric::interval::ratio;
use crate::metric::uncertain::Uncertain;

/// Groups over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusteringResult {
    /// The list that says which true group each member is of.
    pub truth: String,
    /// The list of affinities by which members are linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<String>,
    /// The list that says which group each member is put in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
    /// At each threshold, or of the groups.
    pub points: Vec<ClusteringPoint>,
    /// Members left out because their true group was null or negative.
    pub unlabelled: u64,
    /// Affinities that are no number, which are left out of the mean of both directions of a pair.
    pub dropped: u64,
}

/// Members put together in one way. Quantities that are undefined, as of no members, are absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusteringPoint {
    /// Members are linked from this affinity on; absent for groups that are given.
    pub threshold: Option<f64>,
    /// Events with two members or more.
    pub events: u64,
    /// Members of all events.
    pub members: u64,
    /// The mean over these events of the adjusted Rand index.
    pub rand: Option<Uncertain>,
    /// The share of these events whose groups are the true ones.
    pub exact: Option<Uncertain>,
    /// The share of members that are of the true group which has most of theirs.
    pub purity: Option<f64>,
    /// The share of members that are in the largest part of their true group.
    pub efficiency: Option<f64>,
    /// Groups.
    pub groups: u64,
    /// True groups.
    pub true_groups: u64,
}

impl ClusteringPoint {
    /// Every value with its error, in the order of the table.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, Option<Uncertain>)> {
        let plain = |value: f64| Some(Uncertain { value, error: None });
        vec![
            ("events", plain(self.events as f64)),
            ("members", plain(self.members as f64)),
            ("adjusted_rand", self.rand),
            ("exact", self.exact),
            ("purity", self.purity.and_then(plain)),
            ("efficiency", self.efficiency.and_then(plain)),
            ("groups", plain(self.groups as f64)),
            ("true_groups", plain(self.true_groups as f64)),
        ]
    }
}

impl ClusteringResult {
    /// What a person should know of it.
    pub(in crate::metric) fn warnings(&self) -> Vec<String> {
        let none = self.points.first().is_some_and(|point| point.members == 0);
        let truth = &self.truth;
        let unlabelled = (none && self.unlabelled > 0)
            .then(|| format!("none of {} members has a true group", self.unlabelled));
        let dropped = (self.dropped > 0).then(|| {
            format!(
                "{} affinities are no number: pairs are linked by their other direction alone, or not",
                self.dropped
            )
        });
        let said = unlabelled.into_iter().chain(dropped);
        said.map(|said| format!("clustering of {truth}: {said}"))
            .collect()
    }
}

/// What follows from the counts of one way to put members together.
pub(super) fn of(threshold: Option<f64>, counts: &Counts) -> ClusteringPoint {
    let events = counts.events;
    let share = |part: u64, whole: u64| (whole > 0).then(|| ratio(part, whole));
    let n = events as f64;
    ClusteringPoint {
        threshold,
        events,
        members: counts.members,
        rand: (events > 0).then(|| Uncertain {
            value: counts.rand.value() / n,
            error: (events > 1)
                .then(|| (variance(events, &counts.rand, &counts.rand_squares) / n).sqrt()),
        }),
        exact: share(counts.exact, events).map(|value| Uncertain {
            value,
            error: Some((value * (1.0 - value) / n).max(0.0).sqrt()),
        }),
        purity: share(counts.pure, counts.members),
        efficiency: share(counts.whole, counts.members),
        groups: counts.groups,
        true_groups: counts.true_groups,
    }
}
