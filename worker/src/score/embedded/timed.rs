//! A call of the engine with an end: between two operators it is asked whether there is time left, which is
//! that of the processor: a process that was stopped loses none.
//! What a single one takes, the bounds on its values bound.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tract_onnx::prelude::{TValue, TVec, TractResult, TypedRunnableModel};
use tract_onnx::tract_core::internal::format_err;
use tract_onnx::tract_core::plan::eval;

use super::guard::ENGINE;
use crate::cpu_time::cpu_time;
use crate::score::time_limit::told;

/// Runs a model on some inputs, for so long at most.
pub(super) fn run_within(
    limit: Duration,
    model: &Arc<TypedRunnableModel>,
    inputs: TVec<TValue>,
) -> TractResult<TVec<TValue>> {
    let (start, cpu) = (Instant::now(), cpu_time());
    let taken = || match (cpu, cpu_time()) {
        (Some(before), Some(now)) => now.saturating_sub(before),
        _ => start.elapsed(),
    };
    let mut state = model.spawn()?;
    state.run_plan_with_eval(inputs, |context, state, node, inputs| {
        // What the system says of a thread is looked at only where it decides.
        match start.elapsed() >= limit && taken() >= limit {
            true => Err(format_err!(told(ENGINE, "a call", limit))),
            false => eval(context, state, node, inputs),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tract_onnx::prelude::{IntoTValue, Tensor, tvec};

    use super::*;
    use crate::score::embedded::plan::Asked;
    use crate::score::signature::BoundInput;

    /// A model with more to do than anybody waits for held its slot for ever.
    #[test]
    fn a_model_that_takes_too_long_is_ended_between_operators() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graph_models/slow.onnx");
        let input = BoundInput::number("x");
        let output = lumimill_common::campaign::ModelOutput {
            column: String::new(),
            output: "mean".to_owned(),
            element: None,
            part: None,
        };
        let asked = Asked::new(&std::fs::read(file).unwrap(), vec![input], &[output]).unwrap();
        let plan = asked.plan(4).unwrap();
        let rows = || tvec![Tensor::zero::<f32>(&[4, 1]).unwrap().into_tvalue()];
        assert!(plan.run(rows()).is_ok());
        let ended = plan.run_within(Duration::ZERO, rows()).unwrap_err();
        let told = format!("{ended:?}");
        assert!(
            told.contains("a call took longer than the 0 seconds"),
            "{told}"
        );
    }
}
