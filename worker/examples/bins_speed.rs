//! Rows scored by the models of nine bins and by one model of the same shape, in turns, one thread:
//! CPU time of the bins divided by that of the one.
//!
//! `cargo run --release -p lumimill-worker --example bins_speed -- MODEL.onnx`: the model takes as
//! many features as it says, of which none is the centrality or the momentum of the bins.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::sync::Arc;
use std::time::Duration;

use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use lumimill_common::campaign::Campaign;
use lumimill_worker::score::Model;
use lumimill_worker::stage_model::{StageModel, score_all};

/// Rows of a batch, as shards are read.
const ROWS: usize = 16_384;
const ROUNDS: usize = 30;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: bins_speed MODEL.onnx")?;
    let bytes = std::fs::read(&path)?;
    let model = Model::from_bytes(&path, &bytes)?;
    let width = model.width().ok_or("the model does not tell its width")?;
    let names: Vec<String> = match model.feature_names() {
        Some(names) => names.to_vec(),
        None => (0..width).map(|at| format!("x{at}")).collect(),
    };
    let rows = rows(&names)?;
    let files = |path: &str| -> Result<Vec<u8>, String> {
        match path.ends_with("json") {
            true => Ok(config(&names).into_bytes()),
            false => Ok(bytes.clone()),
        }
    };
    let one = format!("onnx = \"m.onnx\"\ninputs = {names:?}\nclass = 1");
    let nine = "bdt_config = \"c.json\"\nmodels = \"m\"\nscore_column = 1";
    let one = [loaded(&one, &names, &files)?];
    let nine = [loaded(nine, &names, &files)?];
    let mut spent = [Duration::ZERO; 2];
    for _ in 0..ROUNDS {
        for (models, spent) in [&one, &nine].into_iter().zip(&mut spent) {
            let before = cpu_time().ok_or("no CPU time is told")?;
            score_all(models, &rows).map_err(|failure| failure.message)?;
            *spent += cpu_time().unwrap_or(before).saturating_sub(before);
        }
    }
    let [one, nine] = spent.map(|spent| spent.as_secs_f64());
    let speed = |spent: f64| (ROWS * ROUNDS) as f64 / spent;
    println!("one model  {:>10.0} rows/s", speed(one));
    println!(
        "nine bins  {:>10.0} rows/s, {:.3} of the time",
        speed(nine),
        nine / one
    );
    Ok(())
}

/// A model of a stage that has these columns.
fn loaded(
    model: &str,
    names: &[String],
    files: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<StageModel, Failed> {
    let text = format!(
        "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"d\"\nkind = \"mc\"\nfiles = [\"a\"]\n\
         [[stage]]\nname = \"s\"\n[[stage.model]]\nname = \"m\"\n{model}\n"
    );
    let campaign = Campaign::parse(&text)?;
    let spec = &campaign.stages[0].models[0];
    let is_column =
        |name: &str| names.iter().any(|known| known == name) || name.starts_with("kCent");
    let loaded = StageModel::load(files, spec, &|name| is_column(name) || name == "kPt", None);
    loaded.map_err(|wrong| format!("{wrong:?}").into())
}

/// Three bins of centrality by three of momentum.
fn config(names: &[String]) -> String {
    let files = ["\"m.onnx\""; 9].join(", ");
    let mut text = format!(
        "{{\"c\": {{\"type\": \"Binary\", \"inputFeatures\": {names:?}, \"modelFiles\": [{files}], \
         \"cent\": \"kCentFT0C\""
    );
    for cent in 0..3 {
        text += &format!(
            ", \"AddCentCut-{cent}\": {{\"centMin\": {cent}, \"centMax\": {}",
            cent + 1
        );
        for pt in 0..3 {
            text += &format!(
                ", \"AddPtCut-{pt}\": {{\"pTMin\": {pt}, \"pTMax\": {}, \"AddMLCut-x\": {{\"cut\": \
                 0.5}}}}",
                pt + 1
            );
        }
        text += "}";
    }
    text + "}}"
}

/// Random numbers for the features and the bins, from a linear congruential generator.
fn rows(names: &[String]) -> Result<RecordBatch, Failed> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32
    };
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for name in names {
        let normal = (0..ROWS).map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0);
        let values: Float32Array = normal.map(Some).collect();
        columns.push((name.clone(), Arc::new(values)));
    }
    for name in ["kCentFT0C", "kPt"] {
        if names.iter().all(|known| known != name) {
            let values: Float32Array = (0..ROWS).map(|_| Some(3.0 * uniform())).collect();
            columns.push((name.to_owned(), Arc::new(values)));
        }
    }
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// CPU time of this thread, where Linux tells it.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
