//! Units of output columns, where they are known.

use std::sync::Arc;

use arrow_schema::{Field, Schema, SchemaRef};
use lumimill_common::campaign::{Campaign, Stage};

use crate::compiled_stage::CompiledStage;

/// Key of the unit in a field's metadata.
pub(crate) const UNIT: &str = "unit";

/// The output schema with units in the metadata of its fields.
#[must_use]
pub fn with_units(compiled: &CompiledStage) -> SchemaRef {
    let stage = compiled.stage();
    let fields = compiled.schema().fields().iter().map(|field| {
        let mut field: Field = field.as_ref().clone();
        // One that a column brought along is known better than one that its name tells.
        let is_said = stage.units.contains_key(field.name());
        if (is_said || !field.metadata().contains_key(UNIT))
            && let Some(unit) = unit_of(stage, field.name())
        {
            field.metadata_mut().extend([(UNIT.to_owned(), unit)]);
        }
        field
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The unit of a column of a stage, also of one that comes from an earlier stage.
#[must_use]
pub fn unit_in(campaign: &Campaign, stage: &Stage, column: &str) -> Option<String> {
    if let Some(unit) = stage.units.get(column) {
        return Some(unit.clone());
    }
    let is_computed = stage.columns.iter().any(|of| of.name == column);
    let parent = stage.from.as_ref().and_then(|name| campaign.stage(name));
    if let Some(parent) = parent.filter(|_| !is_computed) {
        let kept = stage.keep.iter().find(|keep| keep.name == column);
        let there = kept.map_or(column, |keep| keep.column.as_str());
        if let Some(unit) = unit_in(campaign, parent, there) {
            return Some(unit);
        }
    }
    unit_of(stage, column)
}

/// The unit of an output column: what the campaign says, or what NanoAOD's names and the
/// outermost function of an expression imply (momenta and masses in GeV, angles in rad).
#[must_use]
pub(crate) fn unit_of(stage: &Stage, column: &str) -> Option<String> {
    if let Some(unit) = stage.units.get(column) {
        return Some(unit.clone());
    }
    if let Some(column) = stage
        .columns
        .iter()
        .find(|candidate| candidate.name == column)
    {
        return column
            .unit
            .clone()
            .or_else(|| unit_of_expression(&column.expression));
    }
    let keep = stage.keep.iter().find(|keep| keep.name == column)?;
    unit_of_branch(&keep.column)
}

fn unit_of_expression(expression: &str) -> Option<String> {
    let (function, rest) = expression.trim().split_once('(')?;
    let one_call = rest
        .find(')')
        .is_some_and(|at| at + 1 == rest.trim_end().len());
    let unit = match function.trim() {
        "mass" | "pt" | "px" | "py" | "pz" | "energy" => "GeV",
        "phi" | "deltaPhi" => "rad",
        _ => return None,
    };
    one_call.then(|| unit.to_owned())
}

fn unit_of_branch(branch: &str) -> Option<String> {
    match branch.rsplit('_').next()? {
        "pt" | "mass" | "sumEt" | "ptErr" => Some(String::from("GeV")),
        "phi" => Some(String::from("rad")),
        _ => None,
    }
}
