//! From JSON to the tree.

use serde_json::Value;

use super::{Key, Node};
use crate::bins::{Edges, Flow};
use crate::error::FileError;
use crate::formula::Formula;
use crate::input::{InputKind, InputVariable};
use crate::list::{array, numbers};

/// Reads the nodes of one correction.
pub(crate) struct Reader<'a> {
    pub(crate) inputs: &'a [InputVariable],
    pub(crate) formulas: usize,
}

impl Reader<'_> {
    /// The node at `place`, a path of keys for messages.
    pub(crate) fn node(&self, value: &Value, place: &str) -> Result<Node, FileError> {
        if let Some(number) = value.as_f64() {
            return Ok(Node::Number(number));
        }
        let kind = value.get("nodetype").and_then(Value::as_str);
        match kind {
            Some("binning") => self.binning(value, place),
            Some("multibinning") => self.multibinning(value, place),
            Some("category") => self.category(value, place),
            Some("formula") => Formula::read(value, place, self.inputs).map(Node::Formula),
            Some("formularef") => self.formula_ref(value, place),
            Some("transform") => self.transform(value, place),
            Some(kind) => Err(FileError::Node {
                place: place.to_owned(),
                kind: kind.chars().take(60).collect(),
            }),
            None => Err(FileError::content(
                place,
                "expected a number, or a node with its nodetype",
            )),
        }
    }

    fn binning(&self, value: &Value, place: &str) -> Result<Node, FileError> {
        let input = self.input(value.get("input"), &format!("{place}.input"))?;
        check_bins(
            value,
            std::slice::from_ref(value.get("edges").unwrap_or(&Value::Null)),
            place,
        )?;
        let edges = edges(value.get("edges"), &format!("{place}.edges"))?;
        self.bins(value, place, vec![(input, edges)])
    }

    fn multibinning(&self, value: &Value, place: &str) -> Result<Node, FileError> {
        let inputs = array(value.get("inputs"), &format!("{place}.inputs"))?;
        let all = array(value.get("edges"), &format!("{place}.edges"))?;
        if inputs.len() != all.len() || inputs.is_empty() {
            let what = format!("{} inputs have {} lists of edges", inputs.len(), all.len());
            return Err(FileError::content(place, what));
        }
        check_bins(value, all, place)?;
        let mut axes = Vec::new();
        for (index, (input, list)) in inputs.iter().zip(all).enumerate() {
            let input = self.input(Some(input), &format!("{place}.inputs[{index}]"))?;
            axes.push((
                input,
                edges(Some(list), &format!("{place}.edges[{index}]"))?,
            ));
        }
        self.bins(value, place, axes)
    }

    fn bins(
        &self,
        value: &Value,
        place: &str,
        axes: Vec<(usize, Edges)>,
    ) -> Result<Node, FileError> {
        for (input, _) in &axes {
            if self
                .inputs
                .get(*input)
                .is_some_and(|variable| variable.kind == InputKind::Text)
            {
                return Err(FileError::content(place, "text has no bins"));
            }
        }
        let list = array(value.get("content"), &format!("{place}.content"))?;
        let content = list
            .iter()
            .enumerate()
            .map(|(index, node)| self.node(node, &format!("{place}.content[{index}]")));
        let content = content.collect::<Result<_, _>>()?;
        let (flow, default) = match value.get("flow") {
            Some(Value::String(word)) if word == "clamp" => (Flow::Clamp, None),
            Some(Value::String(word)) if word == "error" => (Flow::Error, None),
            Some(Value::String(word)) if word == "wrap" => (Flow::Wrap, None),
            None | Some(Value::Null | Value::String(_)) => {
                let what = "flow is \"clamp\", \"error\", \"wrap\", a number or a node";
                return Err(FileError::content(place, what));
            }
            Some(node) => {
                let node = self.node(node, &format!("{place}.flow"))?;
                (Flow::Default, Some(Box::new(node)))
            }
        };
        Ok(Node::Bins {
            axes,
            content,
            flow,
            default,
        })
    }

    fn category(&self, value: &Value, place: &str) -> Result<Node, FileError> {
        let input = self.input(value.get("input"), &format!("{place}.input"))?;
        let kind = self.inputs.get(input).map(|variable| variable.kind);
        let mut content = Vec::new();
        for (index, item) in array(value.get("content"), &format!("{place}.content"))?
            .iter()
            .enumerate()
        {
            let at = format!("{place}.content[{index}]");
            let key = match (item.get("key"), kind) {
                (Some(Value::String(key)), Some(InputKind::Text)) => Key::Text(key.clone()),
                (Some(Value::Number(key)), Some(InputKind::Int)) if key.is_i64() => {
                    Key::Int(key.as_i64().unwrap_or_default())
                }
                _ => {
                    return Err(FileError::content(
                        &at,
                        "key is of the type of the input, text or an integer",
                    ));
                }
            };
            let node = item
                .get("value")
                .ok_or_else(|| FileError::content(&at, "it has no value"))?;
            content.push((key, self.node(node, &format!("{at}.value"))?));
        }
        let default = match value.get("default") {
            None | Some(Value::Null) => None,
            Some(node) => Some(Box::new(self.node(node, &format!("{place}.default"))?)),
        };
        Ok(Node::Category {
            input,
            content,
            default,
        })
    }

    fn formula_ref(&self, value: &Value, place: &str) -> Result<Node, FileError> {
        let index = value
            .get("index")
            .and_then(Value::as_u64)
            .and_then(|index| usize::try_from(index).ok());
        let Some(index) = index.filter(|index| *index < self.formulas) else {
            let what = format!(
                "index is below the number of generic_formulas, {}",
                self.formulas
            );
            return Err(FileError::content(place, what));
        };
        let parameters = numbers(value.get("parameters"), &format!("{place}.parameters"))?;
        Ok(Node::FormulaRef { index, parameters })
    }

    fn transform(&self, value: &Value, place: &str) -> Result<Node, FileError> {
        let input = self.input(value.get("input"), &format!("{place}.input"))?;
        if self
            .inputs
            .get(input)
            .is_some_and(|variable| variable.kind == InputKind::Text)
        {
            return Err(FileError::content(place, "text cannot be transformed"));
        }
        let part = |key: &str| -> Result<Box<Node>, FileError> {
            let node = value
                .get(key)
                .ok_or_else(|| FileError::content(place, format!("it has no {key}")))?;
            Ok(Box::new(self.node(node, &format!("{place}.{key}"))?))
        };
        Ok(Node::Transform {
            input,
            rule: part("rule")?,
            content: part("content")?,
        })
    }

    /// The place of the input that is named.
    fn input(&self, value: Option<&Value>, place: &str) -> Result<usize, FileError> {
        let name = value.and_then(Value::as_str).unwrap_or_default();
        let found = self
            .inputs
            .iter()
            .position(|variable| variable.name == name);
        found.ok_or_else(|| {
            let known: Vec<&str> = self
                .inputs
                .iter()
                .map(|variable| variable.name.as_str())
                .collect();
            FileError::content(
                place,
                format!("it names none of the inputs: {}", known.join(", ")),
            )
        })
    }
}

