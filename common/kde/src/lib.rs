//! Densities of weighted entries by kernels relative to an approximation, and draws from them.
//!
//! A [`Density`] is estimated from the sums of weights on a grid of [`Axis`]es, of which the first is
//! the variable that is asked for and the others are what it is given. [`Density::given`] is its
//! distribution there: its quantiles, which make a draw of a uniform number, and the share below a
//! value, which turns one into the other. [`Density::to_json`] freezes it, to the bit.
//!
//! The crate knows nothing of campaigns, files or events. Begin with [`Density::estimate`].

mod axis;
mod conditional;
mod density;
mod error;
mod frozen;
mod smooth;

pub use axis::{Axis, MOST_CELLS, Scale};
pub use conditional::Conditional;
pub use density::{Approximation, Density};
pub use error::KdeError;
