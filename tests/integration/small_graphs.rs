//! Graphs of no node, of one, of many, with NaN, and of one size, held against ONNX Runtime on both
//! engines; and graphs that are too large.

use std::fs;
use std::sync::Arc;

use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, UInt64Array};
use lumimill_tests::{CampaignFolder, python, sample, skipped, snapshot};

use crate::hit_files::{lists, write};
use crate::lumimill;

const STAGE: &str = r#"
name = "graphs"
output = "out"
[[dataset]]
name = "D"
kind = "mc"
files = ["hits.root"]
[[stage]]
name = "s"
keep = ["event"]
[[stage.model]]
name = "whole"
onnx = "graph_transformer.onnx"
graph = { nodes = "Hit", features = ["x", "z", "energy", "time", "x / 2", "1"], edges = "full", edge_features = ["x[j] - x[i]", "z[j] - z[i]", "time[j] - time[i]", "1"] }
inputs = { x = "nodes", edge_index = "edges", edge_attr = "edge_features", batch = "graph_of_node", graph_slots = "graphs" }
outputs = { p = "graph_prob[0]", Hit_p = "node_prob[1]" }
[[stage.model]]
name = "padded"
onnx = "dense.onnx"
graph = { nodes = "Hit", features = ["x", "z", "energy"], dense = { nodes = 8, highest = "energy" }, globals = ["sum(energy)"] }
inputs = { x = "nodes", mask = "mask", u = "globals" }
outputs = { d = "graph_prob[0]", Hit_d = "node_prob[1]" }
[[stage.model]]
name = "edges"
onnx = "edges.onnx"
graph = { nodes = "Hit", features = ["x"], edges = "full", edge_features = ["x[j] - x[i]"], globals = ["sum(energy)", "1"], write_edges = { column = "HitEdge_d", from = 0.5 } }
inputs = { x = "nodes", e = "edges", a = "edge_features", u = "globals" }
outputs = { HitEdge_d = "difference", q = "quantiles[0,1]" }
"#;

/// Hits of each event; of the fourth one has no position.
const HITS: [usize; 8] = [0, 1, 2, 3, 5, 12, 90, 0];

/// Events of so many hits, with these models.
fn folder(test: &str, text: &str, hits: &[usize]) -> Option<CampaignFolder> {
    let Some(model) = sample("models/graph_transformer.onnx") else {
        skipped(test, "no sample files");
        return None;
    };
    let folder = CampaignFolder::with_text(text);
    folder.copy(&model, "graph_transformer.onnx");
    for name in ["edges.onnx", "dense.onnx"] {
        let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../worker/tests/graph_models");
        folder.copy(&std::path::Path::new(models).join(name), name);
    }
    let column = |step: f64| -> ArrayRef {
        let value = |event: usize, hit: usize| ((event * 37 + hit) as f64 * step).fract() as f32;
        let of = |(event, count): (usize, &usize)| -> Vec<f32> {
            let value = |hit| match (event, hit, step < 0.6) {
                (3, 1, true) => f32::NAN,
                _ => value(event, hit) * 4.0 - 2.0,
            };
            (0..*count).map(value).collect()
        };
        let rows: Vec<Vec<f32>> = hits.iter().enumerate().map(of).collect();
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        lists::<Float32Type>(&rows)
    };
    let events: ArrayRef = Arc::new(UInt64Array::from_iter_values(0..hits.len() as u64));
    write(
        &folder.join("hits.root"),
        &[
            ("event", events),
            ("Hit_x", column(0.569_840_290_998)),
            ("Hit_z", column(0.618_033_988_749)),
            ("Hit_energy", column(0.754_877_666_246)),
            ("Hit_time", column(0.819_172_513_396)),
        ],
    );
    Some(folder)
}

#[test]
fn graphs_of_any_size_are_scored_as_onnx_runtime_does() {
    let test = "graphs_of_any_size_are_scored_as_onnx_runtime_does";
    are_scored(test, STAGE, "runtime");
}

#[test]
fn graphs_of_any_size_are_scored_by_the_embedded_engine_too() {
    let test = "graphs_of_any_size_are_scored_by_the_embedded_engine_too";
    let text = STAGE.replace("\nonnx =", "\nengine = \"embedded\"\nonnx =");
    are_scored(test, &text, "embedded");
}

