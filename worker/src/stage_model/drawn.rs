//! The densities that a column is drawn by: read, held against one another, and bound to columns.

use std::sync::Arc;

use lumimill_common::campaign::{self, DrawSource, ModelInputs, ModelSource, NamedInput};
use lumimill_common::suggest;
use lumimill_kde::{Axis, Density};

use crate::drawn::{Drawn, DrawnBy};
use crate::model_files::ModelFiles;
use crate::score::{Wrong, sha256};

/// Densities with what they are given.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) drawn: Arc<Drawn>,
    /// The model of the campaign with an expression for each input.
    pub(super) resolved: campaign::Model,
    /// Paths of the files, each with its SHA-256.
    pub(super) files: Vec<(String, String)>,
}

/// Reads the densities of a model, as far as they are files. All problems are returned together.
pub(super) fn load(
    files: &ModelFiles<'_>,
    spec: &campaign::Model,
    source: &DrawSource,
) -> Result<Bound, Vec<Wrong>> {
    let mut problems = Vec::new();
    let (mut densities, mut hashes) = (Vec::new(), Vec::new());
    for (number, path) in source.files.iter().enumerate() {
        let key = key(source, number);
        let wrong = |message: String| Wrong::at(key, format!("{path}: {message}"));
        let read = files(path).map_err(|error| wrong(format!("cannot be read: {error}")));
        let density = read.and_then(|bytes| {
            hashes.push((path.clone(), sha256(&bytes)));
            Density::parse(&bytes).map_err(|error| wrong(error.to_string()))
        });
        match density {
            Ok(density) => densities.push(density),
            Err(wrong) => problems.push(wrong),
        }
    }
    let names =
        |axes: &[Axis]| -> Vec<String> { axes.iter().map(|axis| axis.name.clone()).collect() };
    let of_files = densities.iter().map(|density| names(density.axes()));
    let of_stages = source.stages.iter().map(|stage| stage.axes.clone());
    let axes: Vec<Vec<String>> = of_files.chain(of_stages).collect();
    let Some((one, (drawn, given))) = axes.first().and_then(|one| Some((one, one.split_first()?)))
    else {
        // Of a stage whose density is wrong, that is told there.
        return Err(problems);
    };
    for (number, other) in axes.iter().enumerate().skip(1) {
        if problems.is_empty() && !other.is_empty() && one != other {
            let message = format!(
                "is a density of {}, and that of data of {}: they must be of the same",
                other.join(", "),
                one.join(", ")
            );
            problems.push(Wrong::at(key(source, number), message));
        }
    }
    let wanted = source
        .is_transform
        .then_some(drawn)
        .into_iter()
        .chain(given);
    let wanted: Vec<&str> = wanted.map(String::as_str).collect();
    problems.extend(unknown_inputs(spec, &wanted));
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut stages = source.stages.iter().map(|stage| stage.name.clone());
    let by = match stages.next() {
        Some(data) => DrawnBy::Stages {
            data,
            simulation: stages.next(),
        },
        None => DrawnBy::Files {
            simulation: source.is_transform.then(|| densities.pop()).flatten(),
            data: densities,
        },
    };
    let resolved = campaign::Model {
        source: ModelSource::Draw(source.clone()),
        inputs: ModelInputs::Named(
            wanted
                .iter()
                .map(|name| NamedInput {
                    name: (*name).to_owned(),
                    columns: vec![expression(spec, name)],
                })
                .collect(),
        ),
        ..spec.clone()
    };
    Ok(Bound {
        drawn: Arc::new(Drawn {
            by,
            given: given.iter().map(|axis| expression(spec, axis)).collect(),
            value: source.is_transform.then(|| expression(spec, drawn)),
            seed: source.seed,
            columns: source.columns.clone(),
        }),
        resolved,
        files: hashes,
    })
}

/// The key that names a file.
fn key(source: &DrawSource, number: usize) -> &'static str {
    match (number, source.is_transform) {
        (0, true) => "data",
        (0, false) => "kde",
        (1, _) if source.has_systematic && source.stages.is_empty() => "systematic",
        _ => "mc",
    }
}

/// What the campaign gives for an axis, or the column of its name.
fn expression(spec: &campaign::Model, axis: &str) -> String {
    let given = match &spec.inputs {
        ModelInputs::Named(inputs) => inputs.iter().find(|input| input.name == axis),
        ModelInputs::Columns(_) => None,
    };
    let given = given.and_then(|input| input.columns.first());
    given.map_or_else(|| axis.to_owned(), Clone::clone)
}

fn unknown_inputs(spec: &campaign::Model, wanted: &[&str]) -> Vec<Wrong> {
    let ModelInputs::Named(inputs) = &spec.inputs else {
        return Vec::new();
    };
    let unknown = inputs
        .iter()
        .filter(|input| !wanted.contains(&input.name.as_str()));
    unknown
        .map(|input| {
            let name = &input.name;
            let near = suggest::nearest(name, wanted.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let message = format!(
                "the density has no input {name}, but {}{near}",
                wanted.join(", ")
            );
            Wrong::at(&format!("inputs.{name}"), message)
        })
        .collect()
}
