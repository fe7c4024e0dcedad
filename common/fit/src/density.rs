//! The kinds of densities. A new one is a module below this one and a line in the list of [`kinds`].
//!
//! A density is given by its height, up to a factor that does not depend on the fit variable, and by
//! the integral of that height over any part of the fit range; dividing one by the other normalises
//! it on the range. Both are written once, for any [`Number`], and so have exact derivatives.

use crate::number::{LOCAL, Number};
use crate::range::FitRange;
use crate::start::Guess;

pub use template::{NoTemplate, Template};

/// What a kind of density must know.
pub(crate) trait Shape {
    /// The height at `x`, up to a factor that does not depend on `x`.
    fn height<T: Number>(&self, x: f64, p: &[T; LOCAL], range: FitRange) -> T;

    /// Adds to each sum the height at its `x`, times `scale`.
    fn add_heights(
        &self,
        scale: f64,
        x: &[f64],
        p: &[f64; LOCAL],
        range: FitRange,
        sums: &mut [f64],
    ) {
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum += scale * self.height(*x, p, range);
        }
    }

    /// The integral of the height from `low` to `high`, which lie in the range.
    fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], range: FitRange) -> T;

    /// The ends of the range and the places between where it is lower than around, of what is no density at
    /// all values of its parameters: it is one where it is above 0 at all of them.
    fn lowest(&self, _: &[f64; LOCAL], _: FitRange) -> Vec<Lowest> {
        Vec::new()
    }

    /// Where an integral over a function of the height had better be cut, ascending.
    fn breaks(&self, _: &[f64; LOCAL], _: FitRange) -> Vec<f64> {
        Vec::new()
    }
}

/// The height of a density at a place where it may be the least, in units of that of a flat one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lowest {
    pub(crate) height: f64,
    pub(crate) at: f64,
    /// How much the place counts, up to 1.
    pub(crate) weight: f64,
    /// How it changes with the parameters.
    pub(crate) slope: [f64; LOCAL],
    /// As the place moves with the parameters, the second derivatives are −bow·bowᵀ.
    pub(crate) bow: [f64; LOCAL],
}

impl Lowest {
    /// Whether the density is positive there.
    pub(crate) fn is_density(&self) -> bool {
        self.height > 0.0 && self.height.is_finite()
    }
}

/// How a kind is written in a model.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) parameters: Parameters,
    /// Makes the density; the number is the degree of a series.
    pub(crate) make: fn(usize) -> Density,
}

/// The parameters of a kind.
pub(crate) enum Parameters {
    /// Named ones.
    Fixed(&'static [(&'static str, Guess)]),
    /// As many as the degree says, which is written first.
    Series(Guess),
    /// None, but the name of a histogram.
    Histogram,
}

/// Lists the kinds: the variant, which holds what the density consists of, and its module.
macro_rules! kinds {
    ($($kind:ident in $module:ident),+ $(,)?) => {
        $(mod $module;)+

        /// A density of one of the kinds.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum Density {
            $($kind($module::$kind),)+
        }

        /// How each kind is written.
        pub(crate) const FORMS: &[&Form] = &[$(&$module::FORM),+];

        impl Shape for Density {
            fn height<T: Number>(&self, x: f64, p: &[T; LOCAL], range: FitRange) -> T {
                match self {
                    $(Self::$kind(shape) => shape.height(x, p, range),)+
                }
            }

            // One look at the kind for all of them.
            fn add_heights(
                &self,
                scale: f64,
                x: &[f64],
                p: &[f64; LOCAL],
                range: FitRange,
                sums: &mut [f64],
            ) {
                match self {
                    $(Self::$kind(shape) => shape.add_heights(scale, x, p, range, sums),)+
                }
            }

            fn area<T: Number>(&self, low: f64, high: f64, p: &[T; LOCAL], range: FitRange) -> T {
                match self {
                    $(Self::$kind(shape) => shape.area(low, high, p, range),)+
                }
            }

            fn lowest(&self, p: &[f64; LOCAL], range: FitRange) -> Vec<Lowest> {
                match self {
                    $(Self::$kind(shape) => shape.lowest(p, range),)+
                }
            }

            fn breaks(&self, p: &[f64; LOCAL], range: FitRange) -> Vec<f64> {
                match self {
                    $(Self::$kind(shape) => shape.breaks(p, range),)+
                }
            }
        }
    };
}

kinds! {
    Gauss in gauss,
    DoubleGauss in double_gauss,
    BifurcatedGauss in bifurcated_gauss,
    CrystalBall in crystal_ball,
    DoubleCrystalBall in double_crystal_ball,
    Voigt in voigt,
    JohnsonSu in johnson_su,
    Student in student,
    Exponential in exponential,
    Chebychev in chebychev,
    Bernstein in bernstein,
    Argus in argus,
    Threshold in threshold,
    Template in template,
}

/// The names of all kinds, in the order of the list.
pub fn density_names() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|form| form.name)
}

#[cfg(test)]
mod tests;
