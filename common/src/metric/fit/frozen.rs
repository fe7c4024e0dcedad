//! The fits of one category as a file: what weights are made of, whoever makes them.

use std::collections::BTreeMap;

use lumimill_fit::{FitRange, Histogram, Model, Reference, WeightError, Weights};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::cow::{Cow, Histograms};
use super::fitted::FittedModel;
use super::raw::RawComponent;
use super::result;
use super::result::Found;
use super::spec::MassFitSpec;
use crate::form::Stored;
use crate::metric::counted_rows::CountedRows;

/// The fits of a category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenFit {
    /// Name of the category.
    pub category: String,
    /// Its edges on each axis.
    pub edges: Vec<[f64; 2]>,
    /// The column that was fitted.
    pub variable: String,
    /// From where to where.
    pub range: [f64; 2],
    /// Rows that were fitted.
    pub entries: u64,
    /// What was counted in equal bins of the range, where weights need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<FrozenCounts>,
    /// The same of rows of other stages: those that are templates of its models, and those that weights
    /// by it are orthogonal by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub histograms: BTreeMap<String, FrozenHistogram>,
    /// Each model; none of a category without rows.
    pub models: Vec<FrozenModel>,
}

/// Sums of weights in bins, and of their squares; of rows without weights both are counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenCounts {
    /// Σw
    pub sumw: Vec<f64>,
    /// Σw²
    pub sumw2: Vec<f64>,
}

/// What was counted of rows of another stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenHistogram {
    /// Rows.
    pub entries: u64,
    /// In equal bins of the range.
    pub counts: FrozenCounts,
}

/// A model at the values that were found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenModel {
    /// `nominal` or `systematic`.
    pub variation: String,
    /// Its components.
    pub components: Vec<RawComponent>,
    /// Yields first, then parameters.
    pub values: Vec<FrozenValue>,
    /// χ² of the bins.
    pub chi2: Option<f64>,
    /// Its degrees of freedom.
    pub ndf: Option<u64>,
    /// The probability of a greater χ².
    pub p_value: Option<f64>,
    /// How far −ln L is expected to be from its minimum.
    pub edm: Option<f64>,
}

/// A yield or a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its standard deviation; none for a constant, and at a limit.
    pub error: Option<f64>,
}

impl FrozenCounts {
    fn of(histogram: &Histogram) -> Self {
        Self {
            sumw: histogram.sumw().to_vec(),
            sumw2: histogram.sumw2().to_vec(),
        }
    }

    fn histogram(&self, range: FitRange, entries: u64) -> Result<Histogram, String> {
        let (sumw, sumw2) = (self.sumw.clone(), self.sumw2.clone());
        let histogram = Histogram::of_sums(range, sumw, sumw2, entries);
        histogram.map_err(|error| error.to_string())
    }
}

impl FrozenFit {
    /// Whether nothing was fitted, as no row is in the category: its rows, if it gets any, have no
    /// weights.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    fn fit_range(&self) -> Result<FitRange, String> {
        let [low, high] = self.range;
        FitRange::new(low, high).map_err(|error| error.to_string())
    }

    /// The histograms of other stages.
    pub(super) fn others(&self) -> Result<Histograms, String> {
        let range = self.fit_range()?;
        let of = |(name, frozen): (&String, &FrozenHistogram)| {
            let histogram = frozen.counts.histogram(range, frozen.entries)?;
            Ok((name.clone(), histogram))
        };
        self.histograms.iter().map(of).collect()
    }

    /// The function that weights are orthogonal by.
    pub(super) fn reference(&self, cow: &Cow, others: &Histograms) -> Result<Reference, String> {
        let range = self.fit_range()?;
        let counts = self.counts.as_ref();
        let fitted = counts.map(|counts| counts.histogram(range, self.entries));
        cow.reference(others, fitted.transpose()?.as_ref())
    }
}

impl Stored for FrozenFit {
    const FORM: u64 = 4;
    const OLDEST: u64 = 1;
}

/// Why a category has no fit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoFit {
    /// What was counted is of something else.
    #[error("what was counted is not what is fitted")]
    Counts,
    /// A model does not fit.
    #[error("{variation} fit of {variable} in category {category}: {reason}")]
    Model {
        /// `nominal` or `systematic`.
        variation: String,
        /// The column.
        variable: String,
        /// The category.
        category: String,
        /// Why.
        reason: String,
    },
}

impl MassFitSpec {
    /// Fits all models to the category of this number of what was counted; none to one without rows,
    /// unless none has any.
    ///
    /// # Errors
    /// When a model finds no minimum with a covariance: no weights are made of that.
    pub fn freeze(&self, counted: &CountedRows, number: usize) -> Result<FrozenFit, NoFit> {
        let counts = counted.of_fit(self).ok_or(NoFit::Counts)?;
        let fits = result::fits_of(self, &counts, number).ok_or(NoFit::Counts)?;
        let (category, edges) = self.named(number);
        let fitted = fits.found.iter().filter(|_| !fits.is_empty);
        let models = fitted.map(|found| {
            self.frozen(found).map_err(|reason| NoFit::Model {
                variation: found.fitted.variation.to_owned(),
                variable: self.variable().to_owned(),
                category: category.clone(),
                reason,
            })
        });
        let models = models.collect::<Result<_, _>>()?;
        let others = fits.others.into_iter().map(|(name, histogram)| {
            let frozen = FrozenHistogram {
                entries: histogram.entries(),
                counts: FrozenCounts::of(&histogram),
            };
            (name, frozen)
        });
        Ok(FrozenFit {
            models,
            category,
            edges,
            variable: self.variable().to_owned(),
            range: self.range(),
            entries: fits.data.entries(),
            counts: self.keeps_counts().then(|| FrozenCounts::of(&fits.data)),
            histograms: others.collect(),
        })
    }

    /// The fit of all that was counted for it, as a metric.
    #[must_use]
    pub fn of_counted(&self, counted: &CountedRows) -> Option<super::MassFitResult> {
        Some(result::of(self, &counted.of_fit(self)?))
    }

    fn frozen(&self, found: &Found<'_>) -> Result<FrozenModel, String> {
        let model = &found.fitted;
        if let Some(reason) = &model.failure {
            let alike = alike(&found.model, model);
            return Err(alike.unwrap_or_else(|| reason.clone()));
        }
        let values = model.values.iter().map(|value| FrozenValue {
            name: value.name.clone(),
            value: value.value,
            error: value.error,
        });
        Ok(FrozenModel {
            variation: model.variation.to_owned(),
            components: self.raw_components(model.variation).to_vec(),
            values: values.collect(),
            chi2: model.chi2,
            ndf: model.ndf.map(|ndf| ndf as u64),
            p_value: model.p_value,
            edm: model.edm,
        })
    }
}

/// That components have one shape, if that is so.
fn alike(model: &Model, fitted: &FittedModel) -> Option<String> {
    let values: Vec<f64> = fitted.values.iter().map(|value| value.value).collect();
    let wrong = Weights::new(model, &values, &Reference::One).err();
    let wrong = wrong.filter(|wrong| matches!(wrong, WeightError::Singular { .. }));
    wrong
        .filter(|_| !values.is_empty())
        .map(|wrong| wrong.to_string())
}
