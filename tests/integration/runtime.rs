//! ONNX Runtime: found, installed, chosen when a campaign is planned, and named by its tables.

use std::fs;
use std::path::Path;

use lumimill_tests::{CampaignFolder, Ended, NO_RUNTIME, Program, has_runtime, python};
use serde_json::Value;

use crate::lumimill;

/// Runs the program with some variables of its environment set, and without the library that the
/// tests are told of.
fn run(args: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = lumimill().command(args);
    command
        .env_remove("LUMIMILL_ONNXRUNTIME")
        .env_remove("ORT_DYLIB_PATH");
    command.envs(variables.iter().copied());
    Program::finish(&mut command)
}

fn without_runtime(verb: &str, folder: &CampaignFolder) -> Ended {
    run(&[verb, folder.file().to_str().unwrap()], &[NO_RUNTIME])
}

#[test]
fn the_library_is_got_by_pip_and_then_found() {
    let test = "the_library_is_got_by_pip_and_then_found";
    if !has_runtime(test) {
        return;
    }
    let folder = CampaignFolder::with_text("");
    let cache = folder.join("cache");
    let cache = [("XDG_CACHE_HOME", cache.to_str().unwrap())];
    let ended = run(&["runtime"], &cache).expect_code(0);
    let none = "no ONNX Runtime is there: `lumimill runtime install` gets it; models that are no \
                trees are evaluated by tract";
    assert!(ended.out.contains(none), "{}", ended.out);
    let no_python = ["runtime", "install", "--python", "/nowhere/python"];
    let ended = run(&no_python, &cache).expect_code(1);
    ended.says(&["/nowhere/python cannot be started: install Python with pip"]);
    let python = std::env::var("LUMIMILL_PYTHON").unwrap();
    let ended = run(&["runtime", "install", "--python", &python], &cache).expect_code(0);
    assert!(ended.out.contains("found by the cache of"), "{}", ended.out);
    let ended = run(&["runtime", "--json"], &cache).expect_code(0);
    let found: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(found["version"], found["pinned"]);
    assert_eq!(found["error"], Value::Null);
    let path = Path::new(found["path"].as_str().unwrap());
    let kept = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(kept, 1, "nothing else is kept");
}

#[test]
fn a_library_that_is_none_is_said() {
    let folder = CampaignFolder::with_text("");
    let file = folder.join("library.so");
    let named = [("LUMIMILL_ONNXRUNTIME", file.to_str().unwrap())];
    let says = |texts: &[&str]| run(&["runtime"], &named).expect_code(2).says(texts);
    says(&["LUMIMILL_ONNXRUNTIME: ", "library.so: No such file"]);
    folder.write("library.so", "text");
    says(&["library.so: is no shared library; `lumimill runtime install` gets it"]);
    folder.write("library.so", b"\x7fELF VERS_1.17.0\0");
    says(&["is ONNX Runtime 1.17.0, which is too old: 1.24.0 or newer is needed"]);
    folder.write("library.so", b"\x7fELF VERS_1.26.0\0");
    says(&[
        "is ONNX Runtime 1.26.0, whose labels of random forests",
        "wrong",
    ]);
    // It says that it is one, and is not.
    folder.write("library.so", b"\x7fELF VERS_1.31.1\0");
    says(&[
        "library.so: cannot be loaded: ",
        "`lumimill runtime install`",
    ]);
    // A campaign whose models are trees does not ask for it; others say what is wrong with it.
    let trees = CampaignFolder::demo(500);
    let file = trees.file();
    let _ = run(&["check", file.to_str().unwrap()], &named).expect_code(0);
    let pid = CampaignFolder::pid(100);
    let file = pid.file();
    let ended = run(&["check", file.to_str().unwrap()], &named).expect_code(2);
    ended.says(&[
        "stage[0].model[0]: model models/attention.onnx: ",
        "cannot be loaded",
    ]);
}

/// The engines in the metadata of the tables of a campaign.
fn engines(folder: &CampaignFolder) -> String {
    let stage = folder.join("out/pid/tracks");
    let ended = python("engines.py", &[stage.to_str().unwrap()]);
    ended
        .map(|ended| ended.expect_code(0).out)
        .unwrap_or_default()
}

