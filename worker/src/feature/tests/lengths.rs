//! Columns of one collection whose lengths differ: found before a value of one member is taken
//! for another's, whatever of a stage uses them.

use lumimill_common::own_length::with_own_lengths;

use super::*;

/// Two events with 2 and 1 muons by their pt, and with 1 and 2 by their charge; tracks that no
/// column counts, with hits of their own.
fn uneven() -> RecordBatch {
    let charges = [vec![Some(1)], vec![Some(1), Some(-1)]].map(Some);
    let charges = ListArray::from_iter_primitive::<Int32Type, _, _>(charges);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("nMuon", Arc::new(UInt32Array::from(vec![2, 1]))),
        ("MET_pt", Arc::new(Float32Array::from(vec![1.0, 2.0]))),
        ("Muon_pt", floats(&[&[10.0, 20.0], &[5.0]])),
        ("Muon_eta", floats(&[&[0.1, 0.2], &[0.3]])),
        ("Muon_charge", Arc::new(charges)),
        ("trk_pt", floats(&[&[1.0], &[2.0, 3.0]])),
        ("trk_hit_x", floats(&[&[1.0, 2.0], &[3.0]])),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn failure(body: &str) -> Option<(String, Option<usize>)> {
    let batch = uneven();
    let program = compile(body, &batch.schema()).unwrap_or_else(|message| panic!("{message}"));
    let error = program.run(&batch, None).err()?;
    Some((error.to_string(), error.entry()))
}

#[test]
fn members_of_different_length_fail_whatever_uses_them() {
    for body in [
        "rows = { each = \"Muon\", where = \"charge > 0\" }\n[stage.columns]\nmu_pt = \"pt\"",
        "rows = { pairs = \"Muon\", charge = \"opposite\" }\n[stage.columns]\nq1 = \"first.charge\"",
        "rows = { each = \"Muon\" }\nkeep = [\"pt\", \"charge\"]",
        "rows = { each = \"Muon\" }\nkeep = [\"pt\"]\nselect = \"charge > 0\"",
        "rows = \"event\"\nwhere = \"any(Muon_charge > 0)\"\n[stage.columns]\nht = \"sum(Muon_pt)\"",
        "rows = \"event\"\nkeep = [\"Muon_pt\", \"Muon_charge\"]",
        "rows = \"event\"\n[stage.columns]\nx = \"sum(trk_pt) + sum(trk_hit_x)\"",
    ] {
        let (message, entry) = failure(body).unwrap_or_else(|| panic!("{body}"));
        assert_eq!(entry, Some(0), "{body}");
        assert!(message.contains(" value"), "{message}");
    }
    let (message, _) = failure("rows = \"event\"\nkeep = [\"Muon_pt\", \"Muon_charge\"]").unwrap();
    assert_eq!(
        message,
        "column \"Muon_charge\" has 1 value and \"Muon_pt\" has 2: columns of one collection whose \
         members do not belong together; filter both alike when the file is made, or use one of them"
    );
}

#[test]
fn what_is_not_put_together_may_differ_in_length() {
    for body in [
        "rows = { each = \"Muon\" }\nkeep = [\"MET_pt\"]\n[stage.columns]\nx = \"pt + eta\"",
        "rows = \"event\"\nkeep = [\"Muon_charge\"]",
        // No counter says that these are one collection.
        "rows = \"event\"\nkeep = [\"trk_pt\", \"trk_hit_x\"]",
    ] {
        assert_eq!(failure(body), None, "{body}");
    }
}

#[test]
fn the_event_that_differs_is_named_in_a_slice_too() {
    let batch = uneven();
    let program = compile(
        "rows = \"event\"\nkeep = [\"Muon_pt\", \"Muon_charge\"]",
        &batch.schema(),
    )
    .unwrap();
    let error = program.run(&batch.slice(1, 1), None).unwrap_err();
    assert_eq!(error.entry(), Some(0));
    assert!(
        error
            .to_string()
            .contains("has 2 values and \"Muon_pt\" has 1"),
        "{error}"
    );
}

#[test]
fn arrays_of_different_sizes_are_a_mistake() {
    let list = |size| {
        let item = arrow_schema::Field::new("item", arrow_schema::DataType::Float32, false);
        arrow_schema::DataType::FixedSizeList(Arc::new(item), size)
    };
    let field = |name: &str, size| arrow_schema::Field::new(name, list(size), false);
    let schema = arrow_schema::Schema::new(vec![field("Sim_x", 3), field("Sim_y", 4)]);
    let message = compile(
        "rows = \"event\"\n[stage.columns]\nx = \"sum(Sim_x)\"\ny = \"sum(Sim_y)\"",
        &schema,
    );
    assert_eq!(
        message.unwrap_err(),
        "stage[0]: branches \"Sim_x\" and \"Sim_y\" of one collection have 3 and 4 values an event, \
         and cannot be used together"
    );
}

/// The same events; their charges are not counted by what counts muons.
fn filtered() -> (RecordBatch, arrow_schema::Schema) {
    let batch = uneven();
    let schema = batch.schema().as_ref().clone();
    let schema = with_own_lengths(schema, [String::from("Muon_charge")]);
    (batch, schema)
}

#[test]
fn columns_that_were_filtered_alike_are_held_against_their_counter() {
    let (batch, schema) = filtered();
    for body in [
        "rows = { each = \"Muon\" }\nkeep = [\"charge\"]",
        "rows = { each = \"Muon\", where = \"charge > 0\" }\nkeep = [\"MET_pt\"]",
        "rows = \"event\"\n[stage.columns]\nq = \"sum(Muon_charge)\"",
        "rows = \"event\"\nkeep = [\"nMuon\", \"Muon_charge\"]",
        "rows = \"event\"\nwhere = \"nMuon > 0\"\nkeep = [\"Muon_charge\"]",
    ] {
        let program = compile(body, &schema).unwrap_or_else(|message| panic!("{message}"));
        assert!(
            program.branches().contains(&String::from("nMuon")),
            "{body}"
        );
        let error = program.run(&batch, None).expect_err(body);
        assert_eq!(error.entry(), Some(0), "{body}");
        assert_eq!(
            error.to_string(),
            "column \"Muon_charge\" has 1 value and \"nMuon\" says 2: its members do not belong to \
             what is counted; filter both alike when the file is made, or leave \"nMuon\" out of it"
        );
    }
}

#[test]
fn a_counter_is_not_read_where_it_cannot_differ_or_nothing_is_put_together() {
    let (_, schema) = filtered();
    for body in [
        "rows = { each = \"Muon\" }\nkeep = [\"pt\", \"eta\"]",
        "rows = \"event\"\nkeep = [\"Muon_charge\"]",
    ] {
        let program = compile(body, &schema).unwrap_or_else(|message| panic!("{message}"));
        assert!(
            !program.branches().contains(&String::from("nMuon")),
            "{body}"
        );
    }
}
