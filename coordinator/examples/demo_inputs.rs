//! Writes the demo's inputs with another seed or size: what the demo's models are trained on.
//!
//! `cargo run --release -p lumimill --example demo_inputs -- FOLDER EVENTS SEED [pid|dielectron|dstar|pioneer]`

use anyhow::{Context, Result};
use lumimill::demo::{DemoInputs, dielectron, dstar, pid, pioneer, write_inputs};
use std::path::Path;

type Write = fn(&Path, u64, u64) -> Result<DemoInputs>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, events, seed, write): (_, _, _, Write) = match arguments.as_slice() {
        [folder, events, seed] => (folder, events, seed, write_inputs),
        [folder, events, seed, name] if name == "pid" => (folder, events, seed, pid::write_inputs),
        [folder, events, seed, name] if name == "dielectron" => {
            (folder, events, seed, dielectron::write_inputs)
        }
        [folder, events, seed, name] if name == "dstar" => {
            (folder, events, seed, dstar::write_inputs)
        }
        [folder, events, seed, name] if name == "pioneer" => {
            (folder, events, seed, pioneer::write_inputs)
        }
        _ => anyhow::bail!(
            "expected FOLDER EVENTS SEED [pid|dielectron|dstar|pioneer], found {} arguments",
            arguments.len()
        ),
    };
    let events = events
        .parse()
        .with_context(|| format!("events: {events:?}"))?;
    let seed = seed.parse().with_context(|| format!("seed: {seed:?}"))?;
    let made = write(Path::new(folder), events, seed)?;
    let files = made.files.len();
    eprintln!(
        "{} events in {files} files, {} certified",
        made.events, made.certified_events
    );
    Ok(())
}
