//! The rows of the tables, scored by tree ensembles in the size of batches that is fastest.

use std::time::Duration;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_select::concat::concat;
use lumimill_worker::score::{Features, Model};

use crate::part::{Outcome, Part, median, milliseconds, timed};
use crate::table::Table;

/// Rows of a batch, of which the fastest counts.
const SIZES: [usize; 3] = [512, 4_096, 32_768];

pub(crate) fn part(tables: &[Table], features: &str, models: &[String]) -> Outcome<Part> {
    let models = models
        .iter()
        .map(|path| Ok(Model::from_bytes(path, &std::fs::read(path)?)?))
        .collect::<Outcome<Vec<Model>>>()?;
    let columns = features.split(',').map(|name| column(tables, name));
    let columns = columns.collect::<Outcome<Vec<ArrayRef>>>()?;
    let rows = columns.first().map_or(0, |column| column.len());
    let times = SIZES.map(|size| time(&models, &columns, rows, size));
    let times = times.into_iter().collect::<Outcome<Vec<_>>>()?;
    let &(time, size) = times.iter().min().ok_or("no size of batches")?;
    let slower = times.iter().filter(|&&(_, other)| other != size);
    let slower = slower.map(|(time, size)| format!("; {:.1} ms in {size}", milliseconds(*time)));
    let models = models.len();
    let fastest = format!("{rows} rows by {models} models, in batches of {size}");
    Ok(Part {
        name: "scoring",
        time,
        of: slower.fold(fastest, |text, other| text + &other),
    })
}

/// How long scoring takes in batches of this size, and the size.
fn time(
    models: &[Model],
    columns: &[ArrayRef],
    rows: usize,
    size: usize,
) -> Outcome<(Duration, usize)> {
    let batches = batches(columns, rows, size)?;
    let time = median(|| Ok(timed(|| score(models, &batches))?.1))?;
    Ok((time, size))
}

/// A column of all tables.
fn column(tables: &[Table], name: &str) -> Outcome<ArrayRef> {
    let batches = tables.iter().flat_map(|table| &table.batches);
    let of_batch = |batch: &RecordBatch| batch.column_by_name(name).cloned();
    let arrays: Option<Vec<ArrayRef>> = batches.map(of_batch).collect();
    let arrays = arrays.ok_or_else(|| format!("the tables have no column {name:?}"))?;
    let arrays: Vec<&dyn arrow_array::Array> = arrays.iter().map(AsRef::as_ref).collect();
    Ok(concat(&arrays)?)
}

fn batches(columns: &[ArrayRef], rows: usize, size: usize) -> Outcome<Vec<Features>> {
    let batches = (0..rows).step_by(size).map(|first| {
        let part = |column: &ArrayRef| column.slice(first, size.min(rows - first));
        let columns: Vec<ArrayRef> = columns.iter().map(part).collect();
        Ok(Features::gather(&columns)?)
    });
    batches.collect()
}

fn score(models: &[Model], batches: &[Features]) -> Outcome<()> {
    let mut scores = Vec::new();
    for batch in batches {
        for model in models {
            model.score(batch, model.classes() - 1, &mut scores)?;
            std::hint::black_box(&scores);
        }
    }
    Ok(())
}
