//! `Float16_t` and `Double32_t` in every form, against what ROOT reads.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use std::path::Path;

use arrow_schema::DataType;
use lumimill_rootfile::{RootFile, Tree, checksum};
use serde_json::Value;

fn tree(file: &str) -> Tree {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    RootFile::open(data.join(file)).unwrap().tree("T").unwrap()
}

#[test]
fn packed_numbers_agree_with_root() {
    let expected: Value = serde_json::from_str(include_str!("packed_checksums.json")).unwrap();
    let (mut compared, mut wrong) = (0, Vec::new());
    for (file, branches) in expected.as_object().unwrap() {
        let tree = tree(file);
        for (branch, expected) in branches.as_object().unwrap() {
            let found = checksum(&tree, branch);
            let same = found.as_ref().is_ok_and(|sum| {
                let counts = sum.counts_crc32.map_or(Value::Null, Value::from);
                *expected == serde_json::json!([sum.count, sum.crc32, counts])
            });
            compared += 1;
            if !same {
                wrong.push(format!("{file}: {branch}: {found:?} instead of {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 30, "{compared}");
}

#[test]
fn packed_numbers_have_the_types_of_the_numbers_that_they_are() {
    let types = |file: &str, branch: &str| {
        let tree = tree(file);
        let branch = tree.branch(branch).unwrap();
        (
            branch.type_name().to_owned(),
            branch.data_type().unwrap().clone(),
        )
    };
    let half = (String::from("Float16_t"), DataType::Float32);
    assert_eq!(types("leaves.root", "h"), half);
    let double = (String::from("Double32_t"), DataType::Float64);
    assert_eq!(types("leaves.root", "dr"), double);
    assert_eq!(types("leaves.root", "dv").0, "Double32_t[n]");
    assert_eq!(types("leaves.root", "f2").0, "Float16_t[2][2]");
}
