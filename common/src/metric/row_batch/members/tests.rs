//! Members as rows.

use arrow_array::types::{Float32Type, Int32Type};
use arrow_array::{Int32Array, ListArray};

use super::*;

/// Three events: of two hits and one edge, of none, and of three.
fn batch() -> RecordBatch {
    let lists = |values: Vec<Option<Vec<Option<f32>>>>| -> ArrayRef {
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(values))
    };
    let some = |values: &[f32]| Some(values.iter().copied().map(Some).collect::<Vec<_>>());
    let truth = [Some(vec![Some(1), Some(0)]), Some(vec![]), None];
    let columns: [(&str, ArrayRef); 5] = [
        ("run", Arc::new(Int32Array::from(vec![7, 8, 9]))),
        (
            "Hit_x",
            lists(vec![some(&[1.0, 2.0]), some(&[]), some(&[3.0, 4.0, 5.0])]),
        ),
        (
            "Hit_truth",
            Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(truth)),
        ),
        (
            "Hit_short",
            lists(vec![some(&[1.0, 2.0]), some(&[]), some(&[3.0])]),
        ),
        ("Group_p", lists(vec![some(&[0.5]), some(&[]), some(&[])])),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Columns of members, and the events that these are of.
type Found = (Vec<Vec<f64>>, Option<Vec<u32>>);

/// Those of hits.
fn members(names: &[&str]) -> Result<Found, FillError> {
    let batch = batch();
    let rows = RowBatch::of_events(&batch, &[0, 1, 2]).unwrap();
    let names = strings(names);
    let mut found = None;
    rows.each_member("Hit", &names.iter().collect::<Vec<_>>(), |members| {
        let columns = names.iter().map(|name| members.numbers(name));
        found = Some((columns.collect::<Result<_, _>>()?, members.event_numbers()));
        Ok(())
    })?;
    Ok(found.unwrap())
}

#[test]
fn what_an_event_has_is_that_of_all_of_its_members() {
    let (columns, events) = members(&["run", "Hit_x", "Hit_truth"]).unwrap();
    assert_eq!(columns[0], [7.0, 7.0, 9.0, 9.0, 9.0]);
    assert_eq!(columns[1], [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(columns[2][..2], [1.0, 0.0]);
    assert!(
        columns[2][2..].iter().all(|value| value.is_nan()),
        "a null list"
    );
    assert_eq!(events, Some(vec![0, 0, 1, 1, 1]));
}

#[test]
fn lists_of_other_members_are_refused_with_what_they_are() {
    let told = |names: &[&str]| members(names).unwrap_err().to_string();
    let lengths = told(&["Hit_x", "Hit_short"]);
    let expected = "`Hit_x` has 3 values where `Hit_short` has 1";
    assert!(lengths.contains(expected), "{lengths}");
    let other = told(&["Hit_x", "Group_p"]);
    assert!(other.contains("`Group_p` is no list of Hit_…"), "{other}");
    let none = told(&["run"]);
    assert!(none.contains("over = \"Hit\""), "{none}");
}

#[test]
fn events_are_never_cut_between_two_pieces() {
    let batch = batch();
    let numbers = [0, 0, 1];
    let rows = RowBatch::of_events(&batch, &numbers).unwrap();
    let many = MOST as u32;
    assert_eq!(rows.pieces(&[many, 1, 1]), [0..2, 2..3]);
    assert_eq!(rows.pieces(&[1, many - 1, 1]), [0..2, 2..3]);
    assert_eq!(rows.pieces(&[1, 1, many]), [0..2, 2..3]);
    assert_eq!(rows.pieces(&[1, 1, 1]).first(), Some(&(0..3)));
    let rows = RowBatch::try_new(&batch, None).unwrap();
    assert_eq!(rows.pieces(&[many, 1, many]), [0..1, 1..2, 2..3]);
    assert_eq!(rows.pieces(&[]).first(), Some(&(0..0)));
}
