//! `fit` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use lumimill_fit::{FitRange, Histogram, Model, Setup};
use serde::{Deserialize, Serialize};

use super::check::{check_axes, check_weight, models};
use super::read;
use crate::field_hash::FieldHash;
use crate::metric::bins::RawBins;
use crate::metric::check::{check_name, done};
use crate::metric::exact_sum::ExactSum;
use crate::metric::kind::Kind;
use crate::section::Section;

/// Categories, at most: each is a fit of its own.
const MAX_CATEGORIES: usize = 1 << 10;
/// Bins of all categories, at most.
const MAX_BINS: u64 = 1 << 20;
/// Bins where none are said.
const BINS: u32 = 200;

/// A mass fit in each category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMassFit {
    /// The column that is fitted.
    pub variable: String,
    /// From where to where.
    pub range: [f64; 2],
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
    /// Starting values: a value, or value, low and high.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start: Vec<RawNumbers>,
    /// Constants: a value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<RawNumbers>,
    /// Gaussian constraints: mean and standard deviation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constrain: Vec<RawNumbers>,
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

/// A validated `fit`.
#[derive(Debug, Clone, Serialize)]
#[serde(into = "RawMassFit")]
pub struct MassFitSpec {
    raw: RawMassFit,
    /// Its bins, empty.
    empty: Histogram,
    /// Nominal, and systematic if there is one.
    models: Vec<(&'static str, Model, Setup)>,
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
    pub fn is_unbinned(&self) -> bool {
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

    /// Columns with edges that weights by this fit are to be used for.
    #[must_use]
    pub fn control(&self) -> &[RawBins] {
        &self.raw.control
    }

    /// The bins of all control variables, in a row.
    pub(super) fn control_bins(&self) -> usize {
        self.raw
            .control
            .iter()
            .map(|axis| axis.edges.len().saturating_sub(1))
            .sum()
    }

    /// The numbers of the control variables whose bins follow from the data.
    pub(super) fn stepped(&self) -> impl Iterator<Item = usize> {
        let control = self.raw.control.iter().enumerate();
        let stepped = control.filter(|(_, axis)| axis.edges.is_empty());
        stepped.map(|(number, _)| number)
    }

    /// The same, with weights by it that are to be used for these columns, too.
    ///
    /// # Errors
    /// Those that cannot be, each with the reason.
    pub(crate) fn controlled(&self, names: &[String]) -> Result<Self, Vec<String>> {
        let mut raw = self.raw.clone();
        for name in names {
            if raw.control.iter().all(|axis| axis.column != *name) {
                raw.control.push(RawBins {
                    column: name.clone(),
                    edges: Vec::new(),
                });
            }
        }
        Self::try_new(&raw)
    }

    /// From where to where.
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        self.raw.range
    }

    /// Reads it from the table of a stage; nothing when anything of that is of a wrong type.
    pub(crate) fn read_stage(section: &mut Section<'_>) -> Option<Result<Self, Vec<String>>> {
        Self::read(section).map(|raw| Self::try_new(&raw))
    }

    /// What is counted for it: the same without models, so that what is fitted may change while the
    /// counts stay.
    #[must_use]
    pub fn counting(&self) -> Self {
        let raw = RawMassFit {
            nominal: Vec::new(),
            systematic: Vec::new(),
            start: Vec::new(),
            fix: Vec::new(),
            constrain: Vec::new(),
            ..self.raw.clone()
        };
        Self {
            raw,
            empty: self.empty.clone(),
            models: Vec::new(),
        }
    }

    /// Hash of what decides the fits of these counts.
    #[must_use]
    pub fn fit_hash(&self) -> FieldHash {
        // What weights are used for changes no fit.
        let raw = RawMassFit {
            control: Vec::new(),
            ..self.raw.clone()
        };
        let Self { empty, models, .. } = self.clone();
        Kind::hash(&Self { raw, empty, models })
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
        columns.retain(|name| !is_stepped(name) || by(name));
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

    pub(super) fn bin(&self, value: f64) -> Option<u32> {
        self.empty
            .bin(value)
            .and_then(|bin| u32::try_from(bin).ok())
    }

    /// The category of a row by its values on the axes, the last axis fastest; none outside of the
    /// edges of an axis, and for NaN.
    pub fn category(&self, values: impl Iterator<Item = f64>) -> Option<usize> {
        let mut category = 0;
        for (axis, value) in self.raw.by.iter().zip(values) {
            let above = axis.edges.partition_point(|edge| *edge <= value);
            let inside = above > 0 && above < axis.edges.len();
            category = category * axis.edges.len().saturating_sub(1) + inside.then_some(above)? - 1;
        }
        Some(category)
    }

    /// The column of a control variable that a value belongs to, among all of them; none outside.
    pub(super) fn control_bin(&self, number: usize, value: f64) -> Option<usize> {
        let before = self.raw.control.iter().take(number);
        let first: usize = before.map(|axis| axis.edges.len().saturating_sub(1)).sum();
        let edges = &self.raw.control.get(number)?.edges;
        let above = edges.partition_point(|edge| *edge <= value);
        (above > 0 && above < edges.len()).then(|| first + above - 1)
    }

    /// The name and the edges of a category: `p_0_cosTheta_1`, or `all`.
    #[must_use]
    pub fn named(&self, category: usize) -> (String, Vec<[f64; 2]>) {
        let mut rest = category;
        let mut parts = Vec::new();
        let mut edges = Vec::new();
        for axis in self.raw.by.iter().rev() {
            let count = axis.edges.len().saturating_sub(1).max(1);
            let at = rest % count;
            rest /= count;
            parts.push(format!("{}_{at}", axis.column));
            let edge = |at: usize| axis.edges.get(at).copied().unwrap_or(f64::NAN);
            edges.push([edge(at), edge(at + 1)]);
        }
        parts.reverse();
        edges.reverse();
        match parts.is_empty() {
            true => ("all".to_owned(), edges),
            false => (parts.join("_"), edges),
        }
    }
}

impl RawMassFit {
    /// Whether nothing is fitted to what is counted.
    pub(super) fn only_counts(&self) -> bool {
        let of_models = [&self.start, &self.fix, &self.constrain];
        self.nominal.is_empty()
            && self.systematic.is_empty()
            && of_models.iter().all(|numbers| numbers.is_empty())
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

    fn try_new(raw: &RawMassFit) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "fit.variable", &raw.variable);
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
            Ok(empty) => empty,
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
                empty,
                models,
            },
        )
    }

    fn to_raw(&self) -> RawMassFit {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        let RawMassFit {
            variable,
            range,
            bins,
            unbinned,
            by,
            nominal,
            systematic,
            weight,
            control,
            start,
            fix,
            constrain,
        } = &self.raw;
        let [low, high] = range;
        let mut hash = FieldHash::of("fit");
        hash.text("variable", variable)
            .float("low", *low)
            .float("high", *high)
            .number("bins", bins.unwrap_or(BINS).into())
            .flag("unbinned", *unbinned)
            .text_if("weight", weight.as_ref());
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
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let by = self.raw.by.iter().map(|axis| &axis.column);
        let control = self.raw.control.iter().map(|axis| &axis.column);
        std::iter::once(&self.raw.variable)
            .chain(by)
            .chain(control)
            .chain(&self.raw.weight)
            .collect()
    }

    fn most_bytes(&self) -> u64 {
        let weights = self
            .weight()
            .map_or(0, |_| 2 * size_of::<ExactSum>() as u64);
        let columns = 8 * (1 + self.control_bins() as u64);
        u64::from(self.bins()) * self.categories() as u64 * (columns + weights)
    }
}

fn float(number: f64) -> FieldHash {
    let mut hash = FieldHash::of("number");
    hash.float("", number);
    hash
}

impl fmt::Display for MassFitSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fit of {}", self.raw.variable)
    }
}
