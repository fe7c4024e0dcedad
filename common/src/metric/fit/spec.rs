//! `fit` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use lumimill_fit::{FitRange, Histogram, Model, Setup};
use serde::Serialize;

use super::check::{check_axes, check_condition, check_weight, models};
use super::cow::Cow;
use super::raw::{BINS, RawComponent, RawMassFit};
use super::read;
use crate::field_hash::FieldHash;
use crate::metric::bins::RawBins;
use crate::metric::check::{check_name, done};
use crate::metric::condition::{called_by, functions_of, holds};
use crate::metric::exact_sum::ExactSum;
use crate::metric::kind::Kind;
use crate::metric::row_batch::{FillError, RowBatch};
use crate::metric::weight_tally::BIN_BYTES;
use crate::section::Section;

/// Categories, at most: each is a fit of its own.
const MAX_CATEGORIES: usize = 1 << 10;
/// Bins of all categories, at most.
const MAX_BINS: u64 = 1 << 20;

/// A validated `fit`.
#[derive(Debug, Clone, Serialize)]
#[serde(into = "RawMassFit")]
pub struct MassFitSpec {
    pub(super) raw: RawMassFit,
    /// The columns that the condition reads.
    pub(super) names: Vec<String>,
    /// Its bins, empty.
    pub(super) empty: Box<Histogram>,
    /// Nominal, and systematic if there is one.
    pub(super) models: Vec<(&'static str, Model, Setup)>,
}

impl From<MassFitSpec> for RawMassFit {
    fn from(spec: MassFitSpec) -> Self {
        spec.raw
    }
}

impl PartialEq for MassFitSpec {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl MassFitSpec {
    /// The column that is fitted.
    #[must_use]
    pub fn variable(&self) -> &str {
        &self.raw.variable
    }

    /// The number of bins.
    #[must_use]
    pub fn bins(&self) -> u32 {
        self.raw.bins.unwrap_or(BINS)
    }

    /// Whether it is fitted to the values one by one.
    #[must_use]
    pub(crate) fn is_unbinned(&self) -> bool {
        self.raw.unbinned
    }

    /// Columns with edges that make categories.
    #[must_use]
    pub fn by(&self) -> &[RawBins] {
        &self.raw.by
    }

    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.raw.weight.as_deref()
    }

    /// The condition on the rows that are fitted.
    #[must_use]
    pub fn condition(&self) -> Option<&str> {
        self.raw.condition.as_deref()
    }

    /// The columns that the condition reads.
    #[must_use]
    pub(crate) fn condition_columns(&self) -> &[String] {
        &self.names
    }

    /// Which rows fulfil the condition.
    ///
    /// # Errors
    /// When a column is missing or of another type.
    pub fn selected(&self, rows: &RowBatch<'_>) -> Result<Vec<bool>, FillError> {
        let functions = functions_of(&self.raw.functions);
        let condition = self.condition().unwrap_or_default();
        holds(condition, &self.names, &functions, rows)
    }

    /// Whether the file of a fit has what was counted.
    pub(super) fn keeps_counts(&self) -> bool {
        self.raw.keeps_counts
    }

    /// The column that says which rows truly are of the signal.
    #[must_use]
    pub fn truth(&self) -> Option<&str> {
        self.raw.truth.as_deref()
    }

    /// Columns with edges that weights by this fit are to be used for.
    #[must_use]
    pub fn control(&self) -> &[RawBins] {
        &self.raw.control
    }

    /// From where to where.
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        self.raw.range
    }

    /// What is said of a category without rows.
    pub(super) fn nothing_to_fit(&self) -> String {
        let [low, high] = self.range();
        format!(
            "no row is in this category and in the range [{low}, {high}]: nothing is fitted, and weights are \
             null; take wider categories if rows should be there"
        )
    }

    pub(super) fn fit_range(&self) -> FitRange {
        self.empty.range()
    }

    /// Reads it from the table of a stage; nothing when anything of that is of a wrong type.
    pub(crate) fn read_stage(
        section: &mut Section<'_>,
        functions: &[(String, String)],
    ) -> Option<Result<Self, Vec<String>>> {
        let mut raw = Self::with_functions(Self::read(section)?, functions)?;
        raw.histograms = raw.templates().into_keys().collect();
        Some(Self::try_new(&raw))
    }

