//! What an event is called in a message: by run, lumi section and number where the tree has them.

use lumimill_rootfile::Tree;

use crate::input::{EVENT, LUMI, RUN, as_u32, as_u64};

/// `run 278820, lumi 7, event 31 (entry 5)`, or as much of it as the tree says.
pub(crate) fn event_name(tree: &Tree, entry: u64) -> String {
    let known = [("run", RUN), ("lumi", LUMI), ("event", EVENT)]
        .into_iter()
        .filter_map(|(what, branch)| Some(format!("{what} {}", number(tree, branch, entry)?)));
    let known = known.collect::<Vec<_>>().join(", ");
    let place = match tree.directories() {
        None => format!("entry {entry}"),
        Some(_) => {
            let (part, within) = tree.origin(entry);
            format!("entry {entry}, which is entry {within} of {part}")
        }
    };
    match known.is_empty() {
        true => place,
        false => format!("{known} ({place})"),
    }
}

/// The value of a branch of whole numbers, if it can be had.
fn number(tree: &Tree, branch: &str, entry: u64) -> Option<u64> {
    tree.branch(branch)?;
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
