//! Binned numbers with variations, written as a correction.

use serde_json::{Value, json};
use thiserror::Error;

/// An axis of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The input that it bins.
    pub name: String,
    /// Ascending edges; the outer ones may be infinite.
    pub edges: Vec<f64>,
}

/// A correction that is binned, with variations by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The name of the correction.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// The inputs; the last one runs fastest through the values.
    pub axes: Vec<Axis>,
    /// Each variation with the values of all bins. With one variation alone there is no input for it.
    pub variations: Vec<(String, Vec<f64>)>,
}

/// Why a table cannot be written.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NoTable {
    /// No axis, or one without ascending edges.
    #[error(
        "the table \"{table}\" needs axes with ascending edges, no two of one name, none named systematic"
    )]
    Axes {
        /// The table.
        table: String,
    },
    /// Not as many values as bins.
    #[error(
        "variation \"{variation}\" of the table \"{table}\" has {found} values for {expected} bins"
    )]
    Values {
        /// The table.
        table: String,
        /// The variation.
        variation: String,
        /// How many values it has.
        found: usize,
        /// How many bins there are.
        expected: usize,
    },
    /// No variation, or two of one name.
    #[error("the table \"{table}\" needs one variation or more, no two of one name")]
    Variations {
        /// The table.
        table: String,
    },
}

impl Table {
    /// Tables as a file of schema version 2. A bin whose value is no number, as it is empty, is an
    /// error to who evaluates the file, as are values outside of the bins: correctionlib refuses a file
    /// with null or NaN, and 0 would be taken for a weight.
    pub fn file(tables: &[Self], description: &str) -> Result<String, NoTable> {
        let corrections = tables
            .iter()
            .map(Self::correction)
            .collect::<Result<Vec<_>, _>>()?;
        let file = json!({
            "schema_version": 2,
            "description": description,
            "corrections": corrections,
        });
        Ok(format!("{file:#}\n"))
    }

    fn correction(&self) -> Result<Value, NoTable> {
        let bins = self.bins()?;
        let names: Vec<&str> = self
            .variations
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let twice = names
            .iter()
            .enumerate()
            .any(|(i, name)| names[..i].contains(name));
        if names.is_empty() || twice {
            return Err(NoTable::Variations {
                table: self.name.clone(),
            });
        }
        for (variation, values) in &self.variations {
            if values.len() != bins {
                return Err(NoTable::Values {
                    table: self.name.clone(),
                    variation: variation.clone(),
                    found: values.len(),
                    expected: bins,
                });
            }
        }
        let axes = self
            .axes
            .iter()
            .map(|axis| json!({"name": axis.name, "type": "real"}));
        let (inputs, data) = match self.variations.as_slice() {
            [(_, values)] => (axes.collect(), self.binning(values)),
            several => {
                let first = json!({
                    "name": "systematic",
                    "type": "string",
                    "description": names.join(", "),
                });
                let content = several
                    .iter()
                    .map(|(name, values)| json!({"key": name, "value": self.binning(values)}));
                let data = json!({
                    "nodetype": "category",
                    "input": "systematic",
                    "content": content.collect::<Vec<_>>(),
                });
                ([first].into_iter().chain(axes).collect::<Vec<_>>(), data)
            }
        };
        Ok(json!({
            "name": self.name,
            "description": self.description,
            "version": 1,
            "inputs": inputs,
            "output": {"name": "value", "type": "real"},
            "data": data,
        }))
    }

    /// How many bins there are.
    fn bins(&self) -> Result<usize, NoTable> {
        let wrong = || NoTable::Axes {
            table: self.name.clone(),
        };
        let mut bins = 1_usize;
        for (index, axis) in self.axes.iter().enumerate() {
            let ascend = axis.edges.windows(2).all(|pair| pair[0] < pair[1]);
            let twice = self.axes[..index]
                .iter()
                .any(|other| other.name == axis.name);
            if !ascend || axis.edges.len() < 2 || twice || axis.name == "systematic" {
                return Err(wrong());
            }
            bins = bins.checked_mul(axis.edges.len() - 1).ok_or_else(wrong)?;
        }
        (!self.axes.is_empty()).then_some(bins).ok_or_else(wrong)
    }

    /// A node without a value for anything that reaches it: a bin beside all bins of an axis, which is
    /// that of the largest number where the axis has no end.
    fn nowhere(&self) -> Option<Value> {
        let axis = self.axes.first()?;
        let last = axis.edges.last()?;
        let beyond = last.abs().max(1.0);
        let mut edges = [last + beyond, last + 2.0 * beyond];
        if !edges.iter().all(|edge| edge.is_finite()) {
            edges = [f64::MAX.next_down(), f64::MAX];
        }
        Some(json!({
            "nodetype": "binning",
            "input": axis.name,
            "edges": edges,
            "content": [0.0],
            "flow": "error",
        }))
    }

    fn binning(&self, values: &[f64]) -> Value {
        let values = values.iter().map(|value| match value.is_finite() {
            true => Value::from(*value),
            false => self.nowhere().unwrap_or_default(),
        });
        let content: Vec<Value> = values.collect();
        let edges = self.axes.iter().map(|axis| {
            Value::from(
                axis.edges
                    .iter()
                    .map(|edge| edge_value(*edge))
                    .collect::<Vec<_>>(),
            )
        });
        let edges: Vec<Value> = edges.collect();
        match (self.axes.as_slice(), edges.as_slice()) {
            ([axis], [edges]) => json!({
                "nodetype": "binning",
                "input": axis.name,
                "edges": edges,
                "content": content,
                "flow": "error",
            }),
            _ => json!({
                "nodetype": "multibinning",
                "inputs": self.axes.iter().map(|axis| axis.name.as_str()).collect::<Vec<_>>(),
                "edges": edges,
                "content": content,
                "flow": "error",
            }),
        }
    }
}

/// JSON has no infinity.
fn edge_value(edge: f64) -> Value {
    if edge.is_finite() {
        return Value::from(edge);
    }
    Value::from(if edge > 0.0 { "inf" } else { "-inf" })
}