    /// The columns that it reads, each once.
    #[must_use]
    pub fn columns_read(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        for column in Kind::columns(self) {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
        columns
    }

    /// The same without those that only weights by it are to be used for.
    #[must_use]
    pub fn columns_said(&self) -> Vec<&str> {
        let is_stepped = |name: &&str| {
            let mut control = self.raw.control.iter();
            control.any(|axis| axis.column == *name && axis.edges.is_empty())
        };
        let by = |name: &&str| self.raw.by.iter().any(|axis| axis.column == *name);
        let mut columns = self.columns_read();
        let is_truth = |name: &&str| self.truth() == Some(*name);
        let is_said = |name: &&str| {
            let mut names = self.names.iter().chain(&self.raw.weight);
            by(name) || *name == self.variable() || names.any(|known| known == name)
        };
        columns.retain(|name| is_said(name) || !(is_stepped(name) || is_truth(name)));
        columns
    }

    /// Whether there is another model, for the systematic error.
    #[must_use]
    pub fn has_systematic(&self) -> bool {
        !self.raw.systematic.is_empty()
    }

    /// The names of the components of each model.
    pub fn components(&self) -> impl Iterator<Item = (&'static str, Vec<&str>)> {
        let models = self.models.iter();
        models.map(|(variation, model, _)| (*variation, model.component_names().collect()))
    }

    /// As it is written.
    pub(super) fn raw(&self) -> RawMassFit {
        self.raw.clone()
    }

    /// Of what is written.
    pub(super) fn build(raw: &RawMassFit) -> Result<Self, Vec<String>> {
        Self::try_new(raw)
    }

    /// The components of a model as the campaign writes them.
    pub(super) fn raw_components(&self, variation: &str) -> &[RawComponent] {
        match variation {
            "systematic" => &self.raw.systematic,
            _ => &self.raw.nominal,
        }
    }

    /// The other stages of whose rows it needs histograms.
    #[must_use]
    pub fn histograms(&self) -> &[String] {
        &self.raw.histograms
    }

    /// What weights by it are orthogonal by; the density where nobody says.
    pub(super) fn cows(&self) -> &[Cow] {
        const CLASSIC: &[Cow] = &[Cow::Density];
        match self.raw.cows.as_slice() {
            [] => CLASSIC,
            cows => cows,
        }
    }

    pub(super) fn empty(&self) -> &Histogram {
        &self.empty
    }

    /// Each model by the name of its variation.
    pub(super) fn models(&self) -> &[(&'static str, Model, Setup)] {
        &self.models
    }

    /// How many categories there are.
    #[must_use]
    pub fn categories(&self) -> usize {
        categories(&self.raw.by)
    }
}

fn categories(by: &[RawBins]) -> usize {
    let of_axes = by.iter().map(|axis| axis.edges.len().saturating_sub(1));
    of_axes.fold(1, usize::saturating_mul)
}

impl Kind for MassFitSpec {
    type Raw = RawMassFit;

    fn read(section: &mut Section<'_>) -> Option<RawMassFit> {
        read::read(section)
    }

    fn with_functions(mut raw: RawMassFit, functions: &[(String, String)]) -> Option<RawMassFit> {
        raw.functions = called_by(raw.condition.iter(), functions)?;
        Some(raw)
    }

    fn try_new(raw: &RawMassFit) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "fit.variable", &raw.variable);
        let names = check_condition(&mut errors, raw);
        check_axes(&mut errors, "by", &raw.by, &raw.variable);
        // Those of which nothing is said follow from the data.
        let said = raw.control.iter().filter(|axis| !axis.edges.is_empty());
        let said: Vec<RawBins> = said.cloned().collect();
        check_axes(&mut errors, "control", &said, &raw.variable);
        check_weight(&mut errors, raw);
        let bins = raw.bins.unwrap_or(BINS);
        let all = categories(&raw.by);
        if all > MAX_CATEGORIES {
            errors.push(format!(
                "fit.by: {all} categories, at most {MAX_CATEGORIES}"
            ));
        }
        let columns = 1 + raw
            .control
            .iter()
            .map(|axis| axis.edges.len())
            .sum::<usize>();
        let together = u64::from(bins).saturating_mul(all.saturating_mul(columns) as u64);
        if together > MAX_BINS {
            errors.push(format!("fit.bins: {together} in all categories and bins of control variables, at most {MAX_BINS}"));
        }
        let [low, high] = raw.range;
        let range = match FitRange::new(low, high) {
            Ok(range) => range,
            Err(error) => {
                errors.push(format!("fit.range: {error}"));
                return Err(errors);
            }
        };
        let empty = match Histogram::new(range, bins as usize) {
            Ok(empty) => Box::new(empty),
            Err(error) => {
                errors.push(format!("fit.bins: {error}"));
                return Err(errors);
            }
        };
        let models = models(&mut errors, raw, range);
        done(
            errors,
            Self {
                raw: raw.clone(),
                names,
                empty,
                models,
            },
        )
    }

    fn to_raw(&self) -> RawMassFit {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        self.raw.hash()
    }

    fn columns(&self) -> Vec<&String> {
        let by = self.raw.by.iter().map(|axis| &axis.column);
        let control = self.raw.control.iter().map(|axis| &axis.column);
        std::iter::once(&self.raw.variable)
            .chain(by)
            .chain(control)
            .chain(&self.raw.weight)
            .chain(&self.names)
            .chain(&self.raw.truth)
            .collect()
    }

    fn most_bytes(&self) -> u64 {
        let weights = self
            .weight()
            .map_or(0, |_| 2 * size_of::<ExactSum>() as u64);
        let of_truth = 1 + u64::from(self.truth().is_some());
        let of_control = of_truth * self.control_bins() as u64;
        let weighed = self.weight().map_or(0, |_| BIN_BYTES * of_control);
        let columns = 8 * (1 + of_control) + weighed;
        u64::from(self.bins()) * self.categories() as u64 * (columns + weights)
    }
}

impl fmt::Display for MassFitSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fit of {}", self.raw.variable)
    }
}
