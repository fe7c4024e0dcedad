//! Models of graphs, held against ONNX Runtime; and what wrong ones are answered with.

use std::fs;

use lumimill_tests::{CampaignFolder, python, sample, skipped, snapshot};

use crate::lumimill;

const STAGE: &str = r#"
[[stage]]
name = "s"
keep = ["event", "Jet_eta"]
[stage.columns]
Jet_group = "time_group(Jet_phi, 0.5)"
total = "sum(Jet_pt) / 1000"
[[stage.model]]
name = "whole"
onnx = "graph_transformer.onnx"
graph = { nodes = "Jet", features = ["pt / 100", "eta", "phi", "mass / 10", "MET_pt / 100", "total"], edges = "full", edge_features = ["eta[j] - eta[i]", "phi[j] - phi[i]", "pt[j] / pt[i]", "1"] }
inputs = { x = "nodes", edge_index = "edges", edge_attr = "edge_features", batch = "graph_of_node", graph_slots = "graphs" }
outputs = { p0 = "graph_prob[0]", p1 = "graph_prob[1]", Jet_p2 = "node_prob[2]" }
[[stage.model]]
name = "groups"
onnx = "graph_transformer.onnx"
graph = { nodes = "Jet", per = "Jet_group", features = ["pt / 100", "eta", "phi", "p2", "p1", "MET_pt / 100"], edges = { nearest = 3, of = ["eta", "phi"], loops = true }, edge_features = ["eta[j] - eta[i]", "phi[j] - phi[i]", "pt[j] / pt[i]", "1"] }
inputs = { x = "nodes", edge_index = "edges", edge_attr = "edge_features", batch = "graph_of_node", graph_slots = "graphs" }
outputs = { Group_p0 = "graph_prob[0]", Jet_q = "node_prob[1]" }
[[stage.model]]
name = "edges"
onnx = "edges.onnx"
graph = { nodes = "Jet", features = ["eta"], edges = { radius = 1.5, of = ["eta"] }, edge_features = ["Group_p0[j] - Group_p0[i]"], globals = ["MET_pt / 100", "Jet_eta.size()"] }
inputs = { x = "nodes", e = "edges", a = "edge_features", u = "globals" }
outputs = { JetEdge_d = "difference", q_low = "quantiles[1,0]", q_high = "quantiles[0,2]" }
[[stage.metric]]
histogram = { column = "p0", bins = 20, range = [0.0, 1.0] }
"#;

/// A campaign of graphs on jets, with its models.
fn folder(test: &str, stage: &str) -> Option<(CampaignFolder, String)> {
    let files = ["nanoaod/nano_tt_v12.root", "models/graph_transformer.onnx"];
    let found: Vec<_> = files.iter().filter_map(|file| sample(file)).collect();
    let [file, model] = found.as_slice() else {
        skipped(test, "no sample files");
        return None;
    };
    let file = file.to_str().unwrap();
    let folder = CampaignFolder::with_text(&format!(
        "name = \"graphs\"\noutput = \"out\"\n[shards]\nevents = 16\n[[dataset]]\nname = \"TT\"\n\
         kind = \"mc\"\nfiles = [{file:?}]\n{stage}"
    ));
    folder.copy(model, "graph_transformer.onnx");
    let edges = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../worker/tests/graph_models/edges.onnx"
    );
    folder.copy(std::path::Path::new(edges), "edges.onnx");
    Some((folder, file.to_owned()))
}

#[test]
fn graphs_are_scored_as_onnx_runtime_does() {
    are_scored("graphs_are_scored_as_onnx_runtime_does", STAGE);
}

#[test]
fn graphs_are_scored_by_the_embedded_engine_too() {
    let stage = STAGE.replace("\nonnx =", "\nengine = \"embedded\"\nonnx =");
    are_scored("graphs_are_scored_by_the_embedded_engine_too", &stage);
}

