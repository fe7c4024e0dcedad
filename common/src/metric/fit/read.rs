//! What a campaign says of a fit, from its table.

use toml::Value;

use super::raw::{RawComponent, RawMassFit, RawNumbers};
use crate::metric::bins::RawBins;
use crate::section::Section;

pub(super) fn read(section: &mut Section<'_>) -> Option<RawMassFit> {
    let variable = section.required_text("variable");
    let range = section.required("range", Section::range);
    let condition = section.text("where");
    let bins = section.count("bins");
    let unbinned = section.flag("unbinned").unwrap_or_default();
    let by = axes(section, "by");
    let nominal = components(section, "nominal");
    if nominal.as_ref().is_none_or(Vec::is_empty) {
        section.problem("nominal", "is missing: name components and their densities");
    }
    let systematic = components(section, "systematic");
    let weight = section.text("weight");
    let control = axes(section, "control");
    let start = numbers(section, "start");
    let fix = numbers(section, "fix");
    let constrain = numbers(section, "constrain");
    Some(RawMassFit {
        variable: variable?,
        range: range?,
        condition,
        bins,
        unbinned,
        by: by?,
        nominal: nominal?,
        systematic: systematic.unwrap_or_default(),
        weight,
        control: control?,
        truth: None,
        start,
        fix,
        constrain,
        keeps_counts: false,
        histograms: Vec::new(),
        cows: Vec::new(),
        functions: Vec::new(),
    })
}

/// Columns with edges under a key.
fn axes(section: &mut Section<'_>, key: &str) -> Option<Vec<RawBins>> {
    let mut axes = Vec::new();
    let mut is_right = true;
    for mut axis in section.sections(key) {
        let column = axis.required_text("column");
        let edges = axis.required("edges", Section::floats);
        axis.finish();
        match column.zip(edges) {
            Some((column, edges)) if edges.len() > 1 => axes.push(RawBins { column, edges }),
            Some((_, edges)) => {
                let message = format!("{edges:?}; expected two or more that ascend");
                axis.problem("edges", message);
                is_right = false;
            }
            None => is_right = false,
        }
    }
    is_right.then_some(axes)
}

/// The components under a key, in the order of the file.
fn components(section: &mut Section<'_>, key: &str) -> Option<Vec<RawComponent>> {
    let mut table = section.section(key)?;
    let mut components = Vec::new();
    for name in table.keys() {
        if let Some(density) = table.text(&name) {
            components.push(RawComponent { name, density });
        }
    }
    table.finish();
    Some(components)
}

/// What is said of parameters under a key: a number or a list of numbers each.
fn numbers(section: &mut Section<'_>, key: &str) -> Vec<RawNumbers> {
    let Some(mut table) = section.section(key) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for name in table.keys() {
        let numbers = match table.value(&name) {
            Some(Value::Array(_)) => table.floats(&name),
            Some(Value::Float(number)) => Some(vec![*number]),
            Some(Value::Integer(number)) => Some(vec![*number as f64]),
            _ => {
                table.problem(&name, "expected a number or a list of numbers");
                None
            }
        };
        if let Some(numbers) = numbers {
            all.push(RawNumbers { name, numbers });
        }
    }
    table.finish();
    all
}
