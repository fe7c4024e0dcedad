//! What evaluates a model: decided by its file, and by what a campaign asks for.

use std::sync::Arc;

use lumimill_common::campaign::{self, EngineChoice, ModelInputs};

use super::error::ModelError;
use super::evaluator::Evaluator;
use super::model::{Model, sha256};
use super::native::NativeTrees;
use super::onnx::{self, Graph};
use super::signature::{self, Wrong};
use crate::runtime_library::{self, INSTALL};

/// What the embedded engine says of what it does not know.
const CANNOT: &str = "the embedded engine cannot evaluate it";

/// What evaluates a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Trees,
    Runtime,
    Embedded,
}

/// A file of a model, what was read of it, and what a campaign wants of it.
struct Wanted<'a> {
    name: &'a str,
    sha256: String,
    bytes: &'a [u8],
    graph: Graph,
    spec: &'a campaign::Model,
}

type Loaded = Result<Arc<dyn Evaluator>, Vec<Wrong>>;

/// Loads a file of a campaign's model; `name` is what errors call it by. What evaluates it is what
/// was `planned`, as [`Evaluator::engine`] said it (nothing is trees), or else is decided here.
///
/// # Errors
/// Everything that is wrong with the file, or with what the campaign gives to it and asks of it.
pub fn load(name: &str, bytes: &[u8], spec: &campaign::Model, planned: Option<&str>) -> Loaded {
    let whole = |error: ModelError| vec![Wrong::new("", error.to_string())];
    let graph = onnx::parse(bytes).map_err(|problem| whole(ModelError::new(name, problem)))?;
    let in_file = |wrong: Vec<Wrong>| in_model(name, wrong);
    let wrong = signature::check_outputs(&graph, &spec.outputs);
    if !wrong.is_empty() {
        return Err(in_file(wrong));
    }
    let wanted = Wanted {
        name,
        sha256: sha256(bytes),
        bytes,
        graph,
        spec,
    };
    let loaded = match planned {
        Some(planned) => {
            missing(planned).map_or(Ok(()), |why| Err(vec![Wrong::new("engine", why)]))?;
            let loaded = wanted.load(engine_of(planned));
            loaded.and_then(|model| match model.engine().unwrap_or_default() {
                here if here == planned => Ok(model),
                here => {
                    let message = format!("{planned} was planned, {here} is loaded: start again");
                    Err(vec![Wrong::new("engine", message)])
                }
            })
        }
        None => wanted.choose(),
    };
    loaded.map_err(in_file)
}

/// Why what was planned to evaluate a model is not here; `None` when it is.
#[must_use]
pub fn missing(planned: &str) -> Option<String> {
    let of_plan = match engine_of(planned) {
        Engine::Trees => return None,
        Engine::Embedded => {
            return match embedded_name() {
                Some(here) if here == planned => None,
                here => Some(format!(
                    "the plan has its models evaluated by {planned}, this program has {}",
                    here.unwrap_or("no embedded engine")
                )),
            };
        }
        Engine::Runtime => "the plan has its models evaluated by",
    };
    match runtime_name() {
        Ok(Some(here)) if here == planned => None,
        Ok(Some(here)) => Some(format!("{of_plan} {planned}, found {here} here")),
        Ok(None) => Some(format!("{of_plan} {planned}, found none here: {INSTALL}")),
        Err(why) => Some(format!("{of_plan} {planned}, here {why}")),
    }
}

/// Whether ONNX Runtime was planned.
pub(super) fn is_runtime(planned: &str) -> bool {
    engine_of(planned) == Engine::Runtime
}

fn engine_of(planned: &str) -> Engine {
    match planned {
        "" => Engine::Trees,
        name if name.starts_with(runtime_library::NAME) => Engine::Runtime,
        _ => Engine::Embedded,
    }
}

