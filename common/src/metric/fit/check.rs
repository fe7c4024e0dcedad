//! What can be wrong with a fit: axes, models, and wishes for parameters.

use std::collections::BTreeSet;

use lumimill_fit::{FitRange, Model, Setup, SetupError, Start, StartValue, template_names};

use super::raw::{RawMassFit, RawNumbers};
use crate::metric::bins::RawBins;
use crate::metric::check::check_name;
use crate::metric::condition::{functions_of, names_of};

pub(super) fn check_axes(errors: &mut Vec<String>, key: &str, axes: &[RawBins], variable: &str) {
    for (number, axis) in axes.iter().enumerate() {
        let key = format!("fit.{key}[{}]", number + 1);
        check_name(errors, &format!("{key}.column"), &axis.column);
        if axis.column == variable {
            errors.push(format!(
                "{key}.column: `{}` is the variable of the fit",
                axis.column
            ));
        }
        if axes
            .iter()
            .take(number)
            .any(|earlier| earlier.column == axis.column)
        {
            errors.push(format!("{key}.column: `{}` is there already", axis.column));
        }
        let is_rising = axis
            .edges
            .windows(2)
            .all(|pair| matches!(pair, [low, high] if low < high));
        let is_finite = axis.edges.iter().all(|edge| edge.is_finite());
        if axis.edges.len() < 2 || !is_rising || !is_finite {
            errors.push(format!(
                "{key}.edges: {:?}; expected two or more finite ones that ascend",
                axis.edges
            ));
        }
    }
}

/// The columns that the condition on rows reads.
pub(super) fn check_condition(errors: &mut Vec<String>, raw: &RawMassFit) -> Vec<String> {
    let Some(condition) = &raw.condition else {
        return Vec::new();
    };
    match names_of(condition, &functions_of(&raw.functions)) {
        Ok(names) if names.is_empty() => {
            errors.push("fit.where: an empty condition; leave it out".to_owned());
            Vec::new()
        }
        Ok(names) => {
            if names.contains(&raw.variable) {
                errors.push(format!(
                    "fit.where: {} is what is fitted: take another range in place of a cut on it",
                    raw.variable
                ));
            }
            names.into_iter().collect()
        }
        Err(message) => {
            errors.push(format!("fit.where: {message}"));
            Vec::new()
        }
    }
}

pub(super) fn check_weight(errors: &mut Vec<String>, raw: &RawMassFit) {
    let Some(weight) = &raw.weight else {
        return;
    };
    check_name(errors, "fit.weight", weight);
    if *weight == raw.variable {
        errors.push(format!("fit.weight: `{weight}` is the variable of the fit"));
    }
}

/// The models with what is wished for their parameters.
pub(super) fn models(
    errors: &mut Vec<String>,
    raw: &RawMassFit,
    range: FitRange,
) -> Vec<(&'static str, Model, Setup)> {
    let templates = raw.flat_templates(range);
    let mut models = Vec::new();
    for (variation, components) in [("nominal", &raw.nominal), ("systematic", &raw.systematic)] {
        // Where only counts are asked for, there is no model at all.
        if components.is_empty() && (variation == "systematic" || raw.only_counts()) {
            continue;
        }
        let texts: Vec<(&str, &str)> = components
            .iter()
            .map(|component| (component.name.as_str(), component.density.as_str()))
            .collect();
        let mut named = texts.iter().flat_map(|(_, text)| template_names(text));
        if let Some(name) = named.find(|name| !templates.contains_key(name)) {
            errors.push(format!(
                "fit.{variation}: template({name}): no rows of a stage \"{name}\" are counted for this \
                 fit: earlier stages are named by the templates of [stage.fit]"
            ));
            continue;
        }
        match Model::new(range, &texts, &templates) {
            Ok(model) => models.push((variation, model)),
            Err(error) => errors.push(format!("fit.{variation}: {error}")),
        }
    }
    let setup = setup(errors, raw);
    // A parameter may belong to one model alone; one of none is a mistake.
    let known: BTreeSet<&str> = models
        .iter()
        .flat_map(|(_, model)| model.parameter_names())
        .collect();
    if let (true, Some((_, first))) = (errors.is_empty(), models.first()) {
        for mistake in setup.mistakes(first) {
            match &mistake {
                SetupError::Unknown { name, .. } if known.contains(name.as_str()) => {}
                other => errors.push(format!("fit.{other}")),
            }
        }
    }
    let models = models.into_iter().map(|(variation, model)| {
        let setup = of_model(&setup, &model);
        (variation, model, setup)
    });
    models.collect()
}

/// What of it is about parameters of the model.
fn of_model(setup: &Setup, model: &Model) -> Setup {
    let is_known = |name: &String| model.parameter_names().any(|known| known == name);
    let mut setup = setup.clone();
    setup.start.retain(|name, _| is_known(name));
    setup.fix.retain(|name, _| is_known(name));
    setup.constrain.retain(|name, _| is_known(name));
    setup
}

fn setup(errors: &mut Vec<String>, raw: &RawMassFit) -> Setup {
    let mut setup = Setup::default();
    for RawNumbers { name, numbers } in &raw.start {
        let start = match numbers.as_slice() {
            [value] => StartValue::Value(*value),
            [value, low, high] => StartValue::Limited(Start {
                value: *value,
                low: *low,
                high: *high,
            }),
            _ => {
                errors.push(format!(
                    "fit.start.{name}: expected a value, or [value, low, high]"
                ));
                continue;
            }
        };
        setup.start.insert(name.clone(), start);
    }
    for RawNumbers { name, numbers } in &raw.fix {
        match numbers.as_slice() {
            [value] => {
                setup.fix.insert(name.clone(), *value);
            }
            _ => errors.push(format!("fit.fix.{name}: expected one number")),
        }
    }
    for RawNumbers { name, numbers } in &raw.constrain {
        match numbers.as_slice() {
            [mean, deviation] => {
                setup.constrain.insert(name.clone(), (*mean, *deviation));
            }
            _ => errors.push(format!(
                "fit.constrain.{name}: expected [mean, standard deviation]"
            )),
        }
    }
    setup
}
