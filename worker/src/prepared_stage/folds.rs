//! The folds that a stage and its models share.

use lumimill_common::campaign::Stage;

use crate::stage_model::StageModel;

/// How many folds the stage and its models with folds share.
pub(super) fn common_folds(
    of_stage: Option<u8>,
    models: &[StageModel],
) -> Result<Option<u8>, String> {
    let of_models = models.iter().map(StageModel::folds);
    let of_models = of_models.filter(|folds| *folds > 1);
    let mut counts = of_stage.map(usize::from).into_iter().chain(of_models);
    let Some(first) = counts.next() else {
        return Ok(None);
    };
    if let Some(other) = counts.find(|other| *other != first) {
        let one = if of_stage.is_some() {
            "the stage"
        } else {
            "one"
        };
        return Err(format!(
            "a stage and its models share one fold column: {one} has {first} folds, another {other}"
        ));
    }
    u8::try_from(first)
        .map(Some)
        .map_err(|_| format!("expected at most 255 folds, found {first}"))
}

/// The key of a stage that its folds come from.
pub(super) fn of_folds(stage: &Stage) -> &'static str {
    match stage.folds {
        Some(_) => "folds",
        None => "model",
    }
}
