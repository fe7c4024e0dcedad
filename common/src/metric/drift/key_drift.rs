//! What is known of one value of the key once everything is merged.

use serde::Serialize;

use super::shift::Shift;

/// One value of the key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeyDrift {
    /// The value.
    pub key: i64,
    /// Its rows.
    pub rows: u64,
    /// One for each column.
    pub columns: Vec<ColumnDrift>,
    /// One for each label.
    pub labels: Vec<FiredFraction>,
}

/// A column at one value of the key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnDrift {
    /// Rows with a finite value.
    pub count: u64,
    /// Rows left out because the value was NaN, infinite, null or beyond 1e150; with weights also
    /// because the weight was, or either was beyond 1e75.
    pub missing: u64,
    /// What their weights sum to, where there are weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<f64>,
    /// Mean over rows.
    pub mean: Option<f64>,
    /// Standard error of the mean, for independent rows.
    pub mean_error: Option<f64>,
    /// How the distribution differs from that of the reference, or of all other values of the key
    /// together.
    pub shift: Option<Shift>,
}

/// How often a label fired at one value of the key. Events count once, by the maximum over
/// their rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FiredFraction {
    /// Events with a label.
    pub events: u64,
    /// Those whose label is true.
    pub fired: u64,
    /// What the weights of those that fired, and of all, sum to, where there are weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<[f64; 2]>,
    /// `fired / events`, or of the weights.
    pub fraction: Option<f64>,
    /// Lower and upper end of the 68.27% Wilson interval of `fraction`.
    pub interval: [f64; 2],
    /// Events left out because the label was null, or the weight no number.
    pub unlabelled: u64,
}
