//! What a threshold is chosen for.

use std::fmt;

use serde::Serialize;

/// What a threshold is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The highest threshold that still selects at least this fraction of the positives.
    Efficiency(f64),
    /// The threshold of the greatest efficiency whose selection has at least this purity; of several the
    /// highest, as it selects the fewest negatives.
    Precision(f64),
    /// The lowest threshold that selects at most this fraction of everything.
    Rate(f64),
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Efficiency(value) => write!(f, "efficiency {value}"),
            Self::Precision(value) => write!(f, "precision {value}"),
            Self::Rate(value) => write!(f, "rate {value}"),
        }
    }
}
