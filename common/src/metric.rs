//! (placeholder until the metrics land)
use serde::{Deserialize, Serialize};
/// A metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricSpec {}
impl MetricSpec {
    /// Columns.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        Vec::new()
    }
}
/// Raw.
#[derive(Debug, Deserialize)]
pub struct RawMetric {}
impl RawMetric {
    /// Validate.
    pub fn validate(self) -> Result<MetricSpec, Vec<String>> {
        Ok(MetricSpec {})
    }
}
