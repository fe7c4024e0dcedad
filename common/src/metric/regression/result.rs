//! What is known of an estimate once everything is merged.

use serde::Serialize;

use super::cell::{Cell, Intervals, Spread};
use crate::count::counted;
use crate::metric::bins;
use crate::metric::exact_sum::variance;
use crate::metric::quantiles::{Near, Stretch, quantile};
use crate::metric::uncertain::Uncertain;

/// Quantiles between which the central 68 % of numbers are.
const CENTRAL: [f64; 2] = [0.16, 0.84];
/// The correlation of these two quantiles, p / (1 − p), of independent numbers.
const CORRELATION: f64 = 0.16 / 0.84;
/// Bins of pictures of residuals, and how many resolutions they reach to each side.
const SHAPE_BINS: u32 = 60;
const SHAPE_REACH: f64 = 5.0;

/// An estimate over everything that was merged. Quantities that are undefined, as of no rows, are
/// absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegressionResult {
    /// The column that holds what is true.
    pub truth: String,
    /// The column that holds what is estimated.
    pub estimate: String,
    /// The columns that hold the ends of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[String; 2]>,
    /// The share of truths that intervals are to hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_coverage: Option<f64>,
    /// The collection whose members were measured, if not rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// The column of the bins.
    pub column: Option<String>,
    /// All rows together, then those of each bin.
    pub bins: Vec<RegressionBin>,
    /// Rows in no bin, which are among all together.
    pub outside: u64,
    /// Rows left out because there is no truth.
    pub unlabelled: u64,
    /// Rows left out because the estimate or its interval is no finite number.
    pub dropped: u64,
}

/// The rows of one bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegressionBin {
    /// `[low, high)`; absent for all rows together.
    pub edges: Option<[f64; 2]>,
    /// Rows.
    pub rows: u64,
    /// The mean of estimate minus truth.
    pub bias: Option<Uncertain>,
    /// Its median.
    pub median: Option<Uncertain>,
    /// Its standard deviation.
    pub deviation: Option<f64>,
    /// Half the distance of its quantiles 16 % and 84 %.
    pub resolution: Option<Uncertain>,
    /// The resolution of the residuals themselves is within this of it.
    pub resolution_binning: Option<f64>,
    /// The mean size of the difference.
    pub mae: Option<Uncertain>,
    /// The root of its mean square.
    pub rmse: Option<f64>,
    /// Rows with a pull: what is no number, as where an interval has no width, is left out of both.
    pub pulls: Option<u64>,
    /// The mean of pulls, which are estimate minus truth by the distance of the estimate from the end
    /// of its interval on the side of the truth.
    pub pull_mean: Option<Uncertain>,
    /// Half the distance of the quantiles 16 % and 84 % of pulls.
    pub pull_width: Option<Uncertain>,
    /// The share of intervals that hold the truth, their ends included.
    pub coverage: Option<Uncertain>,
    /// Intervals whose ends and estimate are not in order.
    pub crossed: Option<u64>,
    /// Differences in equal bins, for pictures.
    pub shape: Vec<ShapeBin>,
    /// Pulls in equal bins, for pictures.
    pub pull_shape: Vec<ShapeBin>,
}

/// About how many numbers are in `[low, high)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ShapeBin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Numbers in it, those of one stretch taken to lie evenly.
    pub content: f64,
}

/// One line of the table of a `regression`.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionValue {
    /// What it is, such as `bias`.
    pub metric: &'static str,
    /// The value, unless it is undefined.
    pub value: Option<f64>,
    /// Its statistical error, where that is known.
    pub error: Option<f64>,
}

impl RegressionBin {
    /// Every value, in the order of the table; those of intervals where there are any.
    #[must_use]
    pub fn values(&self) -> Vec<RegressionValue> {
        let with = |metric, value: Option<Uncertain>| RegressionValue {
            metric,
            value: value.map(|of| of.value),
            error: value.and_then(|of| of.error),
        };
        let plain = |metric, value| RegressionValue {
            metric,
            value,
            error: None,
        };
        let mut values = vec![
            plain("count", Some(self.rows as f64)),
            with("bias", self.bias),
            with("median", self.median),
            plain("deviation", self.deviation),
            with("resolution", self.resolution),
            plain("resolution_binning", self.resolution_binning),
            with("mae", self.mae),
            plain("rmse", self.rmse),
        ];
        if let Some(crossed) = self.crossed {
            values.extend([
                plain("pulls", self.pulls.map(|pulls| pulls as f64)),
                with("pull_mean", self.pull_mean),
                with("pull_width", self.pull_width),
                with("coverage", self.coverage),
                plain("crossed", Some(crossed as f64)),
            ]);
        }
        values
    }

    /// What the bin is called: `all`, or `0.7..1.5`.
    #[must_use]
    pub fn label(&self) -> String {
        bins::label(self.edges)
    }
}

impl RegressionResult {
    /// What a person should know of it.
    pub(in crate::metric) fn warnings(&self) -> Vec<String> {
        let (truth, estimate) = (&self.truth, &self.estimate);
        let noun = self.over.as_ref().map_or("row", |_| "member");
        let mut found = Vec::new();
        if let Some(all) = self.bins.first() {
            if all.rows == 0 && self.dropped > 0 {
                let dropped = counted(self.dropped, noun);
                found.push(format!(
                    "none of {dropped} has an estimate that is a number"
                ));
            }
            if let Some(crossed) = all.crossed.filter(|crossed| *crossed > 0) {
                let rows = counted(all.rows, noun);
                found.push(format!(
                    "the ends of the interval and the estimate are not in order for {crossed} of {rows}: \
                     quantiles cross"
                ));
            }
            if let Some(pulls) = all.pulls.filter(|pulls| *pulls < all.rows) {
                let rows = counted(all.rows, noun);
                found.push(format!(
                    "pulls are of {pulls} of {rows}: the interval of the others has no width on the side \
                     of the truth"
                ));
            }
        }
        let said = found.into_iter();
        said.map(|said| format!("regression of {truth} by {estimate}: {said}"))
            .collect()
    }
}

