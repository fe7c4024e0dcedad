//! Metrics as a campaign file writes them, before they are validated.

use super::multiclass::{MulticlassSpec, RawMulticlass};
use super::spec::{DriftSpec, HistogramSpec, MetricSpec, RankingSpec};
use serde::{Deserialize, Serialize};

/// One `[[stage.metric]]`: exactly one of its keys is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMetric {
    /// `ranking = { label, score, per, bins, range }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<RawRanking>,
    /// `drift = { by, columns, labels }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<RawDrift>,
    /// `histogram = { column, bins, range, weight }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<RawHistogram>,
    /// `multiclass = { truth, scores, names, bins, weight, masks }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multiclass: Option<RawMulticlass>,
}

/// What a ranking counts once: a row, or an event by its best candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Every row counts once.
    #[default]
    Row,
    /// Every event counts once (and every row, in a second population).
    Event,
}

/// How well a score ranks a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRanking {
    /// The column that holds the truth, Boolean or integer.
    pub label: String,
    /// The column that holds the score.
    pub score: String,
    /// `"row"` (the default) or `"event"`.
    #[serde(default)]
    pub per: Per,
    /// Bins of the range, 65,536 unless told; without a range the most that each class fills,
    /// 32,768 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<u32>,
    /// Range of the score; unless told the bins follow the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
}

/// How columns move with a key such as the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDrift {
    /// The integer column whose values are compared with one another.
    pub by: String,
    /// Numeric columns.
    pub columns: Vec<String>,
    /// Labels whose fired fraction is followed; the stage's labels unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

/// Counts of a column in equal bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHistogram {
    /// A numeric column.
    pub column: String,
    /// The number of bins.
    pub bins: u32,
    /// The range, `[low, high)`.
    pub range: [f64; 2],
    /// A column of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
}

impl RawMetric {
    /// Checks every field.
    ///
    /// # Errors
    /// All mistakes, each starting with the key it is about (such as `histogram.range`).
    pub fn validate(&self) -> Result<MetricSpec, Vec<String>> {
        let kinds = [
            self.ranking.is_some(),
            self.drift.is_some(),
            self.histogram.is_some(),
            self.multiclass.is_some(),
        ];
        let set = kinds.iter().filter(|set| **set).count();
        if set != 1 {
            let found = if set == 0 { "none is" } else { "several are" };
            return Err(vec![format!(
                "exactly one of `ranking`, `drift`, `histogram` and `multiclass` must be set, {found}; give every metric its own [[stage.metric]]"
            )]);
        }
        if let Some(raw) = &self.ranking {
            return RankingSpec::try_new(raw).map(MetricSpec::Ranking);
        }
        if let Some(raw) = &self.drift {
            return DriftSpec::try_new(raw).map(MetricSpec::Drift);
        }
        if let Some(raw) = &self.multiclass {
            return MulticlassSpec::try_new(raw).map(MetricSpec::Multiclass);
        }
        match &self.histogram {
            Some(raw) => HistogramSpec::try_new(raw).map(MetricSpec::Histogram),
            None => Err(Vec::new()),
        }
    }
}
