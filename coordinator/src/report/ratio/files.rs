//! Tables of efficiencies as CSV, as Parquet, as a file for correctionlib, and as a flat table of
//! weights.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use lumimill_common::metric::EfficiencyBin;
use lumimill_correction::{Axis, Table, Uncertain};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::{Found, Row, Side, all, uncertain};
use crate::report::csv;
use crate::report::metric::efficiency_title;
use crate::report::number::exact;
use crate::report::summary::Report;

/// A column of numbers, by its name.
type Column = (String, Vec<Option<f64>>);

/// The files of all tables.
pub(in crate::report) fn files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for found in all(report) {
        let stem = csv::file_stem(found.table.name.as_str());
        let rows = found.rows();
        let (texts, columns) = columns(&found, &rows);
        files.push((format!("{stem}_table.csv"), as_csv(&texts, &columns)));
        if let Ok(bytes) = as_parquet(&texts, &columns) {
            files.push((format!("{stem}_table.parquet"), bytes));
        }
        files.push((format!("{stem}_table_weights.csv"), weights(&found, &rows)));
        if let Some(text) = corrections(report, &found, &rows) {
            files.push((format!("{stem}_table.json"), text.into_bytes()));
        }
        if found.misid.is_some() {
            files.push((format!("{stem}_table_roc.csv"), roc(&found)));
        }
    }
    files
}

/// The cut and the pre-cut of each row, and all numbers of it.
fn columns(found: &Found<'_>, rows: &[Row<'_>]) -> ([(String, Vec<String>); 2], Vec<Column>) {
    let named = found.named();
    let text = |of: &[String], at: usize| of.get(at).cloned().unwrap_or_default();
    let cut = rows
        .iter()
        .map(|row| text(&named.cuts, row.particle.data.cut));
    let precut = rows
        .iter()
        .map(|row| text(&named.precuts, row.particle.data.precut));
    let texts = [
        ("cut".to_owned(), cut.collect()),
        ("precut".to_owned(), precut.collect()),
    ];
    let mut columns = Vec::new();
    for (number, axis) in named.axes.iter().enumerate() {
        for (end, side) in ["min", "max"].into_iter().enumerate() {
            let edge = |row: &Row<'_>| {
                let edges = row.particle.data.edges.get(number);
                edges.and_then(|edges| edges.get(end)).copied()
            };
            let name = format!("{}_{side}", axis.column);
            columns.push((name, rows.iter().map(edge).collect()));
        }
    }
    let kinds: [(&str, &str, SideOf); 2] = [
        ("efficiency", "ratio", |row| Some(row.particle)),
        ("fake_rate", "fake_ratio", |row| row.misid),
    ];
    for (name, ratio, side) in kinds {
        if side_is_there(rows, side) {
            numbers(&mut columns, (name, ratio), rows, side);
        }
    }
    (texts, columns)
}

/// What a kind of particle has in a sample.
type BinOf = for<'a> fn(Side<'a>) -> Option<&'a EfficiencyBin>;

/// What a row has of one kind of particle.
type SideOf = for<'a> fn(&Row<'a>) -> Option<Side<'a>>;

