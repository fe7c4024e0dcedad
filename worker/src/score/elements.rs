//! Some values of a model's last output, by their numbers: what a BDT configuration asks for.

use std::sync::Arc;

use arrow_schema::DataType;
use lumimill_common::campaign::{self, EngineChoice, ModelOutput, ModelSource};

use super::engine;
use super::error::{ModelError, Problem};
use super::evaluator::Evaluator;
use super::metadata;
use super::model::{Model, sha256};
use super::native::NativeTrees;
use super::onnx::{self, Graph};
use super::signature::Wrong;

/// A model, and how many values its last output has for each row, where it says so.
#[derive(Debug, Clone)]
pub struct Elements {
    /// What scores rows.
    pub evaluator: Arc<dyn Evaluator>,
    /// Values a row.
    pub width: Option<usize>,
}

/// Loads a model that reads the inputs of `spec`, whose features are called `features` where its
/// metadata names them, and gives these elements of its last output. What evaluates it is what was
/// `planned`, or else is decided here (see [`load`](super::load)).
///
/// # Errors
/// Everything that is wrong with the file, or with what is given to it and asked of it.
pub(crate) fn load_elements(
    name: &str,
    bytes: &[u8],
    spec: &campaign::Model,
    (features, elements): (&[String], &[usize]),
    planned: Option<&str>,
) -> Result<Elements, Vec<Wrong>> {
    let whole = |error: ModelError| vec![Wrong::here(error.to_string())];
    let in_model = |problem| whole(ModelError::new(name, problem));
    let graph = onnx::parse(bytes).map_err(in_model)?;
    let file = File {
        name,
        bytes,
        graph,
        planned,
    };
    let is_tree = match planned {
        Some(planned) => planned.is_empty(),
        None => matches!(spec.engine, EngineChoice::Auto | EngineChoice::Trees),
    };
    if !is_tree {
        return of_graph(&file, spec, features, elements);
    }
    match Model::of_graph(name, &file.graph, sha256(bytes)) {
        Ok(model) => {
            model.check_inputs(features).map_err(whole)?;
            let width = Some(model.classes());
            let columns = spec.inputs.columns();
            let trees = NativeTrees::new(model, columns, elements.to_vec()).map_err(whole)?;
            let evaluator = Arc::new(trees);
            Ok(Elements { evaluator, width })
        }
        Err(error) if error.needs_runtime() && spec.engine == EngineChoice::Auto => {
            of_graph(&file, spec, features, elements)
        }
        Err(error) => Err(whole(error)),
    }
}

/// What was read of a model.
struct File<'a> {
    name: &'a str,
    bytes: &'a [u8],
    graph: Graph,
    planned: Option<&'a str>,
}

/// The same of a model that is no tree ensemble.
fn of_graph(
    file: &File<'_>,
    spec: &campaign::Model,
    features: &[String],
    elements: &[usize],
) -> Result<Elements, Vec<Wrong>> {
    let File {
        name,
        bytes,
        graph,
        planned,
    } = file;
    let whole = |problem| vec![Wrong::here(ModelError::new(name, problem).to_string())];
    if let Some(names) = metadata::feature_names(&graph.metadata)
        && names != features
    {
        let position = names
            .iter()
            .zip(features)
            .position(|(one, other)| one != other);
        let position = position.unwrap_or(names.len().min(features.len()));
        let named = |list: &[String]| list.get(position).cloned().unwrap_or_default();
        return Err(whole(Problem::Names {
            position,
            expected: named(&names),
            found: named(features),
            order: names.join(", "),
        }));
    }
    let Some(last) = graph.outputs.last() else {
        return Err(whole(Problem::invalid("it has no output")));
    };
    let shape = last.shape.as_deref();
    let width = match shape {
        Some([_]) => Some(1),
        Some([_, Some(width)]) => usize::try_from(*width).ok(),
        _ => None,
    };
    let output = |element: &usize| ModelOutput {
        column: format!("score {element}"),
        output: last.name.clone(),
        element: (!matches!(shape, Some([_]))).then_some(*element),
        part: None,
    };
    let spec = campaign::Model {
        source: ModelSource::Onnx((*name).to_owned()),
        outputs: elements.iter().map(output).collect(),
        class: None,
        ..spec.clone()
    };
    let evaluator = engine::load(name, bytes, &spec, *planned)?;
    let outputs = evaluator.outputs();
    match outputs.iter().find(|output| **output != DataType::Float32) {
        None => Ok(Elements { evaluator, width }),
        Some(other) => {
            let message = format!("model {name}: its scores are {other}, expected Float32");
            Err(vec![Wrong::here(message)])
        }
    }
}
