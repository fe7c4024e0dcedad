//! What the cut flow of a marker may say: the counts of a shard of this stage and this range, which
//! agree with each other. A checksum says only that they are what somebody wrote.

use crate::campaign::{CERTIFIED, READ};
use crate::metric::{CutFlow, Step, Unit};
use crate::shard::{Shard, Source};

/// Holds a cut flow against the steps of the stage, the shard and the rows of its table.
pub(super) fn check(
    flow: &CutFlow,
    expected: &[(String, Unit)],
    shard: &Shard,
    rows: u64,
) -> Result<(), String> {
    let steps = flow.steps();
    check_names(steps, expected)?;
    check_input(steps, shard)?;
    // Members of events are beside the flow.
    let steps = steps.iter().filter(|step| step.unit != Unit::Members);
    let steps: Vec<&Step> = steps.collect();
    for pair in steps.windows(2) {
        if let [before, after] = pair
            && after.count > before.count
            && !are_formed(after)
        {
            return Err(format!(
                "its cut flow has {} after \"{}\" of {} before it",
                after.count, after.name, before.count
            ));
        }
    }
    match steps.last().filter(|last| last.count != rows) {
        None => Ok(()),
        Some(last) => Err(format!(
            "its cut flow ends with {} after \"{}\", and its table has {rows} rows",
            last.count, last.name
        )),
    }
}

fn check_names(steps: &[Step], expected: &[(String, Unit)]) -> Result<(), String> {
    let found = steps.iter().map(|step| (&step.name, step.unit));
    if found.eq(expected.iter().map(|(name, unit)| (name, *unit))) {
        return Ok(());
    }
    let named = |name: &str, unit: Unit| format!("{name} [{}]", unit.word());
    let found: Vec<String> = steps.iter().map(|it| named(&it.name, it.unit)).collect();
    let expected: Vec<String> = expected.iter().map(|it| named(&it.0, it.1)).collect();
    Err(format!(
        "its cut flow has the steps {}; its stage has {}",
        found.join(", "),
        expected.join(", ")
    ))
}

/// What the plan knows of the first steps.
fn check_input(steps: &[Step], shard: &Shard) -> Result<(), String> {
    if let Source::Rows(_) | Source::Category(_) = shard.source {
        // How many rows its parent has is said by no plan; a fit has none.
        return Ok(());
    }
    let read = shard.entries.end.saturating_sub(shard.entries.start);
    let planned = [(READ, read), (CERTIFIED, shard.certified_events)];
    for (step, (name, expected)) in steps.iter().zip(planned) {
        if step.count != expected {
            let found = step.count;
            return Err(format!(
                "its cut flow has {found} for \"{name}\", and its shard {expected}"
            ));
        }
    }
    Ok(())
}

/// Whether candidates are formed in a step: of one entry there may be several.
fn are_formed(after: &Step) -> bool {
    let forms = ["each ", "pairs of "];
    after.unit == Unit::Rows && forms.iter().any(|form| after.name.starts_with(form))
}
