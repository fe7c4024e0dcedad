//! The kinds of metrics, each listed once.

use serde::{Deserialize, Serialize};
use std::fmt;

use super::clustering::{ClusteringCounts, ClusteringResult, ClusteringSpec, RawClustering};
use super::cut_flow::CutFlow;
use super::display::{DisplayCounts, DisplayResult, DisplaySpec, RawDisplay};
use super::drift::{DriftCounts, DriftResult, DriftSpec, RawDrift};
use super::dropped::Dropped;
use super::efficiency::{EfficiencyCounts, EfficiencyResult, EfficiencySpec, RawEfficiency};
use super::fit::counts::MassFitCounts;
use super::fit::raw::RawMassFit;
use super::fit::result::MassFitResult;
use super::fit::spec::MassFitSpec;
use super::histogram::{HistogramCounts, HistogramResult, HistogramSpec, RawHistogram};
use super::importance::{ImportanceCounts, ImportanceResult, ImportanceSpec, RawImportance};
use super::kde::{KdeCounts, KdeResult, KdeSpec, RawKde};
use super::kind::{Counting, Kind, StageNames};
use super::multiclass::{MulticlassCounts, MulticlassResult, MulticlassSpec, RawMulticlass};
use super::multilabel::{MultilabelCounts, MultilabelResult, MultilabelSpec, RawMultilabel};
use super::ranking::{RankingCounts, RankingResult, RankingSpec, RawRanking};
use super::regression::{RawRegression, RegressionCounts, RegressionResult, RegressionSpec};
use super::row_batch::{FillError, RowBatch};
use super::significance::{
    RawSignificance, SignificanceCounts, SignificanceResult, SignificanceSpec,
};
use crate::field_hash::FieldHash;
use crate::section::Section;

