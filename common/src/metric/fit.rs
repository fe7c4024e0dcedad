//! Mass fits: counts of a column in fine bins of a range, in each category, and the models that are
//! fitted to them when all shards are counted.

mod check;
mod control;
mod control_weights;
mod counting;
pub(super) mod counts;
mod cow;
mod fill;
mod fitted;
mod frozen;
pub(super) mod histograms;
mod kind;
mod places;
pub(super) mod raw;
mod read;
pub(super) mod result;
pub(super) mod spec;
mod tried;
mod validity;
mod values;
mod warnings;
mod weighed;
mod weigher;

pub use cow::Cow;
pub use fitted::{EMPTY, FittedCurve, FittedModel, FittedValue};
pub use frozen::{FrozenCounts, FrozenFit, FrozenHistogram, FrozenModel, FrozenValue, NoFit};
pub use raw::{RawComponent, RawMassFit, RawNumbers};
pub use result::{FittedCategory, MassFitResult};
pub use spec::MassFitSpec;
pub use validity::{ControlVerdict, TruthTest};
pub use weighed::{ComponentSum, WeightedControl};
pub use weigher::Weigher;

#[cfg(test)]
mod tests;
