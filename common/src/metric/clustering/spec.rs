//! `clustering` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::check::{check_name, done};
use crate::metric::exact_sum::ExactSum;
use crate::metric::kind::Kind;
use crate::section::Section;

/// Thresholds, at most.
const MAX_THRESHOLDS: usize = 100;

/// How well members are put together that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawClustering {
    /// The list that says which true group each member is of; null and negative are left out.
    pub truth: String,
    /// A list of affinities of edges, `HitEdge_same`, beside `HitEdge_i` and `HitEdge_j`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<String>,
    /// Members are linked from this affinity on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thresholds: Vec<f64>,
    /// Instead, a list that says which group each member is put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<String>,
}

/// A validated `clustering`.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusteringSpec {
    raw: RawClustering,
    /// The columns of affinities, and of both of their ends.
    edges: Vec<String>,
}

impl ClusteringSpec {
    /// The list that says which true group each member is of.
    #[must_use]
    pub fn truth(&self) -> &str {
        &self.raw.truth
    }

    /// The list of affinities of edges.
    #[must_use]
    pub fn affinity(&self) -> Option<&str> {
        self.raw.affinity.as_deref()
    }

    /// Affinities from which on members are linked.
    #[must_use]
    pub fn thresholds(&self) -> &[f64] {
        &self.raw.thresholds
    }

    /// The list that says which group each member is put in.
    #[must_use]
    pub fn groups(&self) -> Option<&str> {
        self.raw.groups.as_deref()
    }

    /// The lists of both ends of edges.
    pub(super) fn ends(&self) -> [String; 2] {
        [1, 2].map(|at| self.edges.get(at).cloned().unwrap_or_default())
    }

    /// How many ways to put members together are looked at.
    pub(super) fn points(&self) -> usize {
        self.raw.thresholds.len() + usize::from(self.raw.groups.is_some())
    }
}

impl Kind for ClusteringSpec {
    type Raw = RawClustering;

    fn read(section: &mut Section<'_>) -> Option<RawClustering> {
        let truth = section.required_text("truth");
        let affinity = section.text("affinity");
        let thresholds = section.floats("thresholds");
        let groups = section.text("groups");
        Some(RawClustering {
            truth: truth?,
            affinity,
            thresholds: thresholds.unwrap_or_default(),
            groups,
        })
    }

    fn try_new(raw: &RawClustering) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "clustering.truth", &raw.truth);
        let mut edges = Vec::new();
        match (&raw.affinity, &raw.groups) {
            (Some(affinity), None) => match affinity.split_once('_') {
                Some((collection, _)) if collection.ends_with("Edge") => {
                    edges = vec![affinity.clone()];
                    edges.extend(["i", "j"].map(|end| format!("{collection}_{end}")));
                }
                _ => errors.push(format!(
                    "clustering.affinity: `{affinity}` is no list of edges, such as HitEdge_same \
                     beside HitEdge_i and HitEdge_j"
                )),
            },
            (None, Some(groups)) => check_name(&mut errors, "clustering.groups", groups),
            _ => errors.push(String::from(
                "clustering: expected either affinity and its thresholds, or groups",
            )),
        }
        let thresholds = &raw.thresholds;
        match (raw.affinity.is_some(), thresholds.len()) {
            (true, 1..=MAX_THRESHOLDS) | (false, 0) => {}
            (true, found) => errors.push(format!(
                "clustering.thresholds: {found}, expected 1 to {MAX_THRESHOLDS}"
            )),
            (false, _) => errors.push(String::from(
                "clustering.thresholds: they are of an affinity, which is missing",
            )),
        }
        let rising = |pair: &[f64]| matches!(pair, [low, high] if low < high);
        let finite = thresholds.iter().all(|least| least.is_finite());
        if !finite || !thresholds.windows(2).all(rising) {
            errors.push(format!(
                "clustering.thresholds: {thresholds:?} do not ascend"
            ));
        }
        let raw = raw.clone();
        done(errors, Self { raw, edges })
    }

    fn to_raw(&self) -> RawClustering {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        let RawClustering {
            truth,
            affinity,
            thresholds,
            groups,
        } = &self.raw;
        let mut hash = FieldHash::of("clustering");
        hash.text("truth", truth)
            .text_if("affinity", affinity.as_ref())
            .text_if("groups", groups.as_ref());
        for least in thresholds {
            hash.float("threshold", *least);
        }
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let truth = std::iter::once(&self.raw.truth);
        truth.chain(&self.edges).chain(&self.raw.groups).collect()
    }

    fn most_bytes(&self) -> u64 {
        self.points() as u64 * (64 + 2 * size_of::<ExactSum>() as u64)
    }
}

impl fmt::Display for ClusteringSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.affinity().or(self.groups()).unwrap_or_default();
        write!(f, "clustering of {} by {by}", self.raw.truth)
    }
}
