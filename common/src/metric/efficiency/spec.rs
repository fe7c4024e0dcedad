//! `efficiency` as a campaign file writes it, and as it cannot be wrong.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::expression::Functions;
use crate::field_hash::FieldHash;
use crate::metric::bins::RawBins;
use crate::metric::check::{check_name, done};
use crate::metric::condition::{called_by, functions_of, hash_of, names_of};
use crate::metric::exact_sum::ExactSum;
use crate::metric::kind::Kind;
use crate::section::Section;

/// Sums, at most, over pre-cuts, bins and cuts.
const MAX_SUMS: usize = 1 << 16;

/// How much of the sum of weights passes cuts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawEfficiency {
    /// What tables call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Conditions on output columns.
    pub cuts: Vec<String>,
    /// Conditions that rows must fulfil to be counted at all; the empty one is fulfilled by all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub precuts: Vec<String>,
    /// A column of weights, which may be negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Another column of weights, whose efficiency differs by the systematic error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub systematic: Option<String>,
    /// Columns with edges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<RawBins>,
    /// Names and definitions of the campaign's functions that conditions call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<(String, String)>,
}

/// A validated `efficiency`.
#[derive(Debug, Clone, PartialEq)]
pub struct EfficiencySpec {
    raw: RawEfficiency,
    /// The columns that conditions read.
    names: Vec<String>,
}

impl EfficiencySpec {
    /// What tables call it, where it has a name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.raw.name.as_deref()
    }

    /// Conditions on output columns.
    #[must_use]
    pub fn cuts(&self) -> &[String] {
        &self.raw.cuts
    }

    /// Conditions that rows must fulfil to be counted.
    #[must_use]
    pub fn precuts(&self) -> &[String] {
        &self.raw.precuts
    }

    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.raw.weight.as_deref()
    }

    /// The column of weights for the systematic error.
    #[must_use]
    pub fn systematic(&self) -> Option<&str> {
        self.raw.systematic.as_deref()
    }

    /// Columns with edges.
    #[must_use]
    pub fn axes(&self) -> &[RawBins] {
        &self.raw.axes
    }

    /// What conditions may call.
    pub(super) fn functions(&self) -> Functions {
        functions_of(&self.raw.functions)
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Bins of all axes, those below and above the edges included.
    pub(super) fn cells(&self) -> usize {
        cells(&self.raw.axes)
    }

    pub(super) fn most_sums(&self) -> usize {
        self.raw.precuts.len() * self.cells() * (1 + self.raw.cuts.len())
    }

    /// The bin of a row by its values on the axes, the last axis fastest; none if one is NaN.
    pub(super) fn bin(&self, values: impl Iterator<Item = f64>) -> Option<usize> {
        let mut bin = 0;
        for (axis, value) in self.raw.axes.iter().zip(values) {
            if value.is_nan() {
                return None;
            }
            let above = axis.edges.partition_point(|edge| *edge <= value);
            bin = bin * (axis.edges.len() + 1) + above;
        }
        Some(bin)
    }
}

/// As many as fit in a number; too many are refused.
fn cells(axes: &[RawBins]) -> usize {
    let of_axes = axes.iter().map(|axis| axis.edges.len() + 1);
    of_axes.fold(1, usize::saturating_mul)
}

impl Kind for EfficiencySpec {
    type Raw = RawEfficiency;

    fn read(section: &mut Section<'_>) -> Option<RawEfficiency> {
        let name = section.text("name");
        let cuts = section.required("cuts", Section::texts);
        let precuts = section.texts("precuts");
        let weight = section.text("weight");
        let systematic = section.text("systematic");
        let mut axes = Vec::new();
        for mut axis in section.sections("axes") {
            let column = axis.required_text("column");
            let edges = axis.required("edges", Section::floats);
            axis.finish();
            axes.push(RawBins {
                column: column?,
                edges: edges?,
            });
        }
        Some(RawEfficiency {
            name,
            cuts: cuts?,
            precuts: precuts.unwrap_or_default(),
            weight,
            systematic,
            axes,
            functions: Vec::new(),
        })
    }

    fn with_functions(
        mut raw: RawEfficiency,
        functions: &[(String, String)],
    ) -> Option<RawEfficiency> {
        let conditions = raw.cuts.iter().chain(&raw.precuts);
        raw.functions = called_by(conditions, functions)?;
        Some(raw)
    }

