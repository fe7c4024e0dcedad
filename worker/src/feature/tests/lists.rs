//! Columns with a value per member of a collection.

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Int64Type};

use super::{batch, compile, floats, run};
use crate::feature::Rows;

fn lists<T: ArrowPrimitiveType>(rows: &Rows, name: &str) -> Vec<Vec<T::Native>> {
    let column = rows.batch.column_by_name(name).unwrap();
    let lists = column.as_list::<i32>().iter();
    let values =
        |list: Option<arrow_array::ArrayRef>| list.unwrap().as_primitive::<T>().values().to_vec();
    lists.map(values).collect()
}

#[test]
fn a_column_of_members_stands_beside_them_and_is_read_as_one_of_them() {
    let rows = run(
        "keep = [\"Muon_pt\"]\n[stage.columns]\nMuon_pt2 = \"Muon_pt * 2\"\ntotal = \"sum(Muon_pt2)\"\n\
         Muon_part = \"Muon_pt2 / total\"\nMuon_charge2 = { value = \"Muon_charge * 2\", type = \"i64\" }\n\
         leading = \"count(Muon_part > 0.5)\"",
    );
    let doubled = lists::<Float32Type>(&rows, "Muon_pt2");
    assert_eq!(
        doubled,
        [vec![20.0, 40.0], vec![10.0], vec![], vec![14.0, 60.0, 14.0]]
    );
    let parts = lists::<Float32Type>(&rows, "Muon_part");
    for part in &parts {
        assert!(part.is_empty() || (part.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
    assert_eq!(
        lists::<Int64Type>(&rows, "Muon_charge2"),
        [vec![-2, 2], vec![2], vec![], vec![2, 2, -2]]
    );
    let leading = rows.batch.column_by_name("leading").unwrap();
    assert_eq!(leading.as_primitive::<Int64Type>().values(), &[1, 1, 0, 1]);
}

#[test]
fn members_of_events_that_do_not_pass_are_not_asked_for() {
    let body =
        "where = \"nMuon == 3\"\n[stage.columns]\nMuon_n = \"6 / (3 - nMuon + 0 * Muon_charge)\"";
    let program = compile(body, &batch().schema()).unwrap();
    let told = program.run(&batch(), None).unwrap_err();
    assert_eq!(told.entry(), Some(3), "{told}");
    let rows = run(
        "where = \"nMuon != 3\"\n[stage.columns]\nMuon_n = \"6 / (3 - nMuon + 0 * Muon_charge)\"",
    );
    let numbers = lists::<Int64Type>(&rows, "Muon_n");
    assert_eq!(numbers, [vec![6, 6], vec![3], vec![]]);
    assert_eq!(rows.event_index.values(), &[0, 1, 2]);
}

#[test]
fn groups_are_a_collection_of_their_own() {
    let rows = run(
        "[stage.columns]\nMuon_group = \"time_group(Muon_pt, 10)\"\n\
         Group_pt = \"sum(Muon_pt, by = Muon_group)\"\nGroup_any = \"any(Muon_charge < 0, by = Muon_group)\"\n\
         Group_half = \"Group_pt / 2\"\nMuon_rank = \"rank(-Muon_pt)\"\n\
         Muon_near = \"cluster(Muon_eta, Muon_phi, 1.2)\"\ngroups = \"Group_pt.size()\"",
    );
    assert_eq!(
        lists::<Int64Type>(&rows, "Muon_group"),
        [vec![0, 0], vec![0], vec![], vec![0, 1, 0]]
    );
    assert_eq!(
        lists::<Float32Type>(&rows, "Group_half"),
        [vec![15.0], vec![2.5], vec![], vec![7.0, 15.0]]
    );
    assert_eq!(
        lists::<Int64Type>(&rows, "Muon_rank"),
        [vec![1, 0], vec![0], vec![], vec![1, 0, 2]]
    );
    assert_eq!(
        lists::<Int64Type>(&rows, "Muon_near"),
        [vec![0, 1], vec![0], vec![], vec![0, 1, 1]]
    );
}

#[test]
fn wrong_lists_are_told() {
    let told = |columns: &str| {
        let body = format!("[stage.columns]\n{columns}");
        compile(&body, &batch().schema()).unwrap_err()
    };
    let cases = [
        ("pt2 = \"Muon_pt * 2\"", "name it Muon_…, such as Muon_pt2"),
        (
            "Muon_pt = \"Muon_pt * 2\"",
            "there is a column of this name",
        ),
        (
            "Muon_a = \"Muon_pt[Muon_pt > 3]\"",
            "a value for every member of Muon is needed",
        ),
        (
            "Muon_g = \"time_group(Muon_pt, -1)\"",
            "\"time_group\" ends with a number that is not negative",
        ),
        (
            "Muon_g = \"time_group(Muon_pt, nMuon)\"",
            "\"time_group\" ends with a number that is not negative",
        ),
        (
            "Muon_g = \"cluster(Muon_pt)\"",
            "\"cluster\" takes one list or more, and a distance",
        ),
        ("Muon_g = \"rank(MET_pt)\"", "\"rank\" needs a list"),
        (
            "Group_a = \"sum(Muon_pt, by = Muon_charge > 0)\"",
            "\"by\" needs a list column of group numbers",
        ),
        (
            "Group_a = \"sum(Muon_pt, by = Muon_eta)\"",
            "groups are whole numbers, but Muon_eta is a float",
        ),
        (
            "Group_a = \"1 + sum(Muon_pt, by = Muon_charge)\"",
            "write it alone",
        ),
        (
            "Muon_a = \"sum(Muon_pt, by = Muon_charge)\"",
            "name it Charge_…",
        ),
        (
            "Group_a = \"sqrt(Muon_pt, by = Muon_charge)\"",
            "not with \"sqrt\"",
        ),
    ];
    for (columns, expected) in cases {
        let message = told(columns);
        assert!(message.contains(expected), "{columns}: {message}");
    }
    let each = compile(
        "rows = { each = \"Muon\" }\n[stage.columns]\na = \"sum(Muon_pt, by = Muon_charge)\"",
        &batch().schema(),
    );
    let message = each.unwrap_err();
    assert!(message.contains("whose rows are events"), "{message}");
}

#[test]
fn group_numbers_that_are_none_name_the_entry() {
    let program = compile(
        "[stage.columns]\nMuon_group = \"Muon_charge * 20000\"\n\
         Group_n = \"count(Muon_pt, by = Muon_group)\"",
        &batch().schema(),
    );
    let told = program.unwrap().run(&batch(), None).unwrap_err();
    let message = told.to_string();
    assert!(
        message.contains("\"Muon_group\" has the group number -20000"),
        "{message}"
    );
    assert_eq!(told.entry(), Some(0));
    let body = "[stage.columns]\nMuon_group = \"0 * Muon_charge\"\nPhoton_group = \"0 * int(Photon_pt)\"\n\
                Group_n = \"count(Muon_pt, by = Muon_group)\"\n\
                Group_m = \"count(Photon_pt, by = Photon_group)\"";
    let batch = batch();
    let photons = floats(&[&[1.0], &[], &[1.0], &[1.0]]);
    let columns = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .zip(batch.columns().to_vec())
        .chain([("Photon_pt".to_owned(), photons)])
        .collect::<Vec<_>>();
    let batch = arrow_array::RecordBatch::try_from_iter(columns).unwrap();
    let told = compile(body, &batch.schema())
        .unwrap()
        .run(&batch, None)
        .unwrap_err();
    let message = told.to_string();
    assert!(
        message.contains("Group_n") && message.contains("Group_m"),
        "{message}"
    );
}