#[test]
fn the_engine_is_decided_by_the_plan_and_named_by_the_tables() {
    if !has_runtime("the_engine_is_decided_by_the_plan_and_named_by_the_tables") {
        return;
    }
    let folder = CampaignFolder::pid(1_500);
    let ended = without_runtime("run", &folder).expect_code(0);
    ended.says(&["note: model pid is evaluated by tract"]);
    let _ = without_runtime("status", &folder).expect_code(0);
    let by_tract = engines(&folder);
    assert!(by_tract.starts_with("tract 0."), "{by_tract}");
    // With the library it is another configuration, whose tables are made anew.
    let ended = lumimill().on("run", &folder.file());
    let ended = match ended.code {
        0 => ended,
        _ => lumimill().run(&["run", folder.file().to_str().unwrap(), "--replace"]),
    };
    let ended = ended.expect_code(0);
    ended.says(&["note: model pid is evaluated by onnxruntime 1."]);
    let by_runtime = engines(&folder);
    assert!(by_runtime.starts_with("onnxruntime 1."), "{by_runtime}");
    let markers = fs::read_dir(folder.join("out/pid/tracks/_done")).unwrap();
    for marker in markers {
        let marker = fs::read_to_string(marker.unwrap().path()).unwrap();
        assert!(marker.contains("\"engines\":[\"onnxruntime 1."), "{marker}");
    }
    // Plan and campaign belong together, and everything is as it should be.
    let _ = lumimill().on("verify", &folder.file()).expect_code(0);
    let sums = |text: &str| -> Vec<f64> {
        let sums = text.split_whitespace().skip(2);
        sums.map(|sum| sum.parse().unwrap()).collect()
    };
    for (one, other) in sums(&by_tract).iter().zip(sums(&by_runtime)) {
        assert!(
            (one - other).abs() < 1e-4 * other.abs(),
            "{by_tract} {by_runtime}"
        );
    }
    folder.change("nan = \"error\"", "nan = \"error\"\nengine = \"runtime\"");
    let ended = without_runtime("check", &folder).expect_code(2);
    ended.says(&[
        "stage[0].model[0]: model models/attention.onnx: ONNX Runtime cannot evaluate it: no \
         library of ONNX Runtime is there: `lumimill runtime install` gets it",
    ]);
    folder.change("engine = \"runtime\"", "engine = \"onnx\"");
    let ended = without_runtime("check", &folder).expect_code(2);
    ended.says(&["\"auto\" or \"trees\" or \"runtime\" or \"embedded\""]);
}

