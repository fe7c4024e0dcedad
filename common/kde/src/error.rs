//! Why there is no density.

use thiserror::Error;

/// What is wrong with axes, sums, or a frozen density.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum KdeError {
    /// No axis.
    #[error("it needs one axis or more, the first of them the variable that is drawn")]
    NoAxis,
    /// An axis that cannot be one.
    #[error("axis {name}: {what}")]
    Axis {
        /// The axis.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// Too many cells.
    #[error("its axes have {found} cells together, at most {most}")]
    Cells {
        /// How many they have.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// Not one sum a cell.
    #[error("{found} sums for {expected} cells")]
    Sums {
        /// How many sums.
        found: usize,
        /// How many cells.
        expected: usize,
    },
    /// Nothing to estimate from.
    #[error("its weights add up to {sum}: there is nothing to estimate a density from")]
    Empty {
        /// Their sum.
        sum: f64,
    },
    /// A sum that is no number.
    #[error("the sum of weights of a cell is no number")]
    NoNumber,
    /// What is no frozen density.
    #[error("this is no density: {0}")]
    Frozen(String),
}
