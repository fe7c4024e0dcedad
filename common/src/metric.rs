//! Metrics that shards fill apart and the reducer merges into one result.
//!
//! A campaign names what it wants as a [`MetricSpec`]; every shard fills one [`Partial`] a
//! metric from its output rows, and its marker carries it; the reducer merges the partials of
//! each shard once and calls [`Partial::finalise`]. Beside them every shard keeps a [`CutFlow`].
//!
//! Everything a partial holds is an integer count or an exact sum, so merging is
//! associative and commutative to the last bit: the result does not depend on how rows were cut
//! into shards, nor on the order in which shards arrive. The one condition is that the rows of
//! an event are contiguous and are never split between two calls of [`Partial::fill`].
//!
//! This module knows nothing of files, queues or plots.

mod axis;
mod binomial;
mod bins;
mod check;
mod clustering;
mod condition;
mod counted_rows;
mod cut_flow;
mod digest;
mod display;
mod drift;
mod dropped;
mod edge;
mod efficiency;
mod exact_sum;
mod fit;
mod histogram;
mod importance;
mod incompatible;
mod interval;
mod kde;
mod kind;
mod leading_sum;
mod list;
mod multiclass;
mod multilabel;
mod partial;
mod quantiles;
mod ranking;
mod regression;
mod row_batch;
mod significance;
mod size;
mod square;
mod tally;
mod uncertain;
mod unit_score;
mod weight_sums;
mod weight_tally;

pub use bins::RawBins;
pub use clustering::{ClusteringPoint, ClusteringResult, ClusteringSpec, RawClustering};
pub use counted_rows::CountedRows;
pub use cut_flow::{CutFlow, SHARED_DRAWS, Step, Unit};
pub use digest::metrics_digest;
pub use display::{DisplayResult, DisplaySpec, RawDisplay, Shown};
pub use drift::{
    Alarm, ColumnDrift, DriftResult, DriftSpec, FiredFraction, KeyDrift, RawDrift, Shift,
};
pub use dropped::Dropped;
pub use efficiency::{EfficiencyBin, EfficiencyResult, EfficiencySpec, RawEfficiency};
pub use fit::{
    ComponentSum, ControlVerdict, Cow, EMPTY, FittedCategory, FittedCurve, FittedModel,
    FittedValue, FrozenCounts, FrozenFit, FrozenHistogram, FrozenModel, FrozenValue, MassFitResult,
    MassFitSpec, NoFit, RawComponent, RawMassFit, RawNumbers, TruthTest, Weigher, WeightedControl,
};
pub use histogram::{HistogramBin, HistogramResult, HistogramSpec, RawHistogram};
pub use importance::{
    FeatureImportance, GROUP_COLUMN, ImportanceResult, ImportanceSpec, RawImportance,
    shuffled_column,
};
pub use incompatible::Incompatible;
pub use kde::{Frozen, FrozenDensity, FrozenKde, KdeResult, KdeSpec, RawAxis, RawKde};
pub use kind::{ModelNames, StageNames};
pub use list::{MetricResult, MetricSpec, RawMetric};
pub use multiclass::{
    AverageResult, ClassResult, MaskResult, MulticlassBin, MulticlassResult, MulticlassSpec,
    MulticlassValue, RawMulticlass,
};
pub use multilabel::{MultilabelBin, MultilabelResult, MultilabelSpec, RawMultilabel};
pub use partial::{Partial, warnings};
pub use ranking::{
    Goal, OperatingPoint, Per, PopulationResult, PopulationWeights, PrPoint, Probability,
    RankingResult, RankingSpec, RawRanking, RawTargets, ReliabilityBin, RocPoint, ScoreBin,
};
pub use regression::{
    RawRegression, RegressionBin, RegressionResult, RegressionSpec, RegressionValue, ShapeBin,
};
pub use row_batch::{FillError, RowBatch};
pub use significance::{
    Best, BinSums, RawSignificance, Scan, ScanPoint, Sideband, SignificanceBin, SignificanceResult,
    SignificanceSpec, Weighted, WithError,
};
pub(crate) use size::{histogram_bins_are_too_many, metrics_are_too_large};
pub use uncertain::Uncertain;
pub use unit_score::said_of_scores;