    fn try_new(raw: &RawEfficiency) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut raw = raw.clone();
        if raw.precuts.is_empty() {
            raw.precuts.push(String::new());
        }
        if raw.cuts.is_empty() {
            errors.push("efficiency.cuts: none; write one condition or more".to_owned());
        }
        let functions = functions_of(&raw.functions);
        let mut names = BTreeSet::new();
        for (key, conditions) in [("cuts", &raw.cuts), ("precuts", &raw.precuts)] {
            for (number, text) in conditions.iter().enumerate() {
                let place = format!("efficiency.{key}");
                if conditions
                    .iter()
                    .take(number)
                    .any(|earlier| earlier == text)
                {
                    errors.push(format!("{place}: \"{text}\" is there twice"));
                }
                match names_of(text, &functions) {
                    Ok(_) if text.trim().is_empty() && key == "cuts" => {
                        errors.push(format!("{place}: an empty cut is passed by all rows"));
                    }
                    Ok(found) => names.extend(found),
                    Err(message) => errors.push(format!("{place}: {message}")),
                }
            }
        }
        for (key, column) in [("weight", &raw.weight), ("systematic", &raw.systematic)] {
            if let Some(column) = column {
                check_name(&mut errors, &format!("efficiency.{key}"), column);
            }
        }
        if raw.systematic.is_some() && raw.weight.is_none() {
            errors.push(
                "efficiency.systematic: it is compared with `weight`, which is missing".to_owned(),
            );
        }
        check_axes(&mut errors, &raw.axes);
        let sums = cells(&raw.axes)
            .saturating_mul(raw.precuts.len())
            .saturating_mul(1 + raw.cuts.len());
        if sums > MAX_SUMS {
            errors.push(format!(
                "efficiency: {sums} sums over pre-cuts, bins and cuts, at most {MAX_SUMS}"
            ));
        }
        let names = names.into_iter().collect();
        done(errors, Self { raw, names })
    }

    fn systematic(&mut self) -> Option<(&str, &mut Option<String>)> {
        let weight = self.raw.weight.as_deref()?;
        Some((weight, &mut self.raw.systematic))
    }

    fn to_raw(&self) -> RawEfficiency {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        let RawEfficiency {
            name,
            cuts,
            precuts,
            weight,
            systematic,
            axes,
            functions,
        } = &self.raw;
        let mut hash = FieldHash::of("efficiency");
        hash.text_if("name", name.as_ref())
            .texts("cuts", cuts)
            .texts("precuts", precuts)
            .text_if("weight", weight.as_ref())
            .text_if("systematic", systematic.as_ref());
        let axis = |axis: &RawBins| {
            let mut hash = FieldHash::of("axis");
            let edge = |edge: &f64| {
                let mut hash = FieldHash::of("edge");
                hash.float("", *edge);
                hash
            };
            hash.text("column", &axis.column)
                .parts("edges", axis.edges.iter().map(edge));
            hash
        };
        hash.parts("axes", axes.iter().map(axis));
        if !functions.is_empty() {
            hash.parts("functions", functions.iter().map(hash_of));
        }
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let axes = self.raw.axes.iter().map(|axis| &axis.column);
        self.names
            .iter()
            .chain(axes)
            .chain(&self.raw.weight)
            .chain(&self.raw.systematic)
            .collect()
    }

    fn most_bytes(&self) -> u64 {
        let exact = size_of::<ExactSum>() as u64;
        let weights =
            self.weight().map_or(0, |_| 2 * exact) + self.systematic().map_or(0, |_| exact);
        self.most_sums() as u64 * (32 + weights)
    }
}

fn check_axes(errors: &mut Vec<String>, axes: &[RawBins]) {
    for (number, axis) in axes.iter().enumerate() {
        let key = format!("efficiency.axes[{}]", number + 1);
        check_name(errors, &format!("{key}.column"), &axis.column);
        if axes
            .iter()
            .take(number)
            .any(|earlier| earlier.column == axis.column)
        {
            errors.push(format!(
                "{key}.column: `{}` is another axis already",
                axis.column
            ));
        }
        if axis.column == "systematic" {
            errors.push(format!(
                "{key}.column: `systematic` is the input of a correction that names the variation; give \
                 the column another name"
            ));
        }
        let rising = |pair: &[f64]| matches!(pair, [low, high] if low < high);
        let edges = &axis.edges;
        if edges.len() < 2
            || !edges.iter().all(|edge| edge.is_finite())
            || !edges.windows(2).all(rising)
        {
            errors.push(format!(
                "{key}.edges: {edges:?}; expected two or more finite ones that ascend"
            ));
        }
    }
}

impl fmt::Display for EfficiencySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "efficiency of {}", self.raw.cuts.join(", "))
    }
}