fn are_scored(test: &str, text: &str, engine: &str) {
    let Some(folder) = folder(test, text, &HITS) else {
        return;
    };
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let (out, hits) = (folder.join("out/graphs"), folder.join("hits.root"));
    let mut arguments = vec![out.join("s"), hits];
    let models = ["graph_transformer.onnx", "dense.onnx", "edges.onnx"];
    arguments.extend(models.map(|name| folder.join(name)));
    let paths = arguments.iter().map(|path| path.to_str().unwrap());
    let arguments: Vec<&str> = std::iter::once(engine).chain(paths).collect();
    if let Some(ended) = python("small_graphs.py", &arguments) {
        let ended = ended.expect_code(0);
        // What the report says was left out, against what numpy finds.
        let page = fs::read_to_string(out.join("report/index.html")).unwrap();
        let said: Vec<&str> = ended
            .out
            .lines()
            .filter(|line| line.contains("left out"))
            .collect();
        assert_eq!(said.len(), 2, "{}", ended.out);
        for line in said {
            let count = line.split_whitespace().next().unwrap();
            let cells = format!("{count}</td><td>members</td>");
            assert!(page.contains(&cells), "{line}");
        }
        for step in [
            "nodes of padded beyond 8 in a graph",
            "edges of edges with HitEdge_d below 0.5",
        ] {
            assert!(page.contains(step), "{step}");
        }
    }
    let before = snapshot(&folder.join("out"));
    fs::remove_dir_all(folder.join("out")).unwrap();
    let file = folder.file();
    let args = ["run", file.to_str().unwrap(), "--slots", "8"];
    let _ = lumimill().run(&args).expect_code(0);
    assert!(
        snapshot(&folder.join("out")) == before,
        "the same with 8 slots"
    );
}

#[test]
fn an_event_of_one_hit_is_scored_though_nothing_is_beside_it() {
    let test = "an_event_of_one_hit_is_scored_though_nothing_is_beside_it";
    for engine in ["auto", "embedded"] {
        let text = STAGE.replace("\nonnx =", &format!("\nengine = \"{engine}\"\nonnx ="));
        let Some(folder) = folder(test, &text, &[1]) else {
            return;
        };
        let _ = lumimill().on("run", &folder.file()).expect_code(0);
    }
}

#[test]
fn a_graph_that_is_too_large_is_refused_with_its_size_and_event() {
    let test = "a_graph_that_is_too_large_is_refused_with_its_size_and_event";
    let Some(large) = folder(test, STAGE, &[3, 502]) else {
        return;
    };
    let ended = lumimill().on("run", &large.file()).expect_code(3);
    ended.says(&[
        "event 1 (entry 1): model whole: a graph has 502 nodes and 251502 edges, at most 250000",
    ]);
    let without = STAGE.replace(", highest = \"energy\"", "");
    let Some(many) = folder(test, &without, &[3, 12]) else {
        return;
    };
    let ended = lumimill().on("run", &many.file()).expect_code(3);
    ended.says(&[
        "event 1 (entry 1): model padded: a graph has 12 nodes, and the model is given 8: highest = \"NAME\" \
         beside nodes = 8 in dense leaves those out for which NAME is lowest",
    ]);
}

#[test]
fn what_is_no_number_is_refused_where_the_campaign_says_so() {
    let test = "what_is_no_number_is_refused_where_the_campaign_says_so";
    for (model, what) in [
        (
            "graph_transformer.onnx",
            "model whole: its feature x is NaN",
        ),
        ("dense.onnx", "model padded: its feature x is NaN"),
    ] {
        let onnx = format!("onnx = \"{model}\"");
        let text = STAGE.replace(&onnx, &format!("nan = \"error\"\n{onnx}"));
        let Some(folder) = folder(test, &text, &HITS) else {
            return;
        };
        let ended = lumimill().on("run", &folder.file()).expect_code(3);
        ended.says(&[
            "event 3 (entry 3): ",
            what,
            "nan = \"keep\" gives such graphs to the model",
        ]);
    }
    // Of edges: what the ends make of numbers.
    let text = STAGE.replace(
        "\"x[j] - x[i]\"], globals",
        "\"log(energy[j] - 100)\"], globals",
    );
    let text = text.replace(
        "onnx = \"edges.onnx\"",
        "nan = \"error\"\nonnx = \"edges.onnx\"",
    );
    let Some(folder) = folder(test, &text, &[0, 1, 2]) else {
        return;
    };
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    ended.says(&["event 2 (entry 2): model edges: its edge feature log(energy[j] - 100) is NaN"]);
}

#[test]
fn a_data_set_without_events_gives_empty_columns_of_every_level() {
    let test = "a_data_set_without_events_gives_empty_columns_of_every_level";
    let Some(folder) = folder(test, STAGE, &[]) else {
        return;
    };
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let Some(none) = self::folder(test, STAGE, &[0, 0, 0]) else {
        return;
    };
    let _ = lumimill().on("run", &none.file()).expect_code(0);
}
