//! A density on a grid, estimated from sums of weights.

use serde::{Deserialize, Serialize};

use crate::axis::{Axis, MOST_CELLS};
use crate::error::KdeError;
use crate::smooth::{spread, spread_by};

/// Kernels of the densities of single variables are narrower: there is more of each.
const NARROWER: f64 = 0.5;
/// How much wider or narrower kernels become.
const FACTORS: [f64; 2] = [0.5, 2.8];

/// What the estimate is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approximation {
    /// A constant: edges are corrected for.
    Constant,
    /// The product of the densities of the single variables: their structures are kept.
    #[default]
    Product,
}

/// A density on a grid, whose first axis is the variable that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    pub(crate) axes: Vec<Axis>,
    /// For each cell of the other axes, what is below the end of each bin of the first one.
    pub(crate) below: Vec<f64>,
    pub(crate) negative: usize,
}

impl Density {
    /// Checks axes, and says how many cells they have together.
    ///
    /// # Errors
    /// With what is wrong with one of them, or with all.
    pub fn cells(axes: &[Axis]) -> Result<usize, KdeError> {
        if axes.is_empty() {
            return Err(KdeError::NoAxis);
        }
        let mut cells: usize = 1;
        for (number, axis) in axes.iter().enumerate() {
            axis.check()?;
            if axes
                .iter()
                .take(number)
                .any(|other| other.name == axis.name)
            {
                return Err(KdeError::Axis {
                    name: axis.name.clone(),
                    what: String::from("is there twice"),
                });
            }
            cells = cells.saturating_mul(axis.bins);
        }
        if cells > MOST_CELLS {
            return Err(KdeError::Cells {
                found: cells,
                most: MOST_CELLS,
            });
        }
        Ok(cells)
    }

    /// The density that sums of weights follow, one a cell, the first axis fastest.
    ///
    /// # Errors
    /// For axes that cannot be, another number of sums, and sums that add up to nothing.
    pub fn estimate(
        axes: Vec<Axis>,
        sums: &[f64],
        approximation: Approximation,
    ) -> Result<Self, KdeError> {
        let cells = Self::cells(&axes)?;
        if sums.len() != cells {
            return Err(KdeError::Sums {
                found: sums.len(),
                expected: cells,
            });
        }
        if sums.iter().any(|sum| !sum.is_finite()) {
            return Err(KdeError::NoNumber);
        }
        let sum: f64 = sums.iter().sum();
        if !(sum > 0.0 && sum.is_finite()) {
            return Err(KdeError::Empty { sum });
        }
        let grid = Grid::of(&axes);
        let approximation = match approximation {
            Approximation::Constant => vec![1.0; cells],
            Approximation::Product => grid.product(sums),
        };
        let first = grid.relative(sums, &approximation, None);
        let factors = factors(&positive(&first).0);
        let values = grid.relative(sums, &approximation, Some(&factors));
        let (values, negative) = positive(&values);
        if !values.iter().any(|value| *value > 0.0) {
            return Err(KdeError::Empty { sum });
        }
        Ok(Self {
            below: cumulative(&values, axes.first().map_or(1, |axis| axis.bins)),
            axes,
            negative,
        })
    }

    /// Its axes.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Cells that would be negative, and are empty.
    #[must_use]
    pub fn negative(&self) -> usize {
        self.negative
    }
}

/// The shape of a grid, slowest axis first.
struct Grid {
    shape: Vec<usize>,
    widths: Vec<f64>,
}

impl Grid {
    fn of(axes: &[Axis]) -> Self {
        let reversed = axes.iter().rev();
        Self {
            shape: reversed.clone().map(|axis| axis.bins).collect(),
            widths: reversed.map(|axis| axis.width).collect(),
        }
    }

    /// a·(K∗n)/(K∗a).
    fn relative(&self, sums: &[f64], a: &[f64], factors: Option<&[f64]>) -> Vec<f64> {
        let spread = |of: &[f64]| match factors {
            None => spread(of, &self.shape, &self.widths),
            Some(factors) => spread_by(of, &self.shape, &self.widths, factors),
        };
        let (above, below) = (spread(sums), spread(a));
        let cells = a.iter().zip(above.iter().zip(&below));
        let value = |(a, (above, below)): (&f64, (&f64, &f64))| match *below > 0.0 {
            true => a * above / below,
            false => 0.0,
        };
        cells.map(value).collect()
    }

    /// The product of the densities of the single variables, each by narrower kernels.
    fn product(&self, sums: &[f64]) -> Vec<f64> {
        let mut product = vec![1.0; sums.len()];
        let mut stride = sums.len();
        for (bins, width) in self.shape.iter().zip(&self.widths) {
            stride /= bins;
            let bin = |cell: usize| cell / stride % bins;
            let mut single = vec![0.0; *bins];
            for (cell, sum) in sums.iter().enumerate() {
                if let Some(slot) = single.get_mut(bin(cell)) {
                    *slot += sum;
                }
            }
            let line = Self {
                shape: vec![*bins],
                widths: vec![width * NARROWER],
            };
            let smooth = positive(&line.relative(&single, &vec![1.0; *bins], None)).0;
            let mean = smooth.iter().sum::<f64>() / *bins as f64;
            // Where a variable has nothing, something small keeps the others' kernels defined.
            let least = 1e-6 * mean;
            for (cell, value) in product.iter_mut().enumerate() {
                let of = smooth.get(bin(cell)).copied().unwrap_or_default();
                *value *= of.max(least) / mean.max(f64::MIN_POSITIVE);
            }
        }
        product
    }
}

/// Values without those below 0, and how many these are.
fn positive(values: &[f64]) -> (Vec<f64>, usize) {
    let negative = values.iter().filter(|value| **value < 0.0).count();
    (
        values.iter().map(|value| value.max(0.0)).collect(),
        negative,
    )
}

/// How much wider the kernel of each cell is: by the root of the density to the mean of its logarithm,
/// over the cells that have any.
fn factors(first: &[f64]) -> Vec<f64> {
    let filled = first.iter().filter(|value| **value > 0.0);
    let logarithms: f64 = filled.clone().map(|value| libm::log(*value)).sum();
    let mean = libm::exp(logarithms / (filled.count().max(1)) as f64);
    let [least, most] = FACTORS;
    let factor = |value: &f64| match *value > 0.0 {
        true => (mean / value).sqrt().clamp(least, most),
        false => most,
    };
    first.iter().map(factor).collect()
}

fn cumulative(values: &[f64], bins: usize) -> Vec<f64> {
    let mut below = Vec::with_capacity(values.len());
    for line in values.chunks(bins) {
        let mut sum = 0.0;
        for value in line {
            sum += value;
            below.push(sum);
        }
    }
    below
}
