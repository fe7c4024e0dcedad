//! A file of corrections.

use serde_json::Value;

use crate::correction::{Correction, InputKind, InputVariable};
use crate::error::FileError;
use crate::formula::Formula;
use crate::node::{Reader, array};

/// The corrections of a file, by name.
#[derive(Debug, Clone)]
pub struct CorrectionFile {
    corrections: Vec<Correction>,
}

impl CorrectionFile {
    /// Reads JSON of schema version 2. Every correction is read: one that cannot be evaluated
    /// refuses the file. Keys that are not known are ignored, as correctionlib does.
    pub fn parse(json: &[u8]) -> Result<Self, FileError> {
        let file: Value =
            serde_json::from_slice(json).map_err(|error| FileError::Json(error.to_string()))?;
        if file.get("schema_version").and_then(Value::as_u64) != Some(2) {
            let found = file
                .get("schema_version")
                .map_or_else(|| "missing".to_owned(), short);
            return Err(FileError::Schema(found));
        }
        let list = array(file.get("corrections"), "corrections")?;
        let corrections = list
            .iter()
            .enumerate()
            .map(|(index, value)| correction(value, &format!("corrections[{index}]")));
        Ok(Self {
            corrections: corrections.collect::<Result<_, _>>()?,
        })
    }

    /// The names of all corrections.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.corrections.iter().map(Correction::name)
    }

    /// The correction of a name.
    pub fn correction(&self, name: &str) -> Result<&Correction, FileError> {
        let found = self
            .corrections
            .iter()
            .find(|correction| correction.name() == name);
        found.ok_or_else(|| FileError::Unknown {
            name: name.to_owned(),
            known: self.names().take(8).collect::<Vec<_>>().join(", "),
        })
    }
}

fn correction(value: &Value, place: &str) -> Result<Correction, FileError> {
    let name = value.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| FileError::content(place, "a correction has a name"))?;
    let place = &format!("{place} (\"{name}\")");
    let mut inputs = Vec::new();
    for (index, input) in array(value.get("inputs"), &format!("{place}.inputs"))?
        .iter()
        .enumerate()
    {
        let kind = match input.get("type").and_then(Value::as_str) {
            Some("string") => Some(InputKind::Text),
            Some("int") => Some(InputKind::Int),
            Some("real") => Some(InputKind::Real),
            _ => None,
        };
        let name = input.get("name").and_then(Value::as_str);
        let (Some(name), Some(kind)) = (name, kind) else {
            let what = "an input has a name and a type, string, int or real";
            return Err(FileError::content(
                &format!("{place}.inputs[{index}]"),
                what,
            ));
        };
        inputs.push(InputVariable {
            name: name.to_owned(),
            kind,
        });
    }
    let formulas = match value.get("generic_formulas") {
        None | Some(Value::Null) => Vec::new(),
        some => array(some, &format!("{place}.generic_formulas"))?
            .iter()
            .enumerate()
            .map(|(index, formula)| {
                Formula::read(
                    formula,
                    &format!("{place}.generic_formulas[{index}]"),
                    &inputs,
                )
            })
            .collect::<Result<Vec<_>, _>>()?,
    };
    let data = value
        .get("data")
        .ok_or_else(|| FileError::content(place, "a correction has data"))?;
    let reader = Reader {
        inputs: &inputs,
        formulas: formulas.len(),
    };
    let data = reader.node(data, &format!("{place}.data"))?;
    Ok(Correction {
        name: name.to_owned(),
        inputs,
        formulas,
        data,
    })
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(40).collect()
}
