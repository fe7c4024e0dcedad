//! Values with their errors.

use serde::Serialize;

/// A value and its statistical error, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Uncertain {
    /// The value.
    pub value: f64,
    /// Its statistical error, for independent rows.
    pub error: Option<f64>,
}
