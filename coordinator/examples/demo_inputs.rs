//! Writes the demo's inputs with another seed or size: what the demo's models are trained on.
//!
//! `cargo run --release -p lumimill --example demo_inputs -- FOLDER EVENTS SEED`

use anyhow::{Context, Result};
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, events, seed] = arguments.as_slice() else {
        anyhow::bail!(
            "expected FOLDER EVENTS SEED, found {} arguments",
            arguments.len()
        );
    };
    let events = events
        .parse()
        .with_context(|| format!("events: {events:?}"))?;
    let seed = seed.parse().with_context(|| format!("seed: {seed:?}"))?;
    let made = lumimill::demo::write_inputs(Path::new(folder), events, seed)?;
    let files = made.files.len();
    eprintln!(
        "{} events in {files} files, {} certified",
        made.events, made.certified_events
    );
    Ok(())
}
