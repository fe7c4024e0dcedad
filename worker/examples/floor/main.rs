//! The floor of a job: the CPU time, in one thread, of that part of it which nobody can leave out. Baskets
//! are unpacked, rows are scored, and the table is encoded; the rest of the job is held against it.
//!
//! `floor FILE.root TREE BRANCH,… TABLES [FEATURE,… MODEL.onnx…]`: the branches are those that the job reads,
//! of which it needs every basket; TABLES is the folder of the Parquet files that it wrote. Nothing is
//! counted but the parts: bytes are read, models loaded and features gathered before.
//! `tests/benches/floor.py` runs it and whole jobs in turns.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod encoding;
mod part;
mod scoring;
mod table;
mod unpacking;

use std::time::Duration;

use crate::part::{Outcome, Part, milliseconds};
use crate::table::Table;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, tree, branches, tables, scored @ ..] = arguments.as_slice() else {
        return Err("expected FILE.root TREE BRANCH,… TABLES [FEATURE,… MODEL.onnx…]".into());
    };
    let tables = Table::all_in(tables.as_ref())?;
    let mut parts = vec![unpacking::part(file, tree, branches)?];
    if let [features, models @ ..] = scored {
        parts.push(scoring::part(&tables, features, models)?);
    }
    parts.push(encoding::part(&tables)?);
    show(&parts);
    Ok(())
}

fn show(parts: &[Part]) {
    let all: Duration = parts.iter().map(|part| part.time).sum();
    for Part { name, time, of } in parts {
        let share = 100.0 * time.as_secs_f64() / all.as_secs_f64();
        println!("{name} {:.1} ms, {share:.0} %: {of}", milliseconds(*time));
    }
    println!("floor {:.1} ms", milliseconds(all));
}
