//! Models whose inputs may have any size, as those of graphs.

use lumimill_common::campaign::ModelOutput;

use super::session::Asked;
use super::{load_library, sessions};
use crate::score::signature::BoundInput;
use crate::score::tensors::{Tensor, TensorEngine, TensorInput};

/// A model, for calls of any size.
#[derive(Debug)]
pub(crate) struct AnySize {
    asked: Asked,
    engine: String,
    inputs: Vec<TensorInput>,
}

impl AnySize {
    pub(crate) fn load(
        bytes: &[u8],
        inputs: &[TensorInput],
        outputs: &[String],
    ) -> Result<Self, String> {
        let library = load_library()?;
        let bound = inputs.iter().map(|input| BoundInput {
            name: input.name.clone(),
            element: input.element,
            is_flat: false,
            rows: None,
            columns: 0..0,
        });
        let asked = outputs.iter().map(|output| ModelOutput {
            column: String::new(),
            output: output.clone(),
            element: None,
            part: None,
        });
        let asked: Vec<ModelOutput> = asked.collect();
        let asked = Asked::new(bytes, bound.collect(), &asked);
        let asked = asked.map_err(|problem| problem.to_string())?;
        sessions::give_back(&asked, asked.session()?);
        Ok(Self {
            asked,
            engine: library.name(),
            inputs: inputs.to_vec(),
        })
    }
}

impl TensorEngine for AnySize {
    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, String> {
        let needed = self.asked.inputs();
        let given = self.inputs.iter().zip(&inputs);
        let given = given.map(|(input, tensor)| (input.name.as_str(), tensor));
        let given = given.filter(|(name, _)| needed.iter().any(|input| input.name == *name));
        let given: Vec<(&str, &Tensor)> = given.collect();
        let mut session = match sessions::take(&self.asked) {
            Some(session) => session,
            None => self.asked.session()?,
        };
        let outputs = session.run_tensors(&self.asked, &given)?;
        sessions::give_back(&self.asked, session);
        Ok(outputs)
    }

    fn name(&self) -> &str {
        &self.engine
    }
}
