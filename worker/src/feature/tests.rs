//! Programs on small batches, on random ones against one event at a time, and on a real file.

mod lengths;
mod lists;
mod messages;
mod model_inputs;
mod nano;
mod oracle;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float32Array, Int16Array, ListArray, RecordBatch, UInt32Array,
    UInt64Array,
};
use lumimill_common::campaign::{Campaign, Stage};

use super::*;

/// A stage with this body.
pub(super) fn stage(body: &str) -> Stage {
    let text = format!(
        "name = \"test\"\noutput = \"out\"\n\
         [[dataset]]\nname = \"d\"\nkind = \"mc\"\nfiles = [\"f.root\"]\ntree = \"Events\"\n\
         [[stage]]\nname = \"s\"\n{body}"
    );
    let campaign = Campaign::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    campaign.stages[0].clone()
}

pub(super) fn compile(body: &str, schema: &arrow_schema::Schema) -> Result<Program, String> {
    let functions = [("twice".to_owned(), "(x) => 2 * x".to_owned())];
    Program::compile(&stage(body), "stage[0]", &functions, schema).map_err(|problems| {
        let lines = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.path, problem.message));
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn floats(lists: &[&[f32]]) -> ArrayRef {
    let lists = lists
        .iter()
        .map(|list| Some(list.iter().map(|x| Some(*x)).collect::<Vec<_>>()));
    Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))
}

