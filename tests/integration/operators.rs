//! The embedded engine, operator by operator, against ONNX Runtime in Python.

use lumimill_tests::{CampaignFolder, python};

use crate::lumimill;

#[test]
fn no_value_of_the_embedded_engine_is_another_one_than_of_onnx_runtime() {
    let folder = CampaignFolder::with_text("");
    let path = folder.path().to_str().unwrap();
    let Some(made) = python("operators.py", &["make", path]) else {
        return;
    };
    let made = made.expect_code(0);
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let compared = python("operators.py", &["compare", path]).unwrap();
    let compared = compared.expect_code(0);
    assert!(compared.out.contains("operators agree"), "{}", compared.out);
    // What would be another one fails its shard, and what to do is said.
    let refused: Vec<&str> = made.out.split_whitespace().collect();
    assert!(refused.len() > 5, "{refused:?}");
    for name in refused {
        let file = folder.join(&format!("{name}.toml"));
        let ended = lumimill().on("run", &file).expect_code(3);
        let said = format!("{}{}", ended.out, ended.err);
        assert!(
            said.contains("`lumimill runtime install`"),
            "{name}: {said}"
        );
    }
}
