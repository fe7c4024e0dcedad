//! Columns that were added to a file when it had entries already, which those do not have.

use crate::compiled_stage::CompiledStage;
use crate::layout::Layout;

/// What is to be known of a stage on files of this layout: columns that it reads and that entries before
/// some have no values of. They are zero, false or empty there, as ROOT reads them, and not missing.
#[must_use]
pub fn added_late(stage: &CompiledStage, layout: &Layout) -> Vec<String> {
    let names = stage.branches(false);
    let said = |name: &String| {
        let first = layout.added_at(name)?;
        Some(format!(
            "\"{name}\" was added to the file at entry {first}: in the entries before it is zero, false or \
             empty, and not missing"
        ))
    };
    names.iter().filter_map(said).collect()
}