#[test]
fn a_model_file_says_what_it_is() {
    let folder = CampaignFolder::pid(100);
    let file = folder.join("models/attention.onnx");
    let file = file.to_str().unwrap();
    let ended = run(&["model", file], &[NO_RUNTIME]).expect_code(0);
    for text in [
        "input  features: float [rows, 21]",
        "output  probabilities: float [rows, 4]",
        "engine  tract 0.",
        "it is no tree ensemble: ",
        "no ONNX Runtime is there (`lumimill runtime install` gets it)",
    ] {
        assert!(ended.out.contains(text), "{text}: {}", ended.out);
    }
    let trees = CampaignFolder::demo(500);
    let file = trees.join("models/HLT_Mu17_Mu8.onnx");
    let args = ["model", file.to_str().unwrap(), "--bench", "--json"];
    let ended = run(&args, &[NO_RUNTIME]).expect_code(0);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(told["engine"], "trees");
    assert_eq!(told["inputs"][0]["shape"][1], 6);
    assert_eq!(told["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(told["speed"].as_array().unwrap().len(), 6);
    trees.write("text.onnx", "text");
    let file = trees.join("text.onnx");
    let ended = run(&["model", file.to_str().unwrap()], &[NO_RUNTIME]).expect_code(2);
    ended.says(&["not an ONNX file: expected a protobuf ModelProto, found text"]);
}

/// As torch's exporter writes them: what is hashed and scored is one file with all of it.
#[test]
fn weights_in_another_file_are_part_of_the_model() {
    let folder = CampaignFolder::pid(500);
    let _ = without_runtime("run", &folder).expect_code(0);
    let model = folder.join("models/attention.onnx");
    let apart = folder.join("models/apart.onnx");
    let paths = [&model, &apart].map(|path| path.to_str().unwrap());
    let Some(written) = python("external_data.py", &paths) else {
        return;
    };
    let _ = written.expect_code(0);
    let whole = engines(&folder);
    let weights = folder.join("models/weights.data");
    assert!(fs::metadata(&apart).unwrap().len() < fs::metadata(&model).unwrap().len() / 2);
    let described = run(&["model", paths[1]], &[NO_RUNTIME]).expect_code(0);
    assert!(
        described.out.contains("engine  tract 0."),
        "{}",
        described.out
    );
    folder.change("attention.onnx", "apart.onnx");
    let file = folder.file();
    let replaced = ["run", file.to_str().unwrap(), "--replace"];
    let _ = run(&replaced, &[NO_RUNTIME]).expect_code(0);
    assert_eq!(engines(&folder), whole, "the same scores");
    // What is not there, or elsewhere, is said.
    let moved = folder.join("weights.data");
    fs::rename(&weights, &moved).unwrap();
    let ended = without_runtime("check", &folder).expect_code(2);
    ended.says(&[
        "stage[0].model[0]: models/apart.onnx: cannot read the model: tensor ",
        "lies in another file (external data): weights.data: ",
        "keep it beside the model, or write the model as one file: onnx.save_model(",
    ]);
    let bytes = fs::read(&apart).unwrap();
    let mut outside = bytes;
    let mut at = 0;
    while at + 12 <= outside.len() {
        if outside[at..at + 12] == *b"weights.data" {
            outside[at..at + 12].copy_from_slice(b"../ghts.data");
        }
        at += 1;
    }
    fs::write(&apart, outside).unwrap();
    let ended = without_runtime("check", &folder).expect_code(2);
    ended.says(&["\"../ghts.data\" is no file below the model's folder"]);
}

/// A model of graphs takes two rows of edges, which is no batch of two rows.
#[test]
fn a_model_of_graphs_says_what_it_is() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../worker/tests/graph_models");
    let file = models.join("edges.onnx");
    let file = file.to_str().unwrap();
    let says = |ended: Ended, engine: &str| {
        let ended = ended.expect_code(0);
        for text in [
            "input  e: int64 [2, ?]",
            "output  quantiles: float [rows, 2, 3]",
            engine,
            "it is given graphs, not rows: in a campaign, `graph = { … }` says which",
        ] {
            assert!(ended.out.contains(text), "{text}: {}", ended.out);
        }
    };
    says(run(&["model", file], &[NO_RUNTIME]), "engine  tract 0.");
    if has_runtime("a_model_of_graphs_says_what_it_is") {
        let ended = Program::finish(&mut lumimill().command(&["model", file]));
        says(ended, "engine  onnxruntime 1.");
    }
    let ended = run(&["model", file, "--bench"], &[NO_RUNTIME]).expect_code(2);
    assert!(ended.out.contains("engine  tract 0."), "{}", ended.out);
    ended.says(&["--bench gives a model rows: it is given graphs, not rows"]);
}

/// Lines of a panic stood before what was said of the model.
#[test]
fn where_the_embedded_engine_breaks_off_only_that_is_said() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../worker/tests/graph_models");
    let file = models.join("breaks_off.onnx");
    let ended = run(&["model", file.to_str().unwrap()], &[NO_RUNTIME]).expect_code(2);
    let told = "error: nothing evaluates it: ";
    assert!(ended.err.starts_with(told), "{}", ended.err);
    ended
        .says(&["tract 0.23.9+1 broke off: index out of bounds: the len is 2 but the index is 99"]);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

/// What the embedded engine does not know, ONNX Runtime may: that is said, with how to get it.
#[test]
fn an_operator_that_nobody_knows_is_said() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../worker/tests/graph_models");
    let folder = CampaignFolder::demo(500);
    folder.copy(
        &models.join("unknown_operator.onnx"),
        "models/HLT_Mu17_Mu8.onnx",
    );
    folder.change("inputs = [\"m_mumu\", \"pt_mumu\", \"eta_mumu\", \"dR_mumu\", \"PV_npvs\", \"MET_pt\"]\nclass = 1\n\n[[stage.model]]\nname = \"score_mu17_mu8_dz\"", "inputs = { x = [\"m_mumu\", \"pt_mumu\", \"eta_mumu\"] }\noutputs = { score_mu17_mu8 = \"y[0]\" }\n\n[[stage.model]]\nname = \"score_mu17_mu8_dz\"");
    let ended = without_runtime("check", &folder).expect_code(2);
    ended.says(&[
        "stage[0].model[1]: model models/HLT_Mu17_Mu8.onnx: the embedded engine cannot evaluate it: \
         it does not know operator Frobnicate; ONNX Runtime may: `lumimill runtime install` gets it",
    ]);
    if has_runtime("an_operator_that_nobody_knows_is_said") {
        let ended = lumimill().on("check", &folder.file()).expect_code(2);
        ended.says(&[
            "ONNX Runtime cannot evaluate it: onnxruntime: ",
            "Frobnicate",
        ]);
    }
}
