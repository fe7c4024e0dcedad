//! What an event is called in a message: by run, lumi section and number where the tree has them.

use crate::input::{EVENT, EventTable, LUMI, RUN, as_u32, as_u64};

/// `run 278820, lumi 7, event 31 (entry 5)`, or as much of it as the tree says.
pub(crate) fn event_name(tree: &EventTable, entry: u64) -> String {
    let numbers = [RUN, LUMI, EVENT].map(|branch| number(tree, branch, entry));
    let place = match tree.directories() {
        None => format!("entry {entry}"),
        Some(_) => {
            let (part, within) = tree.origin(entry);
            format!("entry {entry}, which is entry {within} of {part}")
        }
    };
    named(numbers, &place)
}

/// The name of an event by its run, lumi section and number, as far as they are known, and by its
/// place.
pub(crate) fn named(numbers: [Option<u64>; 3], place: &str) -> String {
    let known = ["run", "lumi", "event"].into_iter().zip(numbers);
    let known = known.filter_map(|(what, number)| Some(format!("{what} {}", number?)));
    let known = known.collect::<Vec<_>>().join(", ");
    match known.is_empty() {
        true => place.to_owned(),
        false => format!("{known} ({place})"),
    }
}

/// The value of a branch of whole numbers, if it can be had.
fn number(tree: &EventTable, branch: &str, entry: u64) -> Option<u64> {
    tree.column(branch)?;
    let entries = entry..entry.checked_add(1)?;
    let batch = tree.reader(&[branch]).ok()?.read(entries).ok()?;
    let column = batch.column_by_name(branch)?;
    match branch {
        EVENT => as_u64(branch, column).ok()?.values().first().copied(),
        _ => as_u32(branch, column)
            .ok()?
            .values()
            .first()
            .map(|value| u64::from(*value)),
    }
}
