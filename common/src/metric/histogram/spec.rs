//! `histogram` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::check::{add_axis, check_axis, check_name, check_over, done};
use crate::metric::exact_sum::ExactSum;
use crate::metric::kind::Kind;
use crate::section::Section;

/// Weighted bins carry two exact sums each.
const MAX_WEIGHTED_BINS: u32 = 10_000;
/// Bytes of a count.
const COUNT: u64 = 8;

/// Counts of a column in equal bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawHistogram {
    /// A numeric column.
    pub column: String,
    /// The number of bins.
    pub bins: u32,
    /// The range, `[low, high)`.
    pub range: [f64; 2],
    /// A column of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The collection whose members are measured, such as `Hit` of `Hit_x`; rows unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

/// A validated `histogram`.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSpec {
    column: String,
    bins: u32,
    range: [f64; 2],
    weight: Option<String>,
    over: Option<String>,
}

impl HistogramSpec {
    /// The column that is counted.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The number of bins.
    #[must_use]
    pub fn bins(&self) -> u32 {
        self.bins
    }

    /// The range, `[low, high)`.
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        self.range
    }

    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.weight.as_deref()
    }
}

impl Kind for HistogramSpec {
    type Raw = RawHistogram;

    fn read(section: &mut Section<'_>) -> Option<RawHistogram> {
        let column = section.required_text("column");
        let bins = section.required("bins", Section::count);
        let range = section.required("range", Section::range);
        let weight = section.text("weight");
        let over = section.text("over");
        Some(RawHistogram {
            column: column?,
            bins: bins?,
            range: range?,
            weight,
            over,
        })
    }

    fn try_new(raw: &RawHistogram) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "histogram.column", &raw.column);
        check_axis(&mut errors, "histogram", raw.bins, raw.range);
        check_over(&mut errors, "histogram", raw.over.as_ref());
        if let Some(weight) = &raw.weight {
            check_name(&mut errors, "histogram.weight", weight);
            if raw.bins > MAX_WEIGHTED_BINS {
                errors.push(format!(
                    "histogram.bins: {} with weights, at most {MAX_WEIGHTED_BINS}",
                    raw.bins
                ));
            }
        }
        let raw = raw.clone();
        done(
            errors,
            Self {
                column: raw.column,
                bins: raw.bins,
                range: raw.range,
                weight: raw.weight,
                over: raw.over,
            },
        )
    }

    fn to_raw(&self) -> RawHistogram {
        RawHistogram {
            column: self.column.clone(),
            bins: self.bins,
            range: self.range,
            weight: self.weight.clone(),
            over: self.over.clone(),
        }
    }

    fn hash(&self) -> FieldHash {
        let Self {
            column,
            bins,
            range,
            weight,
            over,
        } = self;
        let mut hash = FieldHash::of("histogram");
        hash.text("column", column)
            .text_if("weight", weight.as_ref())
            .text_if("over", over.as_ref());
        add_axis(&mut hash, *bins, Some(*range));
        hash
    }

    fn columns(&self) -> Vec<&String> {
        std::iter::once(&self.column).chain(&self.weight).collect()
    }

    fn over(&self) -> Option<&str> {
        self.over.as_deref()
    }

    fn most_bytes(&self) -> u64 {
        let sums = 2 * size_of::<ExactSum>() as u64;
        u64::from(self.bins) * (COUNT + self.weight.as_ref().map_or(0, |_| sums))
    }

    fn drawn_bins(&self) -> u64 {
        u64::from(self.bins)
    }
}

impl fmt::Display for HistogramSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, bins, .. } = self;
        let [low, high] = self.range;
        write!(f, "histogram of {column}, {bins} bins of [{low}, {high}]")
    }
}