impl Wanted<'_> {
    /// As the campaign asks for it, and as it can be done here.
    fn choose(&self) -> Loaded {
        let or_other = |error: Vec<Wrong>| match self.spec.engine {
            EngineChoice::Auto => self.any(),
            _ => Err(error),
        };
        match self.spec.engine {
            EngineChoice::Runtime => return self.load(Engine::Runtime),
            EngineChoice::Embedded => return self.load(Engine::Embedded),
            EngineChoice::Auto | EngineChoice::Trees => {}
        }
        let model = match Model::of_graph(self.name, &self.graph, self.sha256.clone()) {
            Ok(model) => model,
            Err(error) => {
                let wrong = vec![Wrong::new("", error.to_string())];
                return match error.needs_runtime() {
                    true => or_other(wrong),
                    false => Err(wrong),
                };
            }
        };
        match classes(&model, self.spec) {
            Ok(classes) => native(model, &self.graph, self.spec, classes),
            Err(wrong) => match self
                .spec
                .outputs
                .iter()
                .all(|it| it.output == model.output())
            {
                true => Err(vec![wrong]),
                // Another output than that of the scores, such as the labels.
                false => or_other(vec![wrong]),
            },
        }
    }

    /// By an engine for any graph: ONNX Runtime where there is one, else the embedded one.
    fn any(&self) -> Loaded {
        match runtime_name() {
            Ok(Some(_)) => return self.load(Engine::Runtime),
            Ok(None) => {}
            Err(why) => return Err(vec![Wrong::new("", why)]),
        }
        let with_advice = |mut wrong: Vec<Wrong>| {
            for wrong in wrong
                .iter_mut()
                .filter(|wrong| wrong.message.contains(CANNOT))
            {
                wrong.message += &format!("; ONNX Runtime may: {INSTALL}");
            }
            wrong
        };
        self.load(Engine::Embedded).map_err(with_advice)
    }

    fn load(&self, engine: Engine) -> Loaded {
        match engine {
            Engine::Trees => {
                let whole = |error: ModelError| vec![Wrong::new("", error.to_string())];
                let model = Model::of_graph(self.name, &self.graph, self.sha256.clone());
                let model = model.map_err(whole)?;
                let classes = classes(&model, self.spec).map_err(|wrong| vec![wrong])?;
                native(model, &self.graph, self.spec, classes)
            }
            Engine::Runtime => runtime(self),
            Engine::Embedded => embedded(self),
        }
    }

    fn file(&self) -> (&str, String, &[u8]) {
        (self.name, self.sha256.clone(), self.bytes)
    }

    /// The inputs as they are bound to columns, and the outputs that are asked for.
    #[cfg(any(feature = "embedded", feature = "runtime"))]
    fn bound(&self) -> Result<(Vec<signature::BoundInput>, signature::Outputs), Vec<Wrong>> {
        let inputs = signature::bind_inputs(&self.graph, &self.spec.inputs)?;
        let outputs = match self.spec.outputs.is_empty() {
            true => signature::Outputs::Score(signature::score(&self.graph, self.spec)?),
            false => signature::Outputs::Named(self.spec.outputs.clone()),
        };
        Ok((inputs, outputs))
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
        return Ok(vec![signature::score_element(found, spec.class)?]);
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
fn embedded(wanted: &Wanted<'_>) -> Loaded {
    let (inputs, outputs) = wanted.bound()?;
    let columns = wanted.spec.inputs.columns();
    let model = super::embedded::Embedded::load(wanted.file(), columns, inputs, &outputs)?;
    Ok(Arc::new(model))
}

#[cfg(not(feature = "embedded"))]
fn embedded(wanted: &Wanted<'_>) -> Loaded {
    let _ = wanted.file();
    let message = "it is no tree ensemble, and this program was built without an engine for other \
                   graphs: build it with the feature embedded, or with the feature runtime";
    Err(vec![Wrong::new("", message)])
}

#[cfg(feature = "runtime")]
fn runtime(wanted: &Wanted<'_>) -> Loaded {
    let (inputs, outputs) = wanted.bound()?;
    let columns = wanted.spec.inputs.columns();
    let model = super::runtime::Runtime::load(wanted.file(), columns, inputs, &outputs)?;
    Ok(Arc::new(model))
}

#[cfg(not(feature = "runtime"))]
fn runtime(wanted: &Wanted<'_>) -> Loaded {
    let _ = wanted.file();
    let message = "this program was built without ONNX Runtime: build it with the feature runtime";
    Err(vec![Wrong::new("engine", message)])
}

/// The embedded engine, as plans name it.
#[must_use]
pub fn embedded_name() -> Option<&'static str> {
    #[cfg(feature = "embedded")]
    return Some(super::embedded::ENGINE);
    #[cfg(not(feature = "embedded"))]
    None
}

/// ONNX Runtime as it is found here, as plans name it.
pub(super) fn runtime_name() -> Result<Option<String>, String> {
    #[cfg(feature = "runtime")]
    return super::runtime::name();
    #[cfg(not(feature = "runtime"))]
    Ok(None)
}

/// The library of ONNX Runtime, loaded; `None` when there is none.
///
/// # Errors
/// When the one that is there cannot be used.
pub fn runtime_here() -> Result<Option<runtime_library::Library>, String> {
    if runtime_name()?.is_none() {
        return Ok(None);
    }
    #[cfg(feature = "runtime")]
    return super::runtime::load_library().map(|library| Some(library.clone()));
    #[cfg(not(feature = "runtime"))]
    Ok(None)
}

/// Has models that ONNX Runtime evaluates use no more than so many bytes together, in this process, if
/// it is said before the library is loaded; without that, three quarters of what the machine has.
pub fn keep_runtime_within(bytes: u64) {
    #[cfg(feature = "runtime")]
    super::runtime::keep_within(bytes);
    #[cfg(not(feature = "runtime"))]
    let _ = bytes;
}

/// Gives back memory that models no longer use, where none was used for a while.
pub(crate) fn give_back_memory() {
    #[cfg(feature = "runtime")]
    super::runtime::give_back();
}

/// A file for ONNX Runtime, of all of its outputs.
#[cfg(feature = "runtime")]
pub struct Rewritten {
    /// What was understood of it.
    pub plain: Vec<u8>,
    /// The same with guards before what may end the process: this is what ONNX Runtime is given.
    pub guarded: Vec<u8>,
}

/// What ONNX Runtime would be given of a file.
///
/// # Errors
/// When the file is not understood, or not given away.
#[cfg(feature = "runtime")]
pub fn rewritten(bytes: &[u8]) -> Result<Rewritten, super::error::Problem> {
    let graph = onnx::parse(bytes)?;
    let outputs = graph.outputs.iter().map(|port| port.name.as_str());
    let excerpt = onnx::excerpt(bytes, &outputs.collect::<Vec<_>>())?;
    onnx::out_of_bounds(&excerpt, super::error::Problem::not_runtime)?;
    Ok(Rewritten {
        plain: onnx::with_free_rows(&excerpt.bytes)?,
        guarded: onnx::with_free_rows(&onnx::with_guards(&excerpt)?)?,
    })
}
