//! `regression` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::bins::{self, RawBins};
use crate::metric::check::{check_name, check_over, done};
use crate::metric::exact_sum::ExactSum;
use crate::metric::kind::Kind;
use crate::metric::quantiles::MOST_FILLED;
use crate::section::Section;

/// The share of truths that an interval between the quantiles 16 % and 84 % is to hold.
const COVERAGE: f64 = 0.68;
/// Bytes of a count with the number of its bin.
const COUNT: u64 = 16;

/// How well a number is estimated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRegression {
    /// The column that holds what is true.
    pub truth: String,
    /// The column that holds what is estimated.
    pub estimate: String,
    /// The columns that hold the ends of the interval that the truth is said to be in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[String; 2]>,
    /// The share of truths that intervals are to hold; 0.68 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<f64>,
    /// Bins that everything is told in, beside all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<RawBins>,
    /// The collection whose members are measured, such as `Hit` of `Hit_x`; rows unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

/// A validated `regression`.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionSpec {
    raw: RawRegression,
}

impl RegressionSpec {
    /// The column that holds what is true.
    #[must_use]
    pub fn truth(&self) -> &str {
        &self.raw.truth
    }

    /// The column that holds what is estimated.
    #[must_use]
    pub fn estimate(&self) -> &str {
        &self.raw.estimate
    }

    /// The columns that hold the ends of the interval.
    #[must_use]
    pub fn interval(&self) -> Option<&[String; 2]> {
        self.raw.interval.as_ref()
    }

    /// The share of truths that intervals are to hold.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        self.raw.coverage.unwrap_or(COVERAGE)
    }

    /// The column and the edges of the bins, where there are any.
    #[must_use]
    pub fn bins(&self) -> Option<(&str, &[f64])> {
        let bins = self.raw.bins.as_ref()?;
        Some((&bins.column, &bins.edges))
    }

    /// One a bin, and one for what is in none.
    pub(super) fn cells(&self) -> usize {
        bins::cells(self.raw.bins.as_ref())
    }

    /// The cell of a row by its value of the column of the bins.
    pub(super) fn cell_of(&self, value: Option<f64>) -> usize {
        bins::cell_of(self.raw.bins.as_ref(), value)
    }
}

impl Kind for RegressionSpec {
    type Raw = RawRegression;

    fn read(section: &mut Section<'_>) -> Option<RawRegression> {
        let truth = section.required_text("truth");
        let estimate = section.required_text("estimate");
        let before = section.mistakes();
        let interval = section.texts("interval");
        let interval = interval.and_then(|names| match <[String; 2]>::try_from(names) {
            Ok(names) => Some(names),
            Err(names) => {
                let found = names.len();
                section.problem(
                    "interval",
                    format!("{found} columns, expected two: its lower and its upper end"),
                );
                None
            }
        });
        let coverage = section.float("coverage");
        let bins = bins::read(section);
        let over = section.text("over");
        (section.mistakes() == before).then_some(RawRegression {
            truth: truth?,
            estimate: estimate?,
            interval,
            coverage,
            bins,
            over,
        })
    }

    fn try_new(raw: &RawRegression) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "regression.truth", &raw.truth);
        check_name(&mut errors, "regression.estimate", &raw.estimate);
        if raw.truth == raw.estimate {
            let truth = &raw.truth;
            errors.push(format!("regression.estimate: `{truth}` is also the truth"));
        }
        for name in raw.interval.iter().flatten() {
            check_name(&mut errors, "regression.interval", name);
        }
        if let Some([low, _]) = raw.interval.as_ref().filter(|[low, high]| low == high) {
            errors.push(format!("regression.interval: `{low}` is both of its ends"));
        }
        match raw.coverage {
            Some(share) if !(share > 0.0 && share < 1.0) => errors.push(format!(
                "regression.coverage: expected a share between 0 and 1, such as 0.68, found {share}"
            )),
            Some(_) if raw.interval.is_none() => errors.push(String::from(
                "regression.coverage: it is of the interval, which is missing",
            )),
            _ => {}
        }
        bins::check(&mut errors, "regression", raw.bins.as_ref());
        check_over(&mut errors, "regression", raw.over.as_ref());
        done(errors, Self { raw: raw.clone() })
    }

    fn to_raw(&self) -> RawRegression {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        let RawRegression {
            truth,
            estimate,
            interval,
            coverage,
            bins,
            over,
        } = &self.raw;
        let mut hash = FieldHash::of("regression");
        hash.text("truth", truth)
            .text("estimate", estimate)
            .texts("interval", interval.iter().flatten())
            .text_if("coverage", coverage.map(|share| share.to_string()))
            .text_if("over", over.as_ref());
        bins::add(&mut hash, bins.as_ref());
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let bins = self.raw.bins.iter().map(|bins| &bins.column);
        [&self.raw.truth, &self.raw.estimate]
            .into_iter()
            .chain(self.raw.interval.iter().flatten())
            .chain(bins)
            .collect()
    }

    fn over(&self) -> Option<&str> {
        self.raw.over.as_deref()
    }

    fn most_bytes(&self) -> u64 {
        let spread = MOST_FILLED as u64 * COUNT + 3 * size_of::<ExactSum>() as u64;
        let spreads = 1 + u64::from(self.raw.interval.is_some());
        (1 + self.cells() as u64) * spreads * spread
    }
}

impl fmt::Display for RegressionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "regression of {} by {}",
            self.raw.truth, self.raw.estimate
        )
    }
}