fn side_is_there(rows: &[Row<'_>], side: SideOf) -> bool {
    rows.iter().any(|row| side(row).is_some())
}

/// The numbers of one kind of particle: in data, and with simulation also there and as ratio.
fn numbers(columns: &mut Vec<Column>, (name, ratio): (&str, &str), rows: &[Row<'_>], side: SideOf) {
    let data = |row: &Row<'_>| side(row).and_then(|side| uncertain(side.data));
    let mc = |row: &Row<'_>| side(row).and_then(|side| uncertain(side.mc?));
    let over = |row: &Row<'_>| side(row).and_then(|side| side.ratio);
    let mut add = |name: String, of: &dyn Fn(&Row<'_>) -> Option<Uncertain>| {
        let values = || rows.iter().map(of);
        let value = values().map(|found| Some(found?.value)).collect();
        let stat = values().map(|found| Some(found?.stat)).collect();
        let syst = values().map(|found| found?.syst).collect();
        columns.push((name.clone(), value));
        columns.push((format!("{name}_stat_err"), stat));
        columns.push((format!("{name}_syst_err"), syst));
    };
    add(format!("{name}_data"), &data);
    if rows
        .iter()
        .any(|row| side(row).is_some_and(|side| side.mc.is_some()))
    {
        add(format!("{name}_mc"), &mc);
        add(ratio.to_owned(), &over);
    }
    let of_bin = |of: fn(&EfficiencyBin) -> f64| -> Vec<Option<f64>> {
        let bins = rows.iter().map(|row| side(row).map(|side| of(side.data)));
        bins.collect()
    };
    columns.push((format!("{name}_data_sumw"), of_bin(|bin| bin.sumw_total)));
    columns.push((format!("{name}_data_rows"), of_bin(|bin| bin.rows as f64)));
}

fn as_csv(texts: &[(String, Vec<String>)], columns: &[Column]) -> Vec<u8> {
    let names = texts.iter().map(|(name, _)| csv::field(name));
    let names: Vec<String> = names
        .chain(columns.iter().map(|(name, _)| csv::field(name)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut table = csv::Table::new(&names);
    let rows = texts.first().map_or(0, |(_, values)| values.len());
    for row in 0..rows {
        for (_, values) in texts {
            table.text(&[values.get(row).map_or("", String::as_str)]);
        }
        for (_, values) in columns {
            table.numbers(&[values.get(row).copied().flatten()]);
        }
        table.end();
    }
    table.bytes()
}

fn as_parquet(
    texts: &[(String, Vec<String>)],
    columns: &[Column],
) -> Result<Vec<u8>, ParquetError> {
    let texts = texts.iter().map(|(name, values)| {
        let values = values.iter().map(String::as_str);
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(values));
        (name.as_str(), array, false)
    });
    let columns = columns.iter().map(|(name, values)| {
        let array: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        (name.as_str(), array, true)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(texts.chain(columns))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(&batch)?;
    writer.into_inner()
}

/// A line for each bin, cut and kind of particle: what its weight is. Without simulation, how often it
/// passes.
fn weights(found: &Found<'_>, rows: &[Row<'_>]) -> Vec<u8> {
    let named = found.named();
    let mut names = ["particle", "cut", "precut"].map(str::to_owned).to_vec();
    for axis in &named.axes {
        let name = csv::field(&axis.column);
        names.extend([format!("{name}_min"), format!("{name}_max")]);
    }
    let value = value_name(found);
    names.extend([
        value.to_owned(),
        format!("{value}_stat_err"),
        format!("{value}_syst_err"),
    ]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut table = csv::Table::new(&names);
    for row in rows {
        let sides = [("particle", Some(row.particle)), ("misid", row.misid)];
        for (kind, side) in sides {
            let Some(side) = side else { continue };
            let text = |of: &[String], at: usize| of.get(at).cloned().unwrap_or_default();
            let bin = row.particle.data;
            let (cut, precut) = (text(&named.cuts, bin.cut), text(&named.precuts, bin.precut));
            table.text(&[kind, &cut, &precut]);
            let edges = bin.edges.iter().flatten();
            table.cells(&edges.map(|edge| exact(*edge)).collect::<Vec<_>>());
            let found = value_of(found, side);
            table.numbers(&[
                found.map(|found| found.value),
                found.map(|found| found.stat),
                found.and_then(|found| found.syst),
            ]);
            table.end();
        }
    }
    table.bytes()
}

fn value_name(found: &Found<'_>) -> &'static str {
    match found.table.mc {
        Some(_) => "ratio",
        None => "efficiency",
    }
}

/// The ratio, or without simulation the efficiency.
fn value_of(found: &Found<'_>, side: Side<'_>) -> Option<Uncertain> {
    match found.table.mc {
        Some(_) => side.ratio,
        None => uncertain(side.data),
    }
}

/// One correction for each cut, pre-cut and kind of particle, with its variations.
fn corrections(report: &Report, found: &Found<'_>, rows: &[Row<'_>]) -> Option<String> {
    let named = found.named();
    let axes = named.axes.iter().map(|axis| Axis {
        name: axis.column.clone(),
        edges: axis.edges.clone(),
    });
    let axes: Vec<Axis> = axes.collect();
    let mut tables = Vec::new();
    let kinds: [(&str, SideOf); 2] = [("", |row| Some(row.particle)), ("misid: ", |row| row.misid)];
    for (kind, side) in kinds {
        for precut in 0..named.precuts.len() {
            for cut in 0..named.cuts.len() {
                let of = rows.iter().filter(|row| {
                    row.particle.data.cut == cut && row.particle.data.precut == precut
                });
                let values = of.map(|row| side(row).map(|side| value_of(found, side)));
                let Some(values) = values.collect::<Option<Vec<Option<Uncertain>>>>() else {
                    continue;
                };
                let title = efficiency_title(named, cut, precut);
                tables.push(Table {
                    name: format!("{kind}{title}"),
                    description: format!(
                        "{} of {}; a bin without rows is an error",
                        value_name(found),
                        said(found)
                    ),
                    axes: axes.clone(),
                    variations: variations(&values),
                });
            }
        }
    }
    let description = format!("campaign {}, table {}", report.campaign, found.table.name);
    Table::file(&tables, &description).ok()
}

/// What is over what.
fn said(found: &Found<'_>) -> String {
    let of = |sample: super::Of<'_>| format!("{} ({})", sample.stage.name, sample.stage.dataset);
    let data = of(found.particle.data);
    match found.particle.mc {
        Some(mc) => format!("{data} to {}", of(mc)),
        None => data,
    }
}

/// A number of a ratio.
type Value = fn(Uncertain) -> Option<f64>;

fn variations(values: &[Option<Uncertain>]) -> Vec<(String, Vec<f64>)> {
    let mut kinds: Vec<(&str, Value)> = vec![
        ("nominal", |found| Some(found.value)),
        ("stat_up", |found| Some(found.value + found.stat)),
        ("stat_down", |found| Some(found.value - found.stat)),
    ];
    if values.iter().flatten().any(|found| found.syst.is_some()) {
        kinds.push(("syst_up", |found| Some(found.value + found.syst?)));
        kinds.push(("syst_down", |found| Some(found.value - found.syst?)));
    }
    let of = |value: Value| {
        let values = values.iter();
        values
            .map(|found| found.and_then(value).unwrap_or(f64::NAN))
            .collect()
    };
    let kinds = kinds.into_iter();
    kinds
        .map(|(name, value)| (name.to_owned(), of(value)))
        .collect()
}

/// Identification against misidentification, of all rows within the edges together: a point a cut.
fn roc(found: &Found<'_>) -> Vec<u8> {
    let named = found.named();
    let names = [
        "dataset",
        "cut",
        "precut",
        "efficiency",
        "efficiency_stat_err",
        "efficiency_syst_err",
        "fake_rate",
        "fake_rate_stat_err",
        "fake_rate_syst_err",
    ];
    let mut table = csv::Table::new(&names);
    let samples: [(&str, BinOf); 2] = [("data", |side| Some(side.data)), ("mc", |side| side.mc)];
    for (sample, bin) in samples {
        for row in found.totals() {
            let Some((particle, misid)) = bin(row.particle).zip(row.misid.and_then(bin)) else {
                continue;
            };
            let text = |of: &[String], at: usize| of.get(at).cloned().unwrap_or_default();
            let cut = text(&named.cuts, particle.cut);
            table.text(&[sample, &cut, &text(&named.precuts, particle.precut)]);
            for bin in [particle, misid] {
                table.numbers(&[bin.efficiency, bin.error, bin.error_syst]);
            }
            table.end();
        }
    }
    table.bytes()
}