fn are_scored(test: &str, stage: &str) {
    let Some((folder, file)) = folder(test, stage) else {
        return;
    };
    let run = |slots: &str| {
        let file = folder.file();
        let file = file.to_str().unwrap();
        let _ = lumimill()
            .run(&["run", file, "--slots", slots])
            .expect_code(0);
        let tables = snapshot(&folder.join("out"));
        fs::remove_dir_all(folder.join("out")).unwrap();
        tables
    };
    let before = run("1");
    assert!(run("8") == before, "the same with 8 slots");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let paths = [
        folder.join("out/graphs/s"),
        folder.join("graph_transformer.onnx"),
        folder.join("edges.onnx"),
    ];
    let [stage, model, edges] = paths.each_ref().map(|path| path.to_str().unwrap());
    if let Some(ended) = python("graphs.py", &[stage, &file, model, edges]) {
        let _ = ended.expect_code(0);
    }
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
}

#[test]
fn wrong_graphs_are_found_by_a_check() {
    let test = "wrong_graphs_are_found_by_a_check";
    let cases = [
        (
            "\"phi\", \"p2\"",
            "\"phi\", \"q2\"",
            "stage[0].model[1].graph.features[3]: unknown column \"q2\"",
        ),
        (
            "\"pt / 100\", \"eta\", \"phi\", \"p2\", ",
            "\"pt\", ",
            "takes 6 values each, found 3",
        ),
        (
            "\"eta[j] - eta[i]\"",
            "\"eta[j] - eta\"",
            "eta is of a node: write eta[i] or eta[j]",
        ),
        (
            "per = \"Jet_group\"",
            "per = \"Jet_pt\"",
            "graph.per: Jet_pt holds Float32, expected whole numbers",
        ),
        (
            "per = \"Jet_group\"",
            "per = \"Jet_croup\"",
            "graph.per: no column",
        ),
        (
            "of = [\"eta\", \"phi\"]",
            "of = [\"eta\", \"MET_pt\"]",
            "graph.edges.of[1]: MET_pt has no value per node",
        ),
        (
            "batch = \"graph_of_node\"",
            "batch = \"nodes\"",
            "inputs.batch: the model's input is batch: int64",
        ),
        (
            "edge_index = \"edges\", ",
            "edge_inbex = \"edges\", ",
            "no input \"edge_inbex\"; did you mean edge_index?",
        ),
        (
            "\"graph_prob[1]\"",
            "\"graph_prob[3]\"",
            "outputs.p1: output \"graph_prob\" has 3 values each",
        ),
        (
            "\"graph_prob[1]\"",
            "\"graph_prop[1]\"",
            "no output \"graph_prop\"; did you mean graph_prob?",
        ),
        (
            "\"quantiles[1,0]\"",
            "\"quantiles[1]\"",
            "2 times 3 values each: write \"quantiles[0,0]\" to \"quantiles[1,2]\"",
        ),
        (
            "p1 = \"graph_prob[1]\"",
            "Jet_p1 = \"graph_prob[1]\"",
            "has 4 values for 4 graphs of 17 nodes",
        ),
        (
            "Jet_p2 = \"node_prob[2]\"",
            "p2 = \"node_prob[2]\"",
            "has 17 values for 4 graphs of 17 nodes",
        ),
    ];
    for (old, new, expected) in cases {
        let Some((folder, _)) = folder(test, &STAGE.replacen(old, new, 1)) else {
            return;
        };
        lumimill().on("check", &folder.file()).says(&[expected]);
    }
}

#[test]
fn a_graph_that_cannot_be_scored_fails_its_shard_with_the_event() {
    let test = "a_graph_that_cannot_be_scored_fails_its_shard_with_the_event";
    let cases = [
        (
            "\"time_group(Jet_phi, 0.5)\"",
            "\"20000 * time_group(Jet_phi, 0.5)\"",
            "column \"Jet_group\" has the group number 20000: groups are numbered from 0 to 9999",
        ),
        (
            "onnx = \"graph_transformer.onnx\"",
            "nan = \"error\"\nonnx = \"graph_transformer.onnx\"",
            "model whole: its feature log(eta) is NaN; nan = \"keep\" gives such graphs to the model",
        ),
    ];
    let stage = STAGE.replacen(
        "\"eta\", \"phi\", \"mass / 10\"",
        "\"log(eta)\", \"phi\", \"mass / 10\"",
        1,
    );
    for (old, new, expected) in cases {
        let Some((folder, _)) = folder(test, &stage.replacen(old, new, 1)) else {
            return;
        };
        let ended = lumimill().on("run", &folder.file());
        ended.says(&["event", expected]);
    }
}
