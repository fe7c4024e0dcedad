//! The fits of one category as a file: what weights are made of, whoever makes them.

use lumimill_fit::{FitRange, Histogram, Reference, WeightError, Weights};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::raw::RawComponent;
use super::spec::MassFitSpec;
use super::{FittedModel, MassFitCounts, result};
use crate::form::Stored;
use crate::metric::partial::Partial;

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
    /// Each model.
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

impl FrozenFit {
    /// What was counted, as the function that weights are orthogonal by.
    pub(super) fn histogram(&self) -> Result<Reference, String> {
        let lacking = || "the file of the fit has no counts".to_owned();
        let FrozenCounts { sumw, sumw2 } = self.counts.clone().ok_or_else(lacking)?;
        let [low, high] = self.range;
        let range = FitRange::new(low, high).map_err(|error| error.to_string())?;
        let histogram = Histogram::of_sums(range, sumw, sumw2, self.entries);
        let histogram = histogram.map_err(|error| error.to_string())?;
        Reference::histogram(&histogram).map_err(|error| error.to_string())
    }
}

impl Stored for FrozenFit {
    const FORM: u64 = 2;
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
    /// Fits all models to the category of this number of what was counted.
    ///
    /// # Errors
    /// When a model finds no minimum with a covariance: no weights are made of that.
    pub fn freeze(&self, counted: &Partial, number: usize) -> Result<FrozenFit, NoFit> {
        let counts = self.counts(counted).ok_or(NoFit::Counts)?;
        let (data, fits) = result::fits_of(self, counts, number).ok_or(NoFit::Counts)?;
        let (category, edges) = self.named(number);
        let models = fits.iter().map(|model| {
            self.frozen(model).map_err(|reason| NoFit::Model {
                variation: model.variation.to_owned(),
                variable: self.variable().to_owned(),
                category: category.clone(),
                reason,
            })
        });
        Ok(FrozenFit {
            models: models.collect::<Result<_, _>>()?,
            category,
            edges,
            variable: self.variable().to_owned(),
            range: self.range(),
            entries: data.entries(),
            counts: self.keeps_counts().then(|| FrozenCounts {
                sumw: data.sumw().to_vec(),
                sumw2: data.sumw2().to_vec(),
            }),
        })
    }

    /// The fit of all that was counted for it, as a metric.
    #[must_use]
    pub fn of_counted(&self, counted: &Partial) -> Option<super::MassFitResult> {
        Some(result::of(self, self.counts(counted)?))
    }

    pub(super) fn counts<'a>(&self, counted: &'a Partial) -> Option<&'a MassFitCounts> {
        let (spec, counts) = counted.of_fit()?;
        (*spec == self.counting()).then_some(counts)
    }

    /// That components have one shape, if that is so.
    fn alike(&self, fitted: &FittedModel) -> Option<String> {
        let mut models = self.models().iter();
        let (_, model, _) = models.find(|(variation, ..)| *variation == fitted.variation)?;
        let values: Vec<f64> = fitted.values.iter().map(|value| value.value).collect();
        let wrong = Weights::new(model, &values, &Reference::One).err();
        let wrong = wrong.filter(|wrong| matches!(wrong, WeightError::Singular { .. }));
        wrong
            .filter(|_| !values.is_empty())
            .map(|wrong| wrong.to_string())
    }

    fn frozen(&self, model: &FittedModel) -> Result<FrozenModel, String> {
        if let Some(reason) = &model.failure {
            return Err(self.alike(model).unwrap_or_else(|| reason.clone()));
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
