//! Mass fits, and the weights that follow from them.
//!
//! A [`Model`] is built from texts such as `gauss(mean, width1) + gauss(mean, width2)`, one for each
//! component; its densities are normalised on a [`FitRange`]. [`fit()`] adjusts yields and parameters
//! to a [`Sample`], which is a mergeable [`Histogram`] or [`Values`] one by one, by extended maximum
//! likelihood, and says how sure it is. [`Weights`] unfold the components of the mixture (sPlot and
//! COWs), and [`factorisation`] tells whether they may.
//!
//! Everything is a pure function of its arguments: no file, no clock, no random number that another
//! machine would not draw, and so the same bits everywhere. The crate knows nothing of campaigns,
//! columns, shards or Arrow. Nothing panics on any numbers: what cannot be fitted is an error that
//! says what to do.
//!
//! A density is one module below `density`, with its line in the list there. Its height and its
//! integral are written once, for any number that carries derivatives (`number`): the gradient and
//! the exact second derivatives follow. `likelihood` puts components together, `minimise` goes down,
//! `fit` begins, compares starts and judges.

mod density;
#[cfg(test)]
mod draws;
mod equal_bins;
mod fit;
mod likelihood;
mod matrix;
mod minimise;
mod model;
mod notation;
mod number;
mod objective;
mod quadrature;
mod range;
mod ratio;
mod sample;
mod setup;
mod start;
mod validity;
mod weights;

pub use density::{NoTemplate, Template, density_names};
pub use equal_bins::EqualBins;
pub use fit::{
    Fit, FitError, FitParameter, Goodness, Influence, Status, Touch, chi2_probability, fit,
};
pub use matrix::Symmetric;
pub use model::{Densities, Model, ModelError};
pub use notation::{NotationError, template_names};
pub use range::{FitRange, NoRange};
pub use sample::{Histogram, NoHistogram, Sample, Values};
pub use setup::{Setup, SetupError, StartValue};
pub use start::Start;
pub use validity::{Factorisation, Kendall, Ranked, Split, factorisation, kendall};
pub use weights::{
    BinnedWeights, Closure, Reference, SumRule, Verdict, WeightError, WeightedSums, Weights,
};
