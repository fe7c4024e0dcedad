//! Pairs of a real file against a table made with uproot (`fixtures/nano_dimuon_pairs.py`).

use std::path::PathBuf;

use arrow_schema::{Field, Schema};
use lumimill_rootfile::RootFile;

use super::*;

#[derive(serde::Deserialize)]
struct Pair {
    entry: u32,
    candidate: u32,
    event: u64,
    met: f64,
    charge: i64,
    m: f64,
    pt: f64,
    eta: f64,
    #[serde(rename = "dR")]
    dr: f64,
    iso: f64,
}

fn shared() -> PathBuf {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    std::env::var_os("LUMIMILL_SHARED").map_or_else(beside, PathBuf::from)
}

#[test]
fn pairs_of_a_real_file_are_those_of_uproot() {
    let path = shared().join("data/nanoaod/nano_dimuon.root");
    if !path.exists() {
        eprintln!("SKIPPED: {} not found", path.display());
        return;
    }
    let expected: Vec<Pair> =
        serde_json::from_str(include_str!("../../../fixtures/nano_dimuon_pairs.json")).unwrap();
    let tree = RootFile::open(&path).unwrap().tree("Events").unwrap();
    let fields = tree.branches().iter().filter_map(|branch| {
        Some(Field::new(
            branch.name(),
            branch.data_type().ok()?.clone(),
            false,
        ))
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let program = compile(
        "rows = { pairs = \"Muon\", charge = \"any\" }\nkeep = [\"event\", \"MET_pt\"]\n[stage.columns]\n\
         m = { value = \"mass(pair)\", type = \"f64\" }\npt = \"pt(pair)\"\neta = \"eta(pair)\"\n\
         dR = \"deltaR(first, second)\"\niso = \"first.pfRelIso04_all\"\nq = \"first.charge + second.charge\"",
        &schema,
    );
    let program = program.unwrap_or_else(|message| panic!("{message}"));
    let branches = program.branches();
    let names: Vec<&str> = branches.iter().map(String::as_str).collect();
    let events = tree
        .reader(&names)
        .unwrap()
        .read(0..tree.entries())
        .unwrap();
    let rows = program.run(&events, None).unwrap();
    assert_eq!(rows.batch.num_rows(), expected.len());
    assert_eq!(
        rows.event_index.values().to_vec(),
        expected.iter().map(|p| p.entry).collect::<Vec<_>>()
    );
    assert_eq!(
        rows.candidate.values().to_vec(),
        expected.iter().map(|p| p.candidate).collect::<Vec<_>>()
    );
    let column = |name: &str| rows.batch.column_by_name(name).unwrap().clone();
    let (m, q) = (column("m"), column("q"));
    let event = column("event");
    for (row, pair) in expected.iter().enumerate() {
        let close = |found: f64, expected: f64, relative: f64| {
            assert!(
                (found - expected).abs() <= relative * expected.abs(),
                "row {row}: {found} != {expected}"
            );
        };
        close(m.as_primitive::<Float64Type>().value(row), pair.m, 1e-11);
        close(f32s(&rows, "pt")[row].into(), pair.pt, 6e-8);
        close(f32s(&rows, "eta")[row].into(), pair.eta, 6e-8);
        close(f32s(&rows, "dR")[row].into(), pair.dr, 6e-8);
        close(f32s(&rows, "iso")[row].into(), pair.iso, 0.0);
        close(f32s(&rows, "MET_pt")[row].into(), pair.met, 0.0);
        assert_eq!(q.as_primitive::<Int64Type>().value(row), pair.charge);
        assert_eq!(
            event
                .as_primitive::<arrow_array::types::UInt64Type>()
                .value(row),
            pair.event
        );
    }
}
