//! The fits of all categories, made from everything that was merged.

use std::borrow::Cow;

use lumimill_fit::{Fit, Histogram, Model, NoHistogram, Sample, fit};
use serde::Serialize;

use super::control::Parts;
use super::control_weights::{ControlWeights, Counted};
use super::counts::CategoryCounts;
use super::cow::Histograms;
use super::fitted::{FittedModel, fitted};
use super::histograms::FitCounts;
use super::spec::MassFitSpec;
use super::validity::{self, ControlVerdict};
use super::weighed::{ComponentSum, Control, Weighed, WeightedControl};
use super::{control, values};
use crate::metric::bins::RawBins;
use crate::metric::tally::Tally;
use crate::metric::weight_tally::WeightTally;

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

/// The fit of a model in a category.
pub(super) struct Found<'a> {
    pub(super) model: Cow<'a, Model>,
    pub(super) fitted: FittedModel,
    pub(super) fit: Option<Fit>,
}

/// What is fitted in a category, with the fits of all models.
pub(super) struct Fits<'a> {
    pub(super) data: Histogram,
    /// Whether no row is in the category, though others have some: nothing is fitted, and nobody waits.
    pub(super) is_empty: bool,
    /// Those of other stages that it needs, as far as they are there.
    pub(super) others: Histograms,
    pub(super) found: Vec<Found<'a>>,
}

pub(super) fn of(spec: &MassFitSpec, counts: &FitCounts<'_>) -> MassFitResult {
    let rows = counts.rows;
    MassFitResult {
        variable: spec.variable().to_owned(),
        weight: spec.weight().map(str::to_owned),
        range: spec.range(),
        by: spec.by().to_vec(),
        categories: (0..rows.categories.len())
            .filter_map(|number| category_of(spec, counts, number))
            .collect(),
        outside: rows.outside,
        out_of_range: rows.out_of_range,
        missing: rows.missing,
        condition: spec.condition().map(str::to_owned),
        cut: rows.cut,
        untold: rows.untold,
    }
}

/// The fits of the category of a number.
pub(super) fn category_of(
    spec: &MassFitSpec,
    counts: &FitCounts<'_>,
    number: usize,
) -> Option<FittedCategory> {
    let (name, edges) = spec.named(number);
    let fits = fits_of(spec, counts, number)?;
    let controls = counts.rows.categories.get(number)?.controls(spec);
    // By each of the functions that weights by it are orthogonal by.
    let mut nominal = Vec::new();
    let (mut sums, mut weighted) = (Vec::new(), Vec::new());
    for found in &fits.found {
        for cow in spec.cows() {
            let Some(fit) = &found.fit else {
                continue;
            };
            let of = (found.fitted.variation, &*found.model, fit);
            let mut weighed = Weighed::of(cow, of, (&fits.data, &fits.others), &controls);
            sums.append(&mut weighed.sums.clone());
            weighted.append(&mut weighed.controls);
            if found.fitted.variation == "nominal" {
                nominal.push(weighed);
            }
        }
    }
    let first = fits.found.first();
    let verdicts = match fits.is_empty {
        true => Some(validity::of_nothing(spec)),
        false => first.map(|first| {
            let held = first.fitted.said_of_held();
            validity::verdicts(
                (&first.model, first.fit.as_ref()),
                held,
                &nominal,
                &controls,
            )
        }),
    };
    let Fits { data, found, .. } = fits;
    Some(FittedCategory {
        name,
        edges,
        entries: data.entries(),
        contents: data.sumw().to_vec(),
        errors: data.sumw2().iter().map(|squares| squares.sqrt()).collect(),
        fits: found.into_iter().map(|found| found.fitted).collect(),
        verdicts: verdicts.unwrap_or_default(),
        sums,
        weighted,
    })
}