/// Of each kind: its key in a campaign, its name, specification, raw specification, counts and
/// result. What follows only hands on to the kind.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+
        $key:ident: $Name:ident($Spec:ty, $Raw:ty, $Counts:ty, $Result:ty),)+) => {
        /// One `[[stage.metric]]` as a campaign file writes it: exactly one of its keys is set.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct RawMetric {
            $($(#[doc = $doc])+
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $key: Option<$Raw>,)+
        }

        /// One metric of a stage.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(try_from = "RawMetric", into = "RawMetric")]
        pub enum MetricSpec {
            $($(#[doc = $doc])+ $Name($Spec),)+
        }

        /// What is counted, each kind with what it needs of its specification.
        #[derive(Debug, Clone, PartialEq)]
        pub(super) enum Counted {
            $($Name($Spec, Box<$Counts>),)+
        }

        /// Counts as a marker writes them.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub(super) enum RawCounts {
            $($Name(Box<$Counts>),)+
        }

        /// The value of a metric over everything that was merged.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(rename_all = "lowercase")]
        pub enum MetricResult {
            $($(#[doc = $doc])+ $Name($Result),)+
        }

        /// The keys of a campaign that say of which kind a metric is.
        const KEYS: &[&str] = &[$(stringify!($key)),+];

        impl RawMetric {
            /// Reads the tables that are there.
            pub(crate) fn read(section: &mut Section<'_>) -> Self {
                let mut raw = Self::default();
                $(if let Some(mut of_kind) = section.section(stringify!($key)) {
                    raw.$key = <$Spec>::read(&mut of_kind);
                    of_kind.finish();
                })+
                raw
            }

            /// The same with those of the campaign's functions that it calls; nothing where one is
            /// wrong itself.
            pub(crate) fn with_functions(self, functions: &[(String, String)]) -> Option<Self> {
                let mut with = Self::default();
                $(if let Some(raw) = self.$key {
                    with.$key = Some(<$Spec>::with_functions(raw, functions)?);
                })+
                Some(with)
            }

            /// Checks every field.
            ///
            /// # Errors
            /// All mistakes, each starting with the key it is about (such as `histogram.range`).
            pub fn validate(&self) -> Result<MetricSpec, Vec<String>> {
                let set = [$(self.$key.is_some()),+];
                match set.iter().filter(|set| **set).count() {
                    1 => {}
                    0 => return Err(vec![not_one("none is")]),
                    _ => return Err(vec![not_one("several are")]),
                }
                $(if let Some(raw) = &self.$key {
                    return <$Spec>::try_new(raw).map(MetricSpec::$Name);
                })+
                Err(vec![not_one("none is")])
            }
        }

        impl From<MetricSpec> for RawMetric {
            fn from(spec: MetricSpec) -> Self {
                match spec {
                    $(MetricSpec::$Name(spec) => Self {
                        $key: Some(spec.to_raw()),
                        ..Self::default()
                    },)+
                }
            }
        }

        impl fmt::Display for MetricSpec {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$Name(spec) => spec.fmt(f),)+
                }
            }
        }

        impl MetricSpec {
            /// The columns that the metric reads, each once, in the order in which they are named.
            #[must_use]
            pub fn columns(&self) -> Vec<String> {
                let named = match self {
                    $(Self::$Name(spec) => Kind::columns(spec),)+
                };
                let mut columns: Vec<String> = Vec::new();
                for name in named {
                    if !columns.contains(name) {
                        columns.push(name.clone());
                    }
                }
                columns
            }

            /// Whether the metric must know which rows belong to one event.
            #[must_use]
            pub fn needs_events(&self) -> bool {
                match self {
                    $(Self::$Name(spec) => spec.needs_events(),)+
                }
            }

            /// The same metric in a stage: what it does not name is the stage's own.
            #[must_use]
            pub(crate) fn in_stage(mut self, stage: &StageNames) -> Self {
                match &mut self {
                    $(Self::$Name(spec) => spec.follow(stage),)+
                }
                self
            }

            /// Where it is weighted by one of these columns, another one beside it with `_syst` at
            /// its end is for the systematic error, unless it says which.
            pub(crate) fn weigh_systematic(&mut self, columns: &[&str]) {
                match self {
                    $(Self::$Name(spec) => spec.weigh_by(columns),)+
                }
            }

            /// What is wrong with it in a stage, beside columns that it does not have.
            #[must_use]
            pub(crate) fn wrong_in(&self, stage: &StageNames) -> Vec<String> {
                match self {
                    $(Self::$Name(spec) => spec.wrong_in(stage),)+
                }
            }

            /// The score whose cut is yet to be made on the rows that it is of, if it is of such.
            #[must_use]
            pub fn before_cuts(&self) -> Option<&str> {
                match self {
                    $(Self::$Name(spec) => spec.before_cuts(),)+
                }
            }

            pub(super) fn hash(&self) -> FieldHash {
                let mut hash = FieldHash::of("metric");
                match self {
                    $(Self::$Name(spec) => hash.part(stringify!($key), &spec.hash()),)+
                };
                hash
            }

            pub(super) fn most_bytes(&self) -> u64 {
                match self {
                    $(Self::$Name(spec) => spec.most_bytes(),)+
                }
            }

            pub(super) fn drawn_bins(&self) -> u64 {
                match self {
                    $(Self::$Name(spec) => spec.drawn_bins(),)+
                }
            }
        }

        impl MetricResult {
            /// What a person should know of it: values that are left out or beside the range, where
            /// that changes what the metric says.
            #[must_use]
            pub fn warnings(&self) -> Vec<String> {
                match self {
                    $(Self::$Name(result) => result.warnings(),)+
                }
            }
        }

        impl Counted {
            pub(super) fn new(spec: &MetricSpec) -> Self {
                match spec {
                    $(MetricSpec::$Name(spec) => {
                        let counts = Box::new(<$Counts>::new(spec));
                        Self::$Name(spec.clone(), counts)
                    })+
                }
            }

            pub(super) fn fill(&mut self, rows: &RowBatch<'_>) -> Result<(), FillError> {
                match self {
                    $(Self::$Name(spec, counts) => counts.fill_any(spec, rows),)+
                }
            }

            /// Whether the other one counts the same; it is added then.
            pub(super) fn merge(&mut self, other: &Self) -> bool {
                match (self, other) {
                    $((Self::$Name(spec, mine), Self::$Name(of, theirs)) if spec == of => {
                        mine.merge(spec, theirs);
                        true
                    })+
                    _ => false,
                }
            }

            pub(super) fn dropped(&self) -> Dropped {
                match self {
                    $(Self::$Name(_, counts) => Counting::dropped(counts.as_ref()),)+
                }
            }

            pub(super) fn add_dropped(&self, cut_flow: &mut CutFlow) {
                match self {
                    $(Self::$Name(spec, _) => spec.add_dropped(self.dropped(), cut_flow),)+
                }
            }

            pub(super) fn finalise(&self) -> MetricResult {
                match self {
                    $(Self::$Name(spec, counts) => {
                        MetricResult::$Name(counts.finalise(spec).into())
                    })+
                }
            }

            pub(super) fn into_raw(self) -> RawCounts {
                match self {
                    $(Self::$Name(_, counts) => RawCounts::$Name(counts),)+
                }
            }

            /// Counts that came from outside, if they can be of this metric.
            pub(super) fn of_raw(spec: &MetricSpec, counts: RawCounts) -> Option<Self> {
                match (spec, counts) {
                    $((MetricSpec::$Name(spec), RawCounts::$Name(counts)) if counts.fits(spec) => {
                        Some(Self::$Name(spec.clone(), counts))
                    })+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// How well a score ranks a label.
    ranking: Ranking(RankingSpec, RawRanking, RankingCounts, Box<RankingResult>),
    /// How columns move with a key such as the run.
    drift: Drift(DriftSpec, RawDrift, DriftCounts, DriftResult),
    /// Counts of a column in equal bins.
    histogram: Histogram(HistogramSpec, RawHistogram, HistogramCounts, HistogramResult),
    /// How well the scores of several classes tell them apart.
    multiclass: Multiclass(MulticlassSpec, RawMulticlass, MulticlassCounts, MulticlassResult),
    /// How significant a peak is against a threshold on a score, in bins.
    significance: Significance(
        SignificanceSpec,
        RawSignificance,
        SignificanceCounts,
        SignificanceResult
    ),
    /// How much of the sum of weights passes cuts.
    efficiency: Efficiency(EfficiencySpec, RawEfficiency, EfficiencyCounts, EfficiencyResult),
    /// How well scores tell labels apart of which several may be true.
    multilabel: Multilabel(MultilabelSpec, RawMultilabel, MultilabelCounts, MultilabelResult),
    /// How well members are put together that belong together.
    clustering: Clustering(ClusteringSpec, RawClustering, ClusteringCounts, ClusteringResult),
    /// How well a number is estimated.
    regression: Regression(RegressionSpec, RawRegression, RegressionCounts, RegressionResult),
    /// Models fitted to a column in categories.
    fit: MassFit(MassFitSpec, RawMassFit, MassFitCounts, MassFitResult),
    /// How much each feature of a model matters.
    importance: Importance(ImportanceSpec, RawImportance, ImportanceCounts, ImportanceResult),
    /// Pictures of a few entries.
    display: Display(DisplaySpec, RawDisplay, DisplayCounts, DisplayResult),
    /// The density of a column, given others.
    kde: Kde(KdeSpec, RawKde, KdeCounts, KdeResult),
}

impl MetricSpec {
    /// What is to be scored again with features shuffled, if it is of such.
    #[must_use]
    pub fn shuffles(&self) -> Option<&ImportanceSpec> {
        match self {
            Self::Importance(spec) => Some(spec),
            _ => None,
        }
    }
}

impl TryFrom<RawMetric> for MetricSpec {
    type Error = String;

    fn try_from(raw: RawMetric) -> Result<Self, String> {
        raw.validate().map_err(|errors| errors.join("; "))
    }
}

fn not_one(found: &str) -> String {
    let kinds: Vec<String> = KEYS.iter().map(|key| format!("`{key}`")).collect();
    let (last, others) = match kinds.split_last() {
        Some((last, others)) => (last.as_str(), others.join(", ")),
        None => ("", String::new()),
    };
    format!(
        "exactly one of {others} and {last} must be set, {found}; give every metric its own [[stage.metric]]"
    )
}

#[cfg(test)]
mod tests;
