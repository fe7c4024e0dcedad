//! The fits of all categories, made from everything that was merged.

use lumimill_fit::{Fit, Histogram, Model, NoHistogram, Sample, Status, fit};
use serde::Serialize;

use super::spec::MassFitSpec;
use super::validity::{self, ControlVerdict};
use super::{CategoryCounts, MassFitCounts, control, values};
use crate::metric::bins::RawBins;
use crate::metric::tally::Tally;

/// A χ² less likely than this is warned of.
const UNLIKELY: f64 = 1e-4;

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
    /// Rows with a value or weight that is null, NaN or too large.
    pub missing: u64,
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
    let histogram = counts.histogram(spec);
    let sums = histogram.as_ref().unwrap_or(spec.empty());
    let values = counts.values.as_ref();
    let range = spec.empty().range();
    let values = values.map(|tally| values::values(tally, range, sums.entries()));
    let mut fits = Vec::new();
    let mut nominal = None;
    for (number, (variation, model, setup)) in spec.models().iter().enumerate() {
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
        fits.push(match &found {
            Ok(found) => fitted(variation, model, found, sums),
            Err(failure) => FittedModel::failed(variation, failure.clone()),
        });
        if number == 0 {
            nominal = found.ok();
        }
    }
    let verdicts = spec.models().first().map(|(_, model, _)| {
        let columns = counts.columns(spec);
        validity::verdicts(model, nominal.as_ref(), sums, &columns)
    });
    FittedCategory {
        name,
        edges,
        entries: sums.entries(),
        contents: sums.sumw().to_vec(),
        errors: sums.sumw2().iter().map(|squares| squares.sqrt()).collect(),
        fits,
        verdicts: verdicts.unwrap_or_default(),
    }
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

    /// Of each control variable the counts in its bins.
    fn columns<'a>(&self, spec: &'a MassFitSpec) -> Vec<(&'a str, Vec<Histogram>)> {
        let range = spec.empty().range();
        let (mut columns, mut stepped) = (self.columns.iter(), self.stepped.iter());
        let control = spec.control().iter().map(|axis| {
            if axis.edges.is_empty() {
                let parts = stepped.next();
                let parts = parts.map(|tally| control::parts(tally, spec.bins(), range));
                return (axis.column.as_str(), parts.unwrap_or_default());
            }
            let of = columns.by_ref().take(axis.edges.len().saturating_sub(1));
            let histograms =
                of.filter_map(|tally| Histogram::of_counts(range, &counts(tally, spec)).ok());
            (axis.column.as_str(), histograms.collect())
        });
        control.collect()
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

fn fitted(variation: &'static str, model: &Model, found: &Fit, data: &Histogram) -> FittedModel {
    let goodness = found.goodness.clone();
    let curves = curves(model, found, data);
    let mut pulls = goodness
        .as_ref()
        .map(|goodness| goodness.pulls.clone())
        .unwrap_or_default();
    if pulls.len() != data.sumw().len() {
        // Of a fit without bins they are of other bins than the picture.
        pulls = pulls_of(data, curves.first());
    }
    FittedModel {
        variation,
        failure: (found.status != Status::Converged).then(|| found.status.reason().to_owned()),
        status: found.status.code(),
        values: fitted_values(found),
        chi2: goodness.as_ref().map(|goodness| goodness.chi2),
        ndf: goodness.as_ref().map(|goodness| goodness.ndf),
        p_value: goodness.as_ref().and_then(|goodness| goodness.p_value),
        edm: Some(found.edm),
        calls: found.calls,
        starts: [found.starts, found.agreeing],
        curves,
        pulls,
    }
}

/// (content − expected)/√expected of each bin.
fn pulls_of(data: &Histogram, all: Option<&FittedCurve>) -> Vec<Option<f64>> {
    let expected = all.iter().flat_map(|curve| &curve.contents);
    let bins = data.sumw().iter().zip(expected);
    let pull = |(content, expected): (&f64, &f64)| {
        (*expected > 0.0).then(|| (content - expected) / expected.sqrt())
    };
    bins.map(pull).collect()
}

fn fitted_values(found: &Fit) -> Vec<FittedValue> {
    let parameters = found.parameters.iter();
    let values = parameters.map(|parameter| FittedValue {
        name: parameter.name.clone(),
        value: parameter.value,
        error: parameter.error,
        at_limit: parameter.at_limit,
        fixed: parameter.fixed,
    });
    values.collect()
}

/// What all components and each of them expect in the bins.
fn curves(model: &Model, found: &Fit, data: &Histogram) -> Vec<FittedCurve> {
    let all_values = found.values();
    let Some(densities) = model.densities(&all_values) else {
        return Vec::new();
    };
    let mut all = vec![0.0; data.sumw().len()];
    let mut curves = Vec::new();
    for (component, (name, amount)) in model.component_names().zip(&all_values).enumerate() {
        let contents: Vec<f64> = (0..all.len())
            .map(|bin| {
                let (low, high) = data.edges(bin);
                amount * densities.area(component, low, high)
            })
            .collect();
        for (sum, content) in all.iter_mut().zip(&contents) {
            *sum += content;
        }
        curves.push(FittedCurve {
            name: name.to_owned(),
            contents,
        });
    }
    curves.insert(
        0,
        FittedCurve {
            name: "all".to_owned(),
            contents: all,
        },
    );
    curves
}

impl FittedModel {
    fn failed(variation: &'static str, failure: String) -> Self {
        Self {
            variation,
            failure: Some(failure),
            status: 3,
            values: Vec::new(),
            chi2: None,
            ndf: None,
            p_value: None,
            edm: None,
            calls: 0,
            starts: [0, 0],
            curves: Vec::new(),
            pulls: Vec::new(),
        }
    }

    /// What a person should know of it.
    fn warning(&self) -> Option<String> {
        if let Some(failure) = &self.failure {
            return Some(failure.clone());
        }
        let stuck = self.values.iter().filter(|value| value.at_limit);
        let stuck: Vec<&str> = stuck.map(|value| value.name.as_str()).collect();
        if !stuck.is_empty() {
            return Some(format!("{} at a limit", stuck.join(", ")));
        }
        let p_value = self.p_value.filter(|p_value| *p_value < UNLIKELY)?;
        let (chi2, ndf) = (self.chi2.unwrap_or_default(), self.ndf.unwrap_or_default());
        Some(format!(
            "chi2 is {chi2:.1} for {ndf} degrees of freedom (p = {p_value:.1e})"
        ))
    }
}

impl MassFitResult {
    /// What a person should know of it.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for category in &self.categories {
            for verdict in category
                .verdicts
                .iter()
                .filter(|verdict| verdict.verdict != "valid")
            {
                warnings.push(format!(
                    "weights by the fit of {}, category {}, are {} for {}: {}",
                    self.variable, category.name, verdict.verdict, verdict.control, verdict.reason
                ));
            }
            for found in &category.fits {
                if let Some(warning) = found.warning() {
                    warnings.push(format!(
                        "fit of {}, category {}, {}: {warning}",
                        self.variable, category.name, found.variation
                    ));
                }
            }
        }
        warnings
    }
}
