//! The fits of all categories, made from everything that was merged.

use lumimill_fit::{Fit, Histogram, NoHistogram, Sample, fit};
use serde::Serialize;

use super::control::Parts;
use super::fitted::fitted;
use super::spec::MassFitSpec;
use super::validity::{self, ControlVerdict};
use super::weighed::{ComponentSum, Control, Weighed, WeightedControl};
use super::{CategoryCounts, MassFitCounts, control, values};
use crate::metric::bins::RawBins;
use crate::metric::tally::Tally;

/// A `fit` over everything that was merged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MassFitResult {
    /// The column that is fitted.
    pub variable: String,
    /// The column of weights.
    pub weight: Option<String>,
    /// From where to where.
    pub range: [f64; 2],
    /// Columns with edges that make categories.
    pub by: Vec<RawBins>,
    /// Each category with its fits.
    pub categories: Vec<FittedCategory>,
    /// Rows of no category.
    pub outside: u64,
    /// Rows beside the range.
    pub out_of_range: u64,
    /// Rows with a value or weight that is null, NaN, or too large or small to be squared.
    pub missing: u64,
    /// The condition on rows.
    pub condition: Option<String>,
    /// Rows that do not fulfil it.
    pub cut: u64,
    /// Rows whose truth is neither 0 nor 1.
    pub untold: u64,
}

/// A category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedCategory {
    /// Its name, such as `p_0`, or `all`.
    pub name: String,
    /// Its edges on each axis.
    pub edges: Vec<[f64; 2]>,
    /// Rows in the range.
    pub entries: u64,
    /// Rows, or sums of weights, of equal bins.
    pub contents: Vec<f64>,
    /// √Σw² of them.
    pub errors: Vec<f64>,
    /// The fit of each model.
    pub fits: Vec<FittedModel>,
    /// Whether weights by the nominal model may be used, for each control variable.
    pub verdicts: Vec<ControlVerdict>,
    /// What the weights of each component add up to.
    pub sums: Vec<ComponentSum>,
    /// The same in parts of control variables, which files have.
    #[serde(skip)]
    pub weighted: Vec<WeightedControl>,
}

/// One model in one category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedModel {
    /// `nominal` or `systematic`.
    pub variation: &'static str,
    /// Why there is no fit, or why it cannot be used.
    pub failure: Option<String>,
    /// 0 for a minimum with a covariance, 1 without minimum, 2 without covariance, 3 without fit.
    pub status: u8,
    /// Yields and parameters.
    pub values: Vec<FittedValue>,
    /// The covariance of the values, by rows; 0 of a constant and at a limit, none without it.
    #[serde(skip)]
    pub covariance: Vec<Vec<f64>>,
    /// χ² of the bins, joined until 5 entries are expected in each.
    pub chi2: Option<f64>,
    /// Its degrees of freedom.
    pub ndf: Option<usize>,
    /// The probability of a greater χ².
    pub p_value: Option<f64>,
    /// How far −ln L is expected to be from its minimum.
    pub edm: Option<f64>,
    /// How often the likelihood was computed.
    pub calls: usize,
    /// From how many starts the fit was made, and how many led to this minimum.
    pub starts: [usize; 2],
    /// What is expected in each bin, of all and of each component.
    pub curves: Vec<FittedCurve>,
    /// (content − expected)/error of each bin.
    pub pulls: Vec<Option<f64>>,
}

/// A yield or a parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its standard deviation; none for a constant, at a limit, and without covariance.
    pub error: Option<f64>,
    /// Whether it lies at a limit.
    pub at_limit: bool,
    /// Whether it was a constant.
    pub fixed: bool,
}

/// Expected contents of bins.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FittedCurve {
    /// The component, or `all`.
    pub name: String,
    /// One a bin.
    pub contents: Vec<f64>,
}

pub(super) fn of(spec: &MassFitSpec, counts: &MassFitCounts) -> MassFitResult {
    let categories = counts.categories.iter().enumerate();
    MassFitResult {
        variable: spec.variable().to_owned(),
        weight: spec.weight().map(str::to_owned),
        range: spec.range(),
        by: spec.by().to_vec(),
        categories: categories
            .map(|(number, counts)| category(spec, number, counts))
            .collect(),
        outside: counts.outside,
        out_of_range: counts.out_of_range,
        missing: counts.missing,
        condition: spec.condition().map(str::to_owned),
        cut: counts.cut,
        untold: counts.untold,
    }
}

/// The fits of the category of a number.
pub(super) fn category_of(
    spec: &MassFitSpec,
    counts: &MassFitCounts,
    number: usize,
) -> Option<FittedCategory> {
    let counts = counts.categories.get(number)?;
    Some(category(spec, number, counts))
}

