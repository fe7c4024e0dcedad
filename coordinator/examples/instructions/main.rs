//! The work whose instructions are counted: `instructions FOLDER` makes its input, and
//! `instructions FOLDER KIND PASSES` does it so many times over.
//!
//! `tests/benches/instructions.py` runs it under callgrind, once with a pass more than before, so that
//! what comes before and after is not counted, and holds the counts against `instructions.toml` beside it.

mod decoding;
mod encoding;
mod expressions;
mod forest_file;
mod input;
mod planning;
mod trees;
mod uniform;

use anyhow::{Context, Result, bail};
use std::path::Path;

/// Work that is ready to be done, once a call.
type Pass = Box<dyn FnMut() -> Result<()>>;

/// Makes work ready, of the input in a folder.
type Kind = fn(&Path) -> Result<Pass>;

/// All kinds of work.
const KINDS: [(&str, Kind); 7] = [
    ("decoding", decoding::ready),
    ("expressions", expressions::ready),
    ("trees", trees::in_batches),
    ("trees_by_row", trees::by_row),
    ("trees_of_a_forest", trees::of_a_forest),
    ("encoding", encoding::ready),
    ("planning", planning::ready),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [folder] => input::write(Path::new(folder)),
        [folder, name, passes] => {
            let kind = KINDS.iter().find(|(known, _)| known == name);
            let (_, ready) = kind.with_context(|| format!("no kind is named {name}"))?;
            let passes: usize = passes.parse().context("passes")?;
            let mut pass = ready(Path::new(folder))?;
            (0..passes).try_for_each(|_| pass())
        }
        _ => bail!("expected FOLDER, or FOLDER KIND PASSES"),
    }
}
