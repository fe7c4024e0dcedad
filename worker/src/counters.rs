//! Whether the columns of a collection are counted alike, by what a file says of its branches.

use crate::compiled_stage::CompiledStage;
use crate::layout::Layout;

/// What is to be known of a stage on files of this layout: columns of one collection that it puts
/// together and that different branches count. They may still have as many members as one another
/// in every event, so it is no mistake; an event where they have not fails its shard.
#[must_use]
pub fn different_counters(stage: &CompiledStage, layout: &Layout) -> Vec<String> {
    let counter = |name: &String| layout.counter(name);
    let said = |group: &Vec<String>| {
        let first = group.iter().find(|name| counter(name).is_some())?;
        let other = group.iter().find(|name| counter(name) != counter(first))?;
        let counted = |name: &String| match counter(name) {
            Some(counter) => format!("\"{name}\" is counted by \"{counter}\""),
            None => format!("\"{name}\" has a length of its own"),
        };
        Some(format!(
            "{}, but {}: where they differ in length, the shard fails; they belong together only \
             if both were filtered alike",
            counted(first),
            counted(other)
        ))
    };
    let groups = stage.program().collections().iter().filter_map(said);
    let counted = stage.program().counted().iter();
    let counted = counted.filter_map(|(name, expected)| {
        let by = match counter(name) {
            Some(counter) => format!("is counted by \"{counter}\""),
            // Where all are vectors, it may well have the length that the other says.
            None if !layout.counts_others(expected) => return None,
            None => String::from("has a length of its own"),
        };
        Some(format!(
            "\"{name}\" {by}, and its collection is counted by \"{expected}\": where they differ, the \
             shard fails; they belong together only if both were filtered alike"
        ))
    });
    groups.chain(counted).collect()
}