/// The fits of the category of a number alone, and what was fitted.
pub(super) fn fits_of<'a>(
    spec: &'a MassFitSpec,
    counts: &FitCounts<'_>,
    number: usize,
) -> Option<Fits<'a>> {
    let category = counts.rows.categories.get(number)?;
    let others = counts.histograms(spec, number);
    let histogram = category.histogram(spec);
    let data = histogram.as_ref().unwrap_or(spec.empty());
    let has_rows = |category: &CategoryCounts| category.entries.total() > 0;
    let is_empty = !has_rows(category) && counts.rows.categories.iter().any(has_rows);
    let values = category.values.as_ref();
    let range = spec.fit_range();
    let values = values.map(|tally| values::values(tally, range, data.entries()));
    let pairs = category.pairs.as_ref();
    let values = values.or_else(|| Some(pairs?.values(range, data.entries())));
    let sample = match (&histogram, &values) {
        (Err(error), _) => Err(error.to_string()),
        (_, Some(Err(error))) => Err(error.clone()),
        (_, Some(Ok(values))) => Ok(Sample::Unbinned(values)),
        (Ok(data), None) => Ok(Sample::Binned(data)),
    };
    let found = spec.models().iter().map(|(variation, model, setup)| {
        if is_empty {
            return Found {
                model: Cow::Borrowed(model),
                fitted: FittedModel::empty(variation, spec.nothing_to_fit()),
                fit: None,
            };
        }
        let with_templates = others.as_ref().map_err(String::clone);
        let with_templates =
            with_templates.and_then(|others| spec.model_with((*variation, model), others));
        let fitted_to = |model: &Model| {
            let fit = fit(model, sample.clone()?, setup);
            fit.map_err(|error| error.to_string())
        };
        let found = with_templates.and_then(|model| Ok((fitted_to(&model)?, model)));
        match found {
            Ok((fit, model)) => Found {
                fitted: fitted(variation, &model, &fit, data),
                model,
                fit: Some(fit),
            },
            Err(failure) => Found {
                model: Cow::Borrowed(model),
                fitted: FittedModel::failed(variation, failure),
                fit: None,
            },
        }
    });
    Some(Fits {
        found: found.collect(),
        is_empty,
        data: data.clone(),
        others: others.clone().unwrap_or_default(),
    })
}

impl CategoryCounts {
    pub(super) fn histogram(&self, spec: &MassFitSpec) -> Result<Histogram, NoHistogram> {
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

    /// Each control variable with the counts in its parts.
    fn controls<'a>(&self, spec: &'a MassFitSpec) -> Vec<Control<'a>> {
        let range = spec.fit_range();
        let weights = self.control_weights.as_ref();
        let of =
            |rows, of: fn(&ControlWeights) -> &[WeightTally]| Counted::each(rows, weights.map(of));
        let mut columns = of(&self.columns, |weights| &weights.columns);
        let mut true_columns = of(&self.true_columns, |weights| &weights.true_columns);
        let mut stepped = of(&self.stepped, |weights| &weights.stepped);
        let mut true_stepped = of(&self.true_stepped, |weights| &weights.true_stepped);
        let size = (1, spec.bins() as usize);
        let histogram = |counted: Counted<'_>| {
            let place = |bin: u64| Some((0, usize::try_from(bin).ok()?));
            counted.histograms(range, size, place).ok()?.pop()
        };
        let controls = spec.control().iter().map(|axis| {
            let parts = if axis.edges.is_empty() {
                let truth = true_stepped.next();
                let parts = stepped.next();
                let parts = parts.map(|all| control::parts(all, truth, spec.bins(), range));
                parts.unwrap_or_default()
            } else {
                let bins = axis.edges.len().saturating_sub(1);
                Parts {
                    edges: axis
                        .edges
                        .windows(2)
                        .filter_map(|pair| pair.try_into().ok())
                        .collect(),
                    all: columns.by_ref().take(bins).filter_map(histogram).collect(),
                    truth: (true_columns.by_ref().take(bins))
                        .filter_map(histogram)
                        .collect(),
                    crowded: None,
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