/// That there is a value for each bin, before any edges are made: a few bytes may ask for many.
fn check_bins(value: &Value, axes: &[Value], place: &str) -> Result<(), FileError> {
    let content = array(value.get("content"), &format!("{place}.content"))?;
    let bins = |axis: &Value| match axis {
        Value::Array(list) => list.len().saturating_sub(1).max(1) as u64,
        other => other.get("n").and_then(Value::as_u64).unwrap_or(1).max(1),
    };
    let expected = axes
        .iter()
        .try_fold(1_u64, |product, axis| product.checked_mul(bins(axis)));
    if expected == Some(content.len() as u64) {
        return Ok(());
    }
    let expected = expected.map_or_else(|| "too many".to_owned(), |count| count.to_string());
    let found = content.len();
    let what = format!("the edges make {expected} bins, content has {found}");
    Err(FileError::content(place, what))
}

/// A list of numbers, of which `"inf"` is one, or `{n, low, high}`.
fn edges(value: Option<&Value>, place: &str) -> Result<Edges, FileError> {
    let wrong = || {
        FileError::content(
            place,
            "edges are two or more ascending numbers, or {n, low, high}",
        )
    };
    let list = match value {
        Some(Value::Array(list)) => list.iter().map(edge).collect::<Option<Vec<f64>>>(),
        Some(Value::Object(equal)) => {
            let number = |key: &str| equal.get(key).and_then(Value::as_f64);
            let n = equal.get("n").and_then(Value::as_u64).filter(|n| *n > 0);
            match (n, number("low"), number("high")) {
                (Some(n), Some(low), Some(high)) => {
                    let step = |i: u64| low + (high - low) * (i as f64 / n as f64);
                    Some((0..=n).map(step).collect())
                }
                _ => None,
            }
        }
        _ => None,
    };
    list.and_then(Edges::new).ok_or_else(wrong)
}

fn edge(value: &Value) -> Option<f64> {
    match value {
        Value::String(word) if word == "inf" || word == "+inf" => Some(f64::INFINITY),
        Value::String(word) if word == "-inf" => Some(f64::NEG_INFINITY),
        other => other.as_f64(),
    }
}
