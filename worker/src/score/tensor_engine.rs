//! Loads a model on tensors of any size, by whichever engine is to evaluate it.

use std::sync::Arc;

use lumimill_common::campaign::EngineChoice;

use super::engine::{is_runtime, missing, runtime_name};
use super::tensors::{TensorEngine, TensorInput};

/// Loads a model for these inputs and outputs: by what was `planned`, or else by what is asked for
/// and there is.
pub(crate) fn load(
    bytes: &[u8],
    inputs: &[TensorInput],
    outputs: &[String],
    (choice, planned): (EngineChoice, Option<&str>),
) -> Result<Arc<dyn TensorEngine>, String> {
    let is_runtime = match (planned, choice) {
        (Some(planned), _) => match missing(planned) {
            Some(why) => return Err(why),
            None => is_runtime(planned),
        },
        (None, EngineChoice::Runtime) => true,
        (None, EngineChoice::Embedded) => false,
        (None, EngineChoice::Auto | EngineChoice::Trees) => runtime_name()?.is_some(),
    };
    let model = match is_runtime {
        true => runtime(bytes, inputs, outputs)?,
        false => embedded(bytes, inputs, outputs)?,
    };
    match planned {
        Some(planned) if planned != model.name() => {
            let here = model.name();
            Err(format!(
                "{planned} was planned, {here} is loaded: start again"
            ))
        }
        _ => Ok(model),
    }
}

type Loaded = Result<Arc<dyn TensorEngine>, String>;

#[cfg(feature = "runtime")]
fn runtime(bytes: &[u8], inputs: &[TensorInput], outputs: &[String]) -> Loaded {
    Ok(Arc::new(super::runtime::AnySize::load(
        bytes, inputs, outputs,
    )?))
}

#[cfg(not(feature = "runtime"))]
fn runtime(_: &[u8], _: &[TensorInput], _: &[String]) -> Loaded {
    let message = "this program was built without ONNX Runtime: build it with the feature runtime";
    Err(String::from(message))
}

#[cfg(feature = "embedded")]
fn embedded(bytes: &[u8], inputs: &[TensorInput], outputs: &[String]) -> Loaded {
    let model = super::embedded::AnySize::load(bytes, inputs, outputs);
    Ok(Arc::new(model.map_err(|problem| problem.to_string())?))
}

#[cfg(not(feature = "embedded"))]
fn embedded(_: &[u8], _: &[TensorInput], _: &[String]) -> Loaded {
    let message = "this program was built without an engine for graphs: build it with the feature \
                   embedded, or with the feature runtime";
    Err(String::from(message))
}
