//! `kde` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use lumimill_kde::{Approximation, Axis, Density, Scale};
use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::check::{check_name, done};
use crate::metric::exact_sum::ExactSum;
use crate::metric::kind::Kind;
use crate::section::Section;

/// Cells, at most: each of them may hold exact sums.
const MOST_CELLS: usize = 1 << 16;
/// Bins of an axis where none are said.
const BINS: u32 = 50;
/// Standard deviation of kernels in bins, where none is said.
const WIDTH: f64 = 2.0;

/// A density of a column, given others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawKde {
    /// The variable that is drawn, and those that it is given.
    pub axes: Vec<RawAxis>,
    /// A column of weights, which may be negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Another column of weights, for a density that differs by the systematic error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub systematic: Option<String>,
    /// What it is relative to.
    #[serde(default)]
    pub approximation: Approximation,
}

/// An axis of a density.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawAxis {
    /// The column.
    pub column: String,
    /// From where to where.
    pub range: [f64; 2],
    /// Equal bins of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<u32>,
    /// In what they are equal.
    #[serde(default)]
    pub scale: Scale,
    /// Standard deviation of the kernel, in bins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
}

/// A validated `kde`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(into = "RawKde")]
pub struct KdeSpec {
    raw: RawKde,
    axes: Vec<Axis>,
    cells: usize,
}

impl From<KdeSpec> for RawKde {
    fn from(spec: KdeSpec) -> Self {
        spec.raw
    }
}

impl KdeSpec {
    /// Reads it from the table of a stage; nothing when anything of that is of a wrong type.
    pub(crate) fn read_stage(section: &mut Section<'_>) -> Option<Result<Self, Vec<String>>> {
        Self::read(section).map(|raw| Self::try_new(&raw))
    }

    /// The same where these columns of weights stand beside its own (see [`Kind::weigh_by`]).
    pub(crate) fn weigh_beside(&mut self, columns: &[&str]) {
        self.weigh_by(columns);
    }

    /// Hash of all that decides the density of some rows.
    #[must_use]
    pub(crate) fn kde_hash(&self) -> FieldHash {
        Kind::hash(self)
    }

    /// The columns that it reads, in the order in which they are named.
    pub fn columns_read(&self) -> impl Iterator<Item = &str> {
        Kind::columns(self).into_iter().map(String::as_str)
    }

    /// The axes, of which the first is the variable that is drawn.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.raw.weight.as_deref()
    }

    /// The other column of weights.
    #[must_use]
    pub fn systematic(&self) -> Option<&str> {
        self.raw.systematic.as_deref()
    }

    pub(super) fn approximation(&self) -> Approximation {
        self.raw.approximation
    }

    pub(super) fn cells(&self) -> usize {
        self.cells
    }

    /// The cell of a row, the first axis fastest; none beside an axis.
    pub(super) fn cell(&self, values: impl Iterator<Item = f64>) -> Option<u32> {
        let (mut cell, mut stride) = (0, 1);
        for (axis, value) in self.axes.iter().zip(values) {
            cell += stride * axis.bin(value)?;
            stride *= axis.bins;
        }
        u32::try_from(cell).ok()
    }
}

impl Kind for KdeSpec {
    type Raw = RawKde;

    fn read(section: &mut Section<'_>) -> Option<RawKde> {
        let before = section.mistakes();
        let mut axes = Vec::new();
        if section.value("axes").is_none() {
            section.problem(
                "axes",
                "is missing: the column that is drawn, and those that it is given",
            );
        }
        for mut axis in section.sections("axes") {
            let column = axis.required_text("column");
            let range = axis.required("range", Section::range);
            let bins = axis.count("bins");
            let scales = [
                ("linear", Scale::Linear),
                ("log", Scale::Log),
                ("logit", Scale::Logit),
            ];
            let scale = axis.choice("scale", &scales).unwrap_or_default();
            let width = axis.float("width");
            axis.finish();
            if let (Some(column), Some(range)) = (column, range) {
                axes.push(RawAxis {
                    column,
                    range,
                    bins,
                    scale,
                    width,
                });
            }
        }
        let approximations = [
            ("product", Approximation::Product),
            ("constant", Approximation::Constant),
        ];
        let raw = RawKde {
            axes,
            weight: section.text("weight"),
            systematic: section.text("systematic"),
            approximation: section
                .choice("approximation", &approximations)
                .unwrap_or_default(),
        };
        (section.mistakes() == before).then_some(raw)
    }

    fn try_new(raw: &RawKde) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        for (number, axis) in raw.axes.iter().enumerate() {
            check_name(
                &mut errors,
                &format!("kde.axes[{}].column", number + 1),
                &axis.column,
            );
        }
        for (key, column) in [("weight", &raw.weight), ("systematic", &raw.systematic)] {
            if let Some(column) = column {
                check_name(&mut errors, &format!("kde.{key}"), column);
            }
        }
        if raw.systematic.is_some() && raw.weight.is_none() {
            errors.push(
                "kde.systematic: it is the alternative of `weight`, which is missing".to_owned(),
            );
        }
        let axes = raw.axes.iter().map(|axis| Axis {
            name: axis.column.clone(),
            low: axis.range[0],
            high: axis.range[1],
            bins: axis.bins.unwrap_or(BINS) as usize,
            scale: axis.scale,
            width: axis.width.unwrap_or(WIDTH),
        });
        let axes: Vec<Axis> = axes.collect();
        let cells = Density::cells(&axes).unwrap_or_else(|error| {
            errors.push(format!("kde.axes: {error}"));
            0
        });
        if cells > MOST_CELLS {
            errors.push(format!(
                "kde.axes: {cells} cells together, at most {MOST_CELLS}"
            ));
        }
        done(
            errors,
            Self {
                raw: raw.clone(),
                axes,
                cells,
            },
        )
    }

    fn systematic(&mut self) -> Option<(&str, &mut Option<String>)> {
        let weight = self.raw.weight.as_deref()?;
        Some((weight, &mut self.raw.systematic))
    }

    fn to_raw(&self) -> RawKde {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        let RawKde {
            axes,
            weight,
            systematic,
            approximation,
        } = &self.raw;
        let axis = |axis: &RawAxis| {
            let mut hash = FieldHash::of("axis");
            let [low, high] = axis.range;
            hash.text("column", &axis.column)
                .float("low", low)
                .float("high", high)
                .number("bins", axis.bins.unwrap_or(BINS).into())
                .text("scale", format!("{:?}", axis.scale))
                .float("width", axis.width.unwrap_or(WIDTH));
            hash
        };
        let mut hash = FieldHash::of("kde");
        hash.parts("axes", axes.iter().map(axis))
            .text_if("weight", weight.as_ref())
            .text_if("systematic", systematic.as_ref())
            .text("approximation", format!("{approximation:?}"));
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let axes = self.raw.axes.iter().map(|axis| &axis.column);
        axes.chain(&self.raw.weight)
            .chain(&self.raw.systematic)
            .collect()
    }

    fn most_bytes(&self) -> u64 {
        let exact = size_of::<ExactSum>() as u64;
        let weights = self.weight().map_or(0, |_| exact) + self.systematic().map_or(0, |_| exact);
        self.cells as u64 * (64 + weights)
    }
}

impl fmt::Display for KdeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kde of {}", named(&self.axes))
    }
}

/// `kpi given p, cosTheta`
pub(super) fn named(axes: &[Axis]) -> String {
    let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
    match names.split_first() {
        Some((first, [])) => (*first).to_owned(),
        Some((first, others)) => format!("{first} given {}", others.join(", ")),
        None => String::new(),
    }
}