/// Four events with 2, 1, 0 and 3 muons.
fn batch() -> RecordBatch {
    let charges = [vec![-1, 1], vec![1], vec![], vec![1, 1, -1]];
    let charges = charges.map(|list| Some(list.into_iter().map(Some).collect::<Vec<_>>()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("run", Arc::new(UInt32Array::from(vec![1, 1, 2, 2]))),
        (
            "luminosityBlock",
            Arc::new(UInt32Array::from(vec![5, 6, 7, 8])),
        ),
        (
            "event",
            Arc::new(UInt64Array::from(vec![10, 11, 12, u64::MAX])),
        ),
        ("nMuon", Arc::new(UInt32Array::from(vec![2, 1, 0, 3]))),
        (
            "MET_pt",
            Arc::new(Float32Array::from(vec![1.5, 2.5, 3.5, 4.5])),
        ),
        (
            "HLT_Mu17",
            Arc::new(BooleanArray::from(vec![true, false, false, true])),
        ),
        (
            "Muon_pt",
            floats(&[&[10.0, 20.0], &[5.0], &[], &[7.0, 30.0, 7.0]]),
        ),
        (
            "Muon_eta",
            floats(&[&[0.1, 0.2], &[2.3], &[], &[-1.0, 0.5, 1.0]]),
        ),
        (
            "Muon_phi",
            floats(&[&[0.0, 3.0], &[1.0], &[], &[1.0, 2.0, 3.0]]),
        ),
        (
            "Muon_mass",
            floats(&[&[0.1, 0.1], &[0.1], &[], &[0.1, 0.1, 0.1]]),
        ),
        (
            "Muon_charge",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(charges)),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn run(body: &str) -> Rows {
    let batch = batch();
    let program = compile(body, &batch.schema()).unwrap_or_else(|message| panic!("{message}"));
    let read: Vec<usize> = program
        .branches()
        .iter()
        .map(|name| batch.schema().index_of(name).unwrap())
        .collect();
    let rows = program.run(&batch.project(&read).unwrap(), None).unwrap();
    assert_eq!(rows.batch.schema(), program.output_schema());
    rows
}

fn f32s(rows: &Rows, name: &str) -> Vec<f32> {
    rows.batch
        .column_by_name(name)
        .unwrap()
        .as_primitive::<Float32Type>()
        .values()
        .to_vec()
}

fn counts(rows: &Rows) -> Vec<(&str, u64)> {
    rows.counts
        .iter()
        .map(|(name, _, count)| (name.as_str(), *count))
        .collect()
}

#[test]
fn rows_of_events_keep_their_columns() {
    let rows = run(
        "where = \"nMuon >= 1\"\nrows = \"event\"\nselect = \"ht > 6\"\n\
         keep = [\"luminosityBlock as lumi\", \"event\", \"Muon_pt\"]\nlabels = [\"HLT_Mu17\"]\n\
         [stage.columns]\nht = \"sum(Muon_pt)\"\nn = \"count(Muon_pt > 6) + lumi\"\n\
         twice_ht = { value = \"twice(ht)\", type = \"f64\" }\nboth = \"HLT_Mu17 && ht > 30\"",
    );
    assert_eq!(rows.event_index.values(), &[0, 3]);
    assert_eq!(rows.candidate.values(), &[0, 0]);
    assert_eq!(
        counts(&rows),
        [("where nMuon >= 1", 3), ("select ht > 6", 2)]
    );
    assert_eq!(f32s(&rows, "ht"), [30.0, 44.0]);
    let column = |name: &str| rows.batch.column_by_name(name).unwrap().clone();
    assert_eq!(
        column("lumi").as_primitive::<UInt32Type>().values(),
        &[5, 8]
    );
    assert_eq!(
        column("event").as_ref(),
        &UInt64Array::from(vec![10, u64::MAX])
    );
    assert_eq!(column("n").as_primitive::<Int64Type>().values(), &[7, 11]);
    assert_eq!(
        column("twice_ht").as_primitive::<Float64Type>().values(),
        &[60.0, 88.0]
    );
    assert_eq!(
        column("both").as_ref(),
        &BooleanArray::from(vec![false, true])
    );
    assert_eq!(column("Muon_pt").as_list::<i32>().value_length(1), 3);
    assert!(rows.batch.column_by_name("candidate").is_none());
}

#[test]
fn rows_of_members_use_their_plain_names() {
    let rows = run(
        "rows = { each = \"Muon\", where = \"pt > 6 && MET_pt < 5\" }\nkeep = [\"run\", \"pt as mu_pt\", \"Muon_eta\"]\n\
         [stage.columns]\nshare = \"mu_pt / sum(Muon_pt)\"\npz = \"pz(Muon)\"",
    );
    assert_eq!(rows.event_index.values(), &[0, 0, 3, 3, 3]);
    assert_eq!(rows.candidate.values(), &[0, 1, 0, 1, 2]);
    assert_eq!(counts(&rows), [("each Muon", 5)]);
    assert_eq!(f32s(&rows, "mu_pt"), [10.0, 20.0, 7.0, 30.0, 7.0]);
    assert_eq!(f32s(&rows, "Muon_eta"), [0.1, 0.2, -1.0, 0.5, 1.0]);
    assert_eq!(f32s(&rows, "share")[1..2], [20.0 / 30.0]);
    let candidate = rows.batch.column_by_name("candidate").unwrap();
    assert_eq!(candidate.as_primitive::<UInt32Type>(), &rows.candidate);
}

#[test]
fn pairs_are_ordered_by_pt_and_ties_by_index() {
    let body = |charge: &str| {
        format!(
            "rows = {{ pairs = \"Muon\", charge = \"{charge}\" }}\nkeep = [\"MET_pt\"]\n[stage.columns]\n\
             lead = \"first.pt\"\neta2 = \"second.eta\"\nq = \"first.charge + second.charge\""
        )
    };
    let rows = run(&body("any"));
    assert_eq!(rows.event_index.values(), &[0, 3, 3, 3]);
    assert_eq!(rows.candidate.values(), &[0, 0, 1, 2]);
    assert_eq!(f32s(&rows, "lead"), [20.0, 30.0, 30.0, 7.0]);
    assert_eq!(f32s(&rows, "eta2"), [0.1, -1.0, 1.0, 1.0]);
    assert_eq!(f32s(&rows, "MET_pt"), [1.5, 4.5, 4.5, 4.5]);
    let opposite = run(&body("opposite"));
    assert_eq!(f32s(&opposite, "eta2"), [0.1, 1.0, 1.0]);
    assert_eq!(opposite.candidate.values(), &[0, 0, 1]);
    let same = run(&body("same"));
    assert_eq!(f32s(&same, "eta2"), [-1.0]);
}

#[test]
fn uncertified_events_give_no_rows() {
    let batch = batch();
    let program = compile(
        "rows = { each = \"Muon\" }\nkeep = [\"run\"]",
        &batch.schema(),
    )
    .unwrap();
    let mask = BooleanArray::from(vec![false, true, true, false]);
    let rows = program.run(&batch, Some(&mask)).unwrap();
    assert_eq!(rows.event_index.values(), &[1]);
    let none = program
        .run(&batch, Some(&BooleanArray::from(vec![false; 4])))
        .unwrap();
    assert_eq!(none.batch.num_rows(), 0);
    assert_eq!(
        program
            .run(&batch.slice(0, 0), None)
            .unwrap()
            .batch
            .num_rows(),
        0
    );
    let slice = program.run(&batch.slice(3, 1), None).unwrap();
    assert_eq!(slice.candidate.values(), &[0, 1, 2]);
}

#[test]
fn only_what_is_needed_is_read() {
    let schema = batch().schema();
    let branches = |body: &str| compile(body, &schema).unwrap().branches();
    assert_eq!(
        branches("rows = { each = \"Muon\" }\nkeep = [\"run\", \"phi\"]"),
        ["Muon_phi", "run"]
    );
    assert_eq!(
        branches("rows = { pairs = \"Muon\" }\n[stage.columns]\ndR = \"deltaR(first, second)\""),
        ["Muon_eta", "Muon_phi", "Muon_pt"]
    );
    assert_eq!(
        branches(
            "rows = \"event\"\nwhere = \"nMuon > 1\"\nkeep = [\"run\"]\nlabels = [\"HLT_Mu17\"]"
        ),
        ["HLT_Mu17", "nMuon", "run"]
    );
}

#[test]
fn missing_labels_follow_their_policy() {
    let body = |policy: &str| {
        format!(
            "rows = \"event\"\nlabels = [\"HLT_Mu17\", \"HLT_Mu8\"]\nmissing_labels = \"{policy}\""
        )
    };
    let rows = run(&body("null"));
    let label = rows.batch.column_by_name("HLT_Mu8").unwrap().clone();
    assert_eq!((label.null_count(), label.len()), (4, 4));
    assert!(
        rows.batch
            .schema()
            .fields()
            .iter()
            .all(|field| field.is_nullable())
    );
    let rows = run(&format!("{}\nselect = \"!HLT_Mu8\"", body("false")));
    assert_eq!(rows.batch.num_rows(), 4);
    assert!(!rows.batch.schema().field(1).is_nullable());
    let message = compile(&body("error"), &batch().schema()).unwrap_err();
    assert_eq!(
        message,
        "stage[0].labels[1]: no branch \"HLT_Mu8\"; nearest: HLT_Mu17; \
         missing_labels = \"false\" or \"null\" would allow it"
    );
}

/// Unsigned bytes in one file and signed ones in the next are read as what holds both: every shard failed.
#[test]
fn a_label_of_unsigned_and_signed_bytes_is_read_as_wider_numbers() {
    let label = |values: [i16; 2]| -> ArrayRef { Arc::new(Int16Array::from(values.to_vec())) };
    let events = |values| RecordBatch::try_from_iter([("HLT_Mu17", label(values))]).unwrap();
    let body = "rows = \"event\"\nlabels = [\"HLT_Mu17\"]";
    let program = compile(body, &events([0, 1]).schema()).unwrap();
    let rows = program.run(&events([0, 1]), None).unwrap();
    let found = rows.batch.column_by_name("HLT_Mu17").unwrap().as_boolean();
    assert_eq!(found.iter().collect::<Vec<_>>(), [Some(false), Some(true)]);
    let wrong = program.run(&events([0, 2]), None).unwrap_err();
    assert!(wrong.to_string().contains("HLT_Mu17"), "{wrong}");
}

#[test]
fn a_select_that_names_a_score_waits_for_it() {
    let body = "rows = \"event\"\nkeep = [\"run\", \"MET_pt\"]\nselect = \"score > 0.5 && MET_pt < 4\"\n\
                [[stage.model]]\nname = \"score\"\nonnx = \"m.onnx\"\ninputs = [\"MET_pt\"]";
    let batch = batch();
    let program = compile(body, &batch.schema()).unwrap();
    assert_eq!(
        program.scored_step().as_deref(),
        Some("select score > 0.5 && MET_pt < 4")
    );
    let mut rows = program.run(&batch, None).unwrap();
    assert_eq!(rows.batch.num_rows(), 4);
    let mut columns: Vec<(String, ArrayRef)> = vec![];
    for (field, column) in rows
        .batch
        .schema()
        .fields()
        .iter()
        .zip(rows.batch.columns())
    {
        columns.push((field.name().clone(), column.clone()));
    }
    columns.push((
        "score".into(),
        Arc::new(Float32Array::from(vec![0.9, f32::NAN, 0.6, 0.7])),
    ));
    rows.batch = RecordBatch::try_from_iter(columns).unwrap();
    let rows = program.select_scored(rows).unwrap();
    assert_eq!(rows.event_index.values(), &[0, 2]);
    assert_eq!(f32s(&rows, "score"), [0.9, 0.6]);
}

#[test]
fn a_value_that_its_type_cannot_hold_is_an_error() {
    let program = compile(
        "rows = \"event\"\n[stage.columns]\nn = { value = \"run * 3000000000\", type = \"i32\" }",
        &batch().schema(),
    );
    let error = program
        .unwrap()
        .run(&batch(), None)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "column \"n\" is stored as Int32, which cannot hold 3000000000: give it a type that does, \
         such as \"i64\", \"u64\" or \"f64\""
    );
}

/// What is finite in double precision and stored in single is not infinite without a word.
#[test]
fn a_finite_value_beyond_single_precision_is_an_error() {
    let compiled = |value: &str| {
        let stage = format!("rows = \"event\"\n[stage.columns]\na = {value}");
        compile(&stage, &batch().schema()).unwrap()
    };
    let said = compiled("\"run * 1e39\"").run(&batch(), None).unwrap_err();
    let said = said.to_string();
    assert!(
        said.starts_with("column \"a\" is stored as Float32"),
        "{said}"
    );
    for fine in [
        "\"run / 0.0\"",
        "\"run * 1e-60\"",
        "{ value = \"run * 1e39\", type = \"f64\" }",
    ] {
        assert!(compiled(fine).run(&batch(), None).is_ok(), "{fine}");
    }
}

/// An event number above 2^63 has a value, as it has in ROOT; one below zero has none.
#[test]
fn unsigned_values_are_stored_as_they_are() {
    let big = u64::MAX - 1;
    let event: ArrayRef = Arc::new(UInt64Array::from(vec![big, 3]));
    let batch = RecordBatch::try_from_iter([("event", event)]).unwrap();
    let run = |columns: &str| {
        let stage = format!("rows = \"event\"\n[stage.columns]\n{columns}");
        let program = compile(&stage, &batch.schema()).unwrap();
        program.run(&batch, None)
    };
    let rows = run("a = \"event - 1\"\nb = { value = \"event / 2\", type = \"u64\" }").unwrap();
    let column = |name: &str| rows.batch.column_by_name(name).unwrap().clone();
    let unsigned = |values: [u64; 2]| -> ArrayRef { Arc::new(UInt64Array::from(values.to_vec())) };
    assert_eq!(&column("a"), &unsigned([big - 1, 2]));
    assert_eq!(&column("b"), &unsigned([big / 2, 1]));
    for (column, cannot_hold) in [
        ("a = { value = \"4 - 10\", type = \"u64\" }", "-6"),
        (
            "a = { value = \"event\", type = \"i64\" }",
            "18446744073709551614",
        ),
        (
            "a = { value = \"event\", type = \"u32\" }",
            "18446744073709551614",
        ),
        (
            "a = { value = \"-1.0 * (event > 0)\", type = \"u32\" }",
            "-1",
        ),
    ] {
        let said = run(column).unwrap_err().to_string();
        assert!(
            said.contains(&format!("cannot hold {cannot_hold}")),
            "{said}"
        );
    }
}
