//! The tables, encoded again by the writer of the job.

use std::path::Path;
use std::time::Duration;

use lumimill_worker::parquet_output::{Finished, ParquetOutput};

use crate::part::{Outcome, Part, median, timed};
use crate::table::Table;

/// By how much of its size a table may differ from the one that the job wrote: its pages end elsewhere.
const TOLERANCE: f64 = 0.01;

pub(crate) fn part(tables: &[Table]) -> Outcome<Part> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("table.parquet");
    let mut bytes = 0;
    let time = median(|| {
        let mut all = Duration::ZERO;
        bytes = 0;
        for table in tables {
            let (written, time) = timed(|| encode(&path, table))?;
            check(written.bytes, table.size)?;
            std::fs::remove_file(&path)?;
            bytes += written.bytes;
            all += time;
        }
        Ok(all)
    })?;
    let original: u64 = tables.iter().map(|table| table.size).sum();
    Ok(Part {
        name: "encoding",
        time,
        of: format!(
            "{} tables, {bytes} bytes, of the job {original}",
            tables.len()
        ),
    })
}

fn encode(path: &Path, table: &Table) -> Outcome<Finished> {
    let facts = table.facts.clone();
    let mut output = ParquetOutput::create(path, &table.schema, facts).map_err(|it| it.message)?;
    for batch in &table.batches {
        output.write(batch).map_err(|it| it.message)?;
    }
    Ok(output.finish().map_err(|it| it.message)?)
}

/// That it is the same table.
fn check(written: u64, original: u64) -> Outcome<()> {
    let (written, original) = (written as f64, original as f64);
    match (written - original).abs() <= TOLERANCE * original {
        true => Ok(()),
        false => Err(format!("{written} bytes are written where the job wrote {original}").into()),
    }
}
