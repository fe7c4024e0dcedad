//! `lumimill model`: what is in a model file, what evaluates it here, and how fast.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lumimill_common::campaign::EngineChoice;
use lumimill_worker::score::{Description, Speed};
use serde_json::json;

use super::say::{say, tell};
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::model_file;

#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// The model file (ONNX).
    file: PathBuf,
    /// Say how many rows it scores in a second, on one thread, given some at a time; not of models
    /// of graphs.
    #[arg(long)]
    bench: bool,
    /// What is to evaluate it.
    #[arg(long, value_enum, default_value_t = Engine::Auto)]
    engine: Engine,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What may be asked for, as in a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Auto,
    Trees,
    Runtime,
    Embedded,
}

impl Engine {
    fn choice(self) -> EngineChoice {
        match self {
            Self::Auto => EngineChoice::Auto,
            Self::Trees => EngineChoice::Trees,
            Self::Runtime => EngineChoice::Runtime,
            Self::Embedded => EngineChoice::Embedded,
        }
    }
}

pub(super) fn model(args: &ModelArgs) -> anyhow::Result<Exit> {
    let name = args.file.display().to_string();
    let mistake = |message: String| Mistakes::new(&name, vec![message]);
    let bytes = model_file::of_file(&args.file).map_err(mistake)?;
    let described = Description::of(&name, &bytes, args.engine.choice());
    let described = described.map_err(|error| mistake(error.problem().to_string()))?;
    let speed = match args.bench && described.engine.is_some() {
        true => described.speed(),
        false => Ok(Vec::new()),
    };
    let (speed, unmeasured) = match speed {
        Ok(speed) => (speed, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    match args.json {
        true => {
            let mut json = serde_json::to_value(&described)?;
            json["file"] = json!(name);
            if !speed.is_empty() {
                json["speed"] = json!(speed);
            }
            say(format_args!("{}", serde_json::to_string_pretty(&json)?));
        }
        false => print(&name, &described, &speed),
    }
    if let Some(why) = unmeasured {
        tell(format_args!("error: --bench gives a model rows: {why}"));
        return Ok(Exit::Usage);
    }
    if described.engine.is_some() {
        return Ok(Exit::Done);
    }
    tell(format_args!(
        "error: nothing evaluates it: {}",
        described.why
    ));
    Ok(Exit::Usage)
}

fn print(name: &str, described: &Description, speed: &[Speed]) {
    let Description {
        sha256,
        bytes,
        producer,
        inputs,
        outputs,
        operators,
        metadata,
        engine,
        why,
        notes,
        ..
    } = described;
    say(format_args!("{name}: {bytes} bytes, SHA-256 {sha256}"));
    if !producer.is_empty() {
        say(format_args!("written by {producer}"));
    }
    for (what, values) in [("input", inputs), ("output", outputs)] {
        for value in values {
            say(format_args!("{what}  {}", value.told));
        }
    }
    let operators = operators.iter().map(|(name, count)| match count {
        1 => name.clone(),
        count => format!("{count} {name}"),
    });
    let operators = operators.collect::<Vec<_>>().join(", ");
    say(format_args!("operators  {operators}"));
    for (key, value) in metadata {
        let short: String = value.chars().take(200).collect();
        say(format_args!("metadata  {key} = {short}"));
    }
    if let Some(engine) = engine {
        say(format_args!("engine  {engine}: {why}"));
    }
    for note in notes {
        say(format_args!("note  {note}"));
    }
    for Speed {
        rows,
        rows_per_second,
        gathering,
    } in speed
    {
        say(format_args!(
            "speed  {rows_per_second:>10.0} rows/s, {rows} at a time, {:.1} % of it gathering columns",
            gathering * 100.0
        ));
    }
}
