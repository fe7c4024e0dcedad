//! What evaluates a model: decided by its file, and by what a campaign asks for.

use std::sync::Arc;

use lumimill_common::campaign::{self, EngineChoice, ModelInputs};

use super::error::ModelError;
use super::evaluator::Evaluator;
use super::model::{Model, sha256};
use super::native::NativeTrees;
use super::onnx::{self, Graph};
use super::signature::{self, Wrong};

/// Loads a file of a campaign's model; `name` is what errors call it by.
///
/// # Errors
/// Everything that is wrong with the file, or with what the campaign gives to it and asks of it.
pub fn load(
    name: &str,
    bytes: &[u8],
    spec: &campaign::Model,
) -> Result<Arc<dyn Evaluator>, Vec<Wrong>> {
    let whole = |error: ModelError| vec![Wrong::new("", error.to_string())];
    let graph = onnx::parse(bytes).map_err(|problem| whole(ModelError::new(name, problem)))?;
    let in_file = |wrong: Vec<Wrong>| in_model(name, wrong);
    let wrong = signature::check_outputs(&graph, &spec.outputs);
    if !wrong.is_empty() {
        return Err(in_file(wrong));
    }
    let file = (name, sha256(bytes), bytes);
    if spec.engine == EngineChoice::Runtime {
        return embedded(file, &graph, spec).map_err(in_file);
    }
    let model = match Model::of_graph(name, &graph, file.1.clone()) {
        Ok(model) => model,
        Err(error) if error.needs_runtime() && spec.engine == EngineChoice::Auto => {
            return embedded(file, &graph, spec).map_err(in_file);
        }
        Err(error) => return Err(whole(error)),
    };
    match classes(&model, spec) {
        Ok(classes) => native(model, &graph, spec, classes).map_err(in_file),
        // Another output than that of the scores, such as the labels.
        Err(_) if spec.engine == EngineChoice::Auto => {
            embedded(file, &graph, spec).map_err(in_file)
        }
        Err(wrong) => Err(in_file(vec![wrong])),
    }
}

/// The same mistakes, with the file where the message does not name it.
fn in_model(name: &str, wrong: Vec<Wrong>) -> Vec<Wrong> {
    let named = |wrong: Wrong| match wrong.message.contains(name) {
        true => wrong,
        false => Wrong::new(wrong.key, format!("model {name}: {}", wrong.message)),
    };
    wrong.into_iter().map(named).collect()
}

/// Which classes of a tree ensemble's scores a campaign asks for.
fn classes(model: &Model, spec: &campaign::Model) -> Result<Vec<usize>, Wrong> {
    let found = model.classes();
    if spec.outputs.is_empty() {
        return match spec.class {
            Some(class) if class >= found => Err(Wrong::new(
                "class",
                format!("{class}: the model has {found} output columns, numbered from 0"),
            )),
            class => Ok(vec![class.unwrap_or(found.saturating_sub(1))]),
        };
    }
    let class = |output: &campaign::ModelOutput| {
        let key = format!("outputs.{}", output.column);
        if output.output != model.output() {
            let message = format!(
                "trees are evaluated to their scores, output {:?}, found {:?}",
                model.output(),
                output.output
            );
            return Err(Wrong::new(key, message));
        }
        match signature::wrong_element(&output.output, found, false, output.element) {
            Some(message) => Err(Wrong::new(key, message)),
            None => Ok(output.element.unwrap_or_default()),
        }
    };
    spec.outputs.iter().map(class).collect()
}

fn native(
    model: Model,
    graph: &Graph,
    spec: &campaign::Model,
    classes: Vec<usize>,
) -> Result<Arc<dyn Evaluator>, Vec<Wrong>> {
    let wrong = |error: ModelError| vec![Wrong::new("inputs", error.to_string())];
    let columns = spec.inputs.columns();
    let columns = match &spec.inputs {
        ModelInputs::Columns(_) => {
            model.check_inputs(&columns).map_err(wrong)?;
            columns
        }
        ModelInputs::Named(_) => {
            let inputs = signature::bind_inputs(graph, &spec.inputs)?;
            let of = |input: &signature::BoundInput| columns.get(input.columns.clone());
            let columns: Vec<String> = inputs.iter().filter_map(of).flatten().cloned().collect();
            model
                .check_width(columns.len(), || columns.join(", "))
                .map_err(wrong)?;
            columns
        }
    };
    match NativeTrees::new(model, columns, classes) {
        Ok(trees) => Ok(Arc::new(trees)),
        Err(error) => Err(vec![Wrong::new("", error.to_string())]),
    }
}

#[cfg(feature = "embedded")]
fn embedded(
    file: (&str, String, &[u8]),
    graph: &Graph,
    spec: &campaign::Model,
) -> Result<Arc<dyn Evaluator>, Vec<Wrong>> {
    use super::embedded::Embedded;

    let inputs = signature::bind_inputs(graph, &spec.inputs)?;
    let columns = spec.inputs.columns();
    let outputs = match spec.outputs.is_empty() {
        true => vec![signature::score(graph, spec)?],
        false => spec.outputs.clone(),
    };
    Ok(Arc::new(Embedded::load(file, columns, inputs, &outputs)?))
}

#[cfg(not(feature = "embedded"))]
fn embedded(
    _: (&str, String, &[u8]),
    _: &Graph,
    _: &campaign::Model,
) -> Result<Arc<dyn Evaluator>, Vec<Wrong>> {
    let message = "it is no tree ensemble, and this program was built without an engine for other \
                   graphs: build it with the feature embedded";
    Err(vec![Wrong::new("", message)])
}