fn category(spec: &MassFitSpec, number: usize, counts: &CategoryCounts) -> FittedCategory {
    let (name, edges) = spec.named(number);
    let (data, found) = counts.fits(spec);
    let controls = counts.controls(spec);
    let mut nominal = Weighed::default();
    let (mut sums, mut weighted) = (Vec::new(), Vec::new());
    for ((variation, model, _), (_, fit)) in spec.models().iter().zip(&found) {
        let Some(fit) = fit else {
            continue;
        };
        let mut weighed = Weighed::of(variation, (model, fit), &data, &controls);
        sums.append(&mut weighed.sums.clone());
        weighted.append(&mut weighed.controls);
        if *variation == "nominal" {
            nominal = weighed;
        }
    }
    let first = spec.models().first().zip(found.first());
    let verdicts = first.map(|((_, model, _), (_, fit))| {
        validity::verdicts((model, fit.as_ref()), &nominal, &controls)
    });
    FittedCategory {
        name,
        edges,
        entries: data.entries(),
        contents: data.sumw().to_vec(),
        errors: data.sumw2().iter().map(|squares| squares.sqrt()).collect(),
        fits: found.into_iter().map(|(model, _)| model).collect(),
        verdicts: verdicts.unwrap_or_default(),
        sums,
        weighted,
    }
}

/// The fits of the category of a number alone, and what was fitted.
pub(super) fn fits_of(
    spec: &MassFitSpec,
    counts: &MassFitCounts,
    number: usize,
) -> Option<(Histogram, Vec<FittedModel>)> {
    let (data, found) = counts.categories.get(number)?.fits(spec);
    let fits = found.into_iter().map(|(model, _)| model);
    let fits = fits.collect();
    Some((data, fits))
}

impl CategoryCounts {
    fn histogram(&self, spec: &MassFitSpec) -> Result<Histogram, NoHistogram> {
        let counts = counts(&self.entries, spec);
        let range = spec.empty().range();
        if self.weights.is_empty() {
            return Histogram::of_counts(range, &counts);
        }
        let sumw = self.weights.iter().map(|sums| sums.sum()).collect();
        let sumw2 = self.weights.iter().map(|sums| sums.squares()).collect();
        let entries = counts.into_iter().fold(0, u64::saturating_add);
        Histogram::of_sums(range, sumw, sumw2, entries)
    }

    /// What was counted, and the fit of each model to it.
    fn fits(&self, spec: &MassFitSpec) -> (Histogram, Vec<(FittedModel, Option<Fit>)>) {
        let histogram = self.histogram(spec);
        let data = histogram.as_ref().unwrap_or(spec.empty());
        let values = self.values.as_ref();
        let values = values.map(|tally| values::values(tally, spec.fit_range(), data.entries()));
        let fits = spec.models().iter().map(|(variation, model, setup)| {
            let found = match (&histogram, &values) {
                (Err(error), _) => Err(error.to_string()),
                (_, Some(Err(error))) => Err(error.clone()),
                (_, Some(Ok(values))) => {
                    fit(model, Sample::Unbinned(values), setup).map_err(|error| error.to_string())
                }
                (Ok(data), None) => {
                    fit(model, Sample::Binned(data), setup).map_err(|error| error.to_string())
                }
            };
            match found {
                Ok(found) => (fitted(variation, model, &found, data), Some(found)),
                Err(failure) => (FittedModel::failed(variation, failure), None),
            }
        });
        let fits = fits.collect();
        (data.clone(), fits)
    }

    /// Each control variable with the counts in its parts.
    fn controls<'a>(&self, spec: &'a MassFitSpec) -> Vec<Control<'a>> {
        let range = spec.fit_range();
        let mut columns = (self.columns.iter(), self.true_columns.iter());
        let mut stepped = (self.stepped.iter(), self.true_stepped.iter());
        let histograms = |tallies: Vec<&Tally>| -> Vec<Histogram> {
            let of = tallies.into_iter();
            of.filter_map(|tally| Histogram::of_counts(range, &counts(tally, spec)).ok())
                .collect()
        };
        let controls = spec.control().iter().map(|axis| {
            let parts = if axis.edges.is_empty() {
                let truth = stepped.1.next();
                let parts = stepped.0.next();
                let parts = parts.map(|tally| control::parts(tally, truth, spec.bins(), range));
                parts.unwrap_or_default()
            } else {
                let bins = axis.edges.len().saturating_sub(1);
                Parts {
                    edges: axis
                        .edges
                        .windows(2)
                        .filter_map(|pair| pair.try_into().ok())
                        .collect(),
                    all: histograms(columns.0.by_ref().take(bins).collect()),
                    truth: histograms(columns.1.by_ref().take(bins).collect()),
                }
            };
            Control {
                name: axis.column.as_str(),
                parts,
            }
        });
        controls.collect()
    }
}

/// A count for every bin.
fn counts(tally: &Tally, spec: &MassFitSpec) -> Vec<u64> {
    let mut counts = vec![0_u64; spec.bins() as usize];
    for (bin, count) in tally.iter() {
        let place = usize::try_from(bin).unwrap_or(usize::MAX);
        if let Some(slot) = counts.get_mut(place) {
            *slot = count;
        }
    }
    counts
}