/// What follows from the counts of a cell.
pub(super) fn of_cell(edges: Option<[f64; 2]>, cell: &Cell) -> RegressionBin {
    let rows = cell.rows();
    let residuals = Numbers::of(&cell.residuals);
    let per_row = |sum: f64| (rows > 0).then(|| sum / rows as f64);
    let intervals = cell.intervals.as_ref();
    let pulls = intervals.map(|intervals| Numbers::of(&intervals.pulls));
    let resolution = residuals.half_width();
    RegressionBin {
        edges,
        rows,
        bias: residuals.mean(),
        median: residuals.quantile(0.5),
        deviation: residuals.deviation(),
        resolution: resolution.map(|(value, _)| value),
        resolution_binning: resolution.map(|(_, within)| within),
        mae: per_row(cell.sizes.value()).map(|value| Uncertain {
            value,
            error: (rows > 1).then(|| {
                (variance(rows, &cell.sizes, &cell.residuals.squares) / rows as f64).sqrt()
            }),
        }),
        rmse: per_row(cell.residuals.squares.value().max(0.0)).map(f64::sqrt),
        pulls: pulls.as_ref().map(|pulls| pulls.count),
        pull_mean: pulls.as_ref().and_then(Numbers::mean),
        pull_width: pulls.as_ref().and_then(Numbers::half_width).map(|of| of.0),
        coverage: intervals.and_then(|intervals| coverage(intervals, rows)),
        crossed: intervals.map(|intervals| intervals.crossed),
        shape: residuals.shape(),
        pull_shape: pulls.as_ref().map(Numbers::shape).unwrap_or_default(),
    }
}

fn coverage(intervals: &Intervals, rows: u64) -> Option<Uncertain> {
    let share = intervals.covering as f64 / rows as f64;
    (rows > 0).then(|| Uncertain {
        value: share,
        error: Some((share * (1.0 - share) / rows as f64).sqrt()),
    })
}

/// Numbers whose mean and quantiles are asked for.
struct Numbers<'a> {
    spread: &'a Spread,
    stretches: Vec<Stretch>,
    count: u64,
}

impl<'a> Numbers<'a> {
    fn of(spread: &'a Spread) -> Self {
        Self {
            spread,
            stretches: spread.quantiles.stretches(),
            count: spread.quantiles.total(),
        }
    }

    fn deviation(&self) -> Option<f64> {
        let Spread { sum, squares, .. } = self.spread;
        (self.count > 1).then(|| variance(self.count, sum, squares).sqrt())
    }

    fn mean(&self) -> Option<Uncertain> {
        let count = self.count as f64;
        (self.count > 0).then(|| Uncertain {
            value: self.spread.sum.value() / count,
            error: self.deviation().map(|deviation| deviation / count.sqrt()),
        })
    }

    fn near(&self, fraction: f64) -> Option<Near> {
        quantile(&self.stretches, fraction)
    }

    /// The error of a quantile: half the distance of those that are a standard deviation of the
    /// binomial below and above it.
    fn error(&self, fraction: f64) -> Option<f64> {
        let step = (fraction * (1.0 - fraction) / self.count as f64).sqrt();
        let inside = fraction > step && fraction + step < 1.0;
        let (below, above) = (self.near(fraction - step)?, self.near(fraction + step)?);
        inside.then(|| (above.value - below.value) / 2.0)
    }

    fn quantile(&self, fraction: f64) -> Option<Uncertain> {
        Some(Uncertain {
            value: self.near(fraction)?.value,
            error: self.error(fraction),
        })
    }

    /// Half the width of the central 68 %, and how far binning may have moved it.
    fn half_width(&self) -> Option<(Uncertain, f64)> {
        let [low, high] = CENTRAL.map(|fraction| self.near(fraction));
        let (low, high) = (low?, high?);
        let errors = CENTRAL.map(|fraction| self.error(fraction));
        let error = match errors {
            [Some(low), Some(high)] => {
                let sum = low * low + high * high - 2.0 * CORRELATION * low * high;
                Some(sum.max(0.0).sqrt() / 2.0)
            }
            _ => None,
        };
        let value = (high.value - low.value) / 2.0;
        Some((
            Uncertain { value, error },
            f64::midpoint(low.within, high.within),
        ))
    }

    /// Equal bins around the median, none where all numbers are one.
    fn shape(&self) -> Vec<ShapeBin> {
        let width = self.half_width().map_or(0.0, |(width, _)| width.value);
        let (Some(middle), true) = (self.near(0.5), width > 0.0) else {
            return Vec::new();
        };
        let low = middle.value - SHAPE_REACH * width;
        let step = 2.0 * SHAPE_REACH * width / f64::from(SHAPE_BINS);
        let edge = |bin: u32| low + step * f64::from(bin);
        let bins = (0..SHAPE_BINS).map(|bin| {
            let (low, high) = (edge(bin), edge(bin + 1));
            let content = self.stretches.iter().map(|of| of.inside(low, high));
            ShapeBin {
                low,
                high,
                content: content.sum(),
            }
        });
        bins.collect()
    }
}

impl Stretch {
    /// About how many of its numbers are in `[low, high)`.
    fn inside(&self, low: f64, high: f64) -> f64 {
        let width = self.high - self.low;
        let inside = (self.high.min(high) - self.low.max(low)).max(0.0);
        if width > 0.0 {
            self.count as f64 * inside / width
        } else {
            0.0
        }
    }
}
