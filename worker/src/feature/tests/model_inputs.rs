//! What models read and no table has.

use arrow_schema::{DataType, Schema};

use super::*;

const PAIRS: &str = "rows = { pairs = \"Muon\" }\nkeep = [\"run\"]\n";

fn with_inputs(body: &str, inputs: &str) -> String {
    format!("{body}[[stage.model]]\nname = \"score\"\nonnx = \"m.onnx\"\ninputs = [{inputs}]\n")
}

fn names(schema: &Schema) -> Vec<&str> {
    let fields = schema.fields().iter();
    fields.map(|field| field.name().as_str()).collect()
}

#[test]
fn branches_and_expressions_of_models_are_computed_and_not_written() {
    let inputs = r#""MET_pt", "run", "pt(pair) / 2", "first.pt", "MET_pt", "nMuon""#;
    let program = compile(&with_inputs(PAIRS, inputs), &batch().schema()).unwrap();
    assert_eq!(names(&program.output_schema()), ["run", "candidate"]);
    assert_eq!(program.written(), 2);
    for branch in ["MET_pt", "Muon_phi", "nMuon"] {
        assert!(program.branches().iter().any(|name| name == branch));
    }
    let rows = program.run(&batch(), None).unwrap().batch;
    let hidden = ["MET_pt", "pt(pair) / 2", "first.pt", "nMuon"];
    assert_eq!(names(rows.schema_ref())[2..], hidden);
    let met = rows.column(2).as_primitive::<Float32Type>();
    assert_eq!(met.values()[..2], [1.5, 4.5]);
    let first = rows.column(4).as_primitive::<Float64Type>();
    assert_eq!(first.values()[..2], [20.0, 30.0]);
}

#[test]
fn members_of_the_row_are_inputs_of_models() {
    let body = "rows = { each = \"Muon\" }\n";
    let program = compile(&with_inputs(body, r#""pt", "eta""#), &batch().schema()).unwrap();
    let rows = program.run(&batch(), None).unwrap().batch;
    assert_eq!(names(rows.schema_ref()), ["candidate", "pt", "eta"]);
    assert_eq!(rows.schema().field(1).data_type(), &DataType::Float32);
}

#[test]
fn a_select_cannot_name_what_only_a_model_reads() {
    let body = "rows = \"event\"\nkeep = [\"run\"]\nselect = \"score > 0 && MET_pt > 1\"\n";
    let message = compile(&with_inputs(body, "\"MET_pt\""), &batch().schema()).unwrap_err();
    assert!(message.contains("unknown column \"MET_pt\""), "{message}");
}

#[test]
fn inputs_that_are_no_numbers_or_not_there_are_all_named() {
    let body = "rows = \"event\"\nkeep = [\"run\"]\nwhere = \"nope > 1\"\n";
    let inputs = r#""runn", "MET_ptt", "Muon_pt", "pt(", "score", "run + 1""#;
    let schema = batch().schema();
    let message = compile(&with_inputs(body, inputs), &schema).unwrap_err();
    let places: Vec<&str> = message
        .lines()
        .filter(|line| line.starts_with("stage"))
        .collect();
    let list = "column Muon_pt is List";
    for (place, expected) in places.iter().zip([
        "where: unknown column",
        "model[0].inputs[0]: no column or branch runn; did you mean run?",
        "model[0].inputs[1]: no branch \"MET_ptt\"; nearest: MET_pt",
        &format!("model[0].inputs[2]: {list}"),
        "model[0].inputs[3]: ",
        "model[0].inputs[4]: score is the score of a model",
    ]) {
        assert!(
            place.starts_with(&format!("stage[0].{expected}")),
            "{place}"
        );
    }
    assert_eq!(places.len(), 6, "{message}");
    assert!(message.contains("such as max(Muon_pt)"), "{message}");
}
