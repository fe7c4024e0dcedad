//! `fit` as a campaign file and a marker write it.

use serde::{Deserialize, Serialize};

use super::cow::Cow;
use crate::field_hash::FieldHash;
use crate::metric::bins::RawBins;
use crate::metric::condition::hash_of;

/// Bins where none are said.
pub(super) const BINS: u32 = 200;

/// A mass fit in each category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMassFit {
    /// The column that is fitted.
    pub variable: String,
    /// From where to where.
    pub range: [f64; 2],
    /// A condition on the rows that are fitted, on output columns.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Equal bins of the range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<u32>,
    /// Whether it is fitted to the values one by one; bins are for pictures then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unbinned: bool,
    /// Columns with edges that make categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<RawBins>,
    /// The components of the model.
    pub nominal: Vec<RawComponent>,
    /// Those of another model, for the systematic error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systematic: Vec<RawComponent>,
    /// A column of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Columns with edges that weights by this fit are to be used for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control: Vec<RawBins>,
    /// A column that is 1 for rows of the signal and 0 for others, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
    /// Starting values: a value, or value, low and high.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<RawNumbers>,
    /// Constants: a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<RawNumbers>,
    /// Gaussian constraints: mean and standard deviation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constrain: Vec<RawNumbers>,
    /// Whether the file of a fit has what was counted, for weights that need it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_counts: bool,
    /// Other stages of whose rows it needs histograms: templates, and what weights are orthogonal by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histograms: Vec<String>,
    /// What weights by it are orthogonal by.
    #[serde(default, skip_serializing_if = "are_classic")]
    pub cows: Vec<Cow>,
    /// Names and definitions of the campaign's functions that the condition calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<(String, String)>,
}

/// A component of a model, in the notation of `lumimill-fit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawComponent {
    /// Its name, which is that of its yield.
    pub name: String,
    /// Its density, such as `gauss(mean, width)`.
    pub density: String,
}

/// Numbers of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawNumbers {
    /// The parameter.
    pub name: String,
    /// What is said of it.
    pub numbers: Vec<f64>,
}

/// Whether all weights are sWeights.
fn are_classic(cows: &[Cow]) -> bool {
    cows.iter().all(|cow| *cow == Cow::Density)
}

impl RawMassFit {
    /// Whether nothing is fitted to what is counted.
    pub(super) fn only_counts(&self) -> bool {
        let of_models = [&self.start, &self.fix, &self.constrain];
        self.nominal.is_empty()
            && self.systematic.is_empty()
            && of_models.iter().all(|numbers| numbers.is_empty())
    }

    /// All that decides what is counted and fitted.
    pub(super) fn hash(&self) -> FieldHash {
        let RawMassFit {
            variable,
            range,
            condition,
            bins,
            unbinned,
            by,
            nominal,
            systematic,
            weight,
            control,
            truth,
            start,
            fix,
            constrain,
            keeps_counts,
            histograms,
            cows,
            functions,
        } = self;
        let [low, high] = range;
        let mut hash = FieldHash::of("fit");
        hash.text("variable", variable)
            .float("low", *low)
            .float("high", *high)
            .number("bins", bins.unwrap_or(BINS).into())
            .flag("unbinned", *unbinned)
            .text_if("weight", weight.as_ref())
            .text_if("where", condition.as_ref())
            .text_if("truth", truth.as_ref());
        let axis = |axis: &RawBins| {
            let mut hash = FieldHash::of("axis");
            hash.text("column", &axis.column)
                .parts("edges", axis.edges.iter().map(|edge| float(*edge)));
            hash
        };
        let component = |component: &RawComponent| {
            let mut hash = FieldHash::of("component");
            hash.text("name", &component.name)
                .text("density", &component.density);
            hash
        };
        let of_parameter = |of: &RawNumbers| {
            let mut hash = FieldHash::of("numbers");
            hash.text("name", &of.name)
                .parts("numbers", of.numbers.iter().map(|number| float(*number)));
            hash
        };
        hash.parts("by", by.iter().map(axis))
            .parts("control", control.iter().map(axis))
            .parts("nominal", nominal.iter().map(component))
            .parts("systematic", systematic.iter().map(component))
            .parts("start", start.iter().map(of_parameter))
            .parts("fix", fix.iter().map(of_parameter))
            .parts("constrain", constrain.iter().map(of_parameter));
        hash.flag("keeps_counts", *keeps_counts);
        if !histograms.is_empty() {
            hash.texts("histograms", histograms);
        }
        if !are_classic(cows) {
            hash.texts("cows", cows.iter().map(ToString::to_string));
        }
        if !functions.is_empty() {
            hash.parts("functions", functions.iter().map(hash_of));
        }
        hash
    }
}

fn float(number: f64) -> FieldHash {
    let mut hash = FieldHash::of("number");
    hash.float("", number);
    hash
}
