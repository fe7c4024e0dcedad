//! Categories without rows: they are named, and nobody waits for them.

use std::fs;

use lumimill_tests::python;

use super::{STAGES, run, sample, text};
use crate::lumimill;

#[test]
fn an_empty_category_blocked_the_weights_of_all_others() {
    let edges = "edges = [0.5, 2.5, 4.5] }]\nnominal";
    assert!(STAGES.contains(edges));
    let stages = STAGES.replace(edges, "edges = [0.5, 2.5, 4.8, 9.0] }]\nnominal");
    let folder = sample::folder(16_000, &stages);
    let _ = run(&folder, "2");
    let report =
        |name: &str| fs::read_to_string(folder.output().join(format!("report/{name}"))).unwrap();
    let expected = "no row is in this category and in the range [1.8, 1.95]: nothing is fitted, and \
                    weights are null; take wider categories if rows should be there";
    let fits = report("massfit_fits.csv");
    for line in [
        "p_1,nominal,status,0",
        "p_2,nominal,status,4",
        "p_2,systematic,status,4",
    ] {
        assert!(fits.contains(line), "{line}\n{fits}");
    }
    let validity = report("massfit_validity.csv");
    let line = format!("p_2,kpi,empty,\"{expected}\"");
    assert!(validity.contains(&line), "{validity}");
    let page = report("index.html");
    assert!(page.contains(expected), "{page}");
    let file = folder.file();
    let ended = lumimill().run(&["run", text(&file)]).expect_code(0);
    let warned = format!("fit of M_D0, category p_2, is empty: {expected}");
    assert!((ended.out + &ended.err).contains(&warned));
    let status = lumimill().run(&["status", text(&file)]).expect_code(0).out;
    let said = format!("weights by massfit, category p_2: empty: {expected}");
    assert_eq!(status.matches(&said).count(), 1, "{status}");
    assert!(status.contains("of 6 columns in categories"), "{status}");
    // Rows of other categories have weights, and what is frozen says that it is nothing.
    let frozen = fs::read_to_string(folder.output().join("massfit/_fit/p_2.json")).unwrap();
    assert!(frozen.contains("\"models\": []"), "{frozen}");
    let output = folder.output();
    let args = [text(&output), "3"];
    if let Some(ended) = python("empty_category.py", &args) {
        let _ = ended.expect_code(0);
    }
    let tried = ["fit", text(&file), "--category", "p_2"];
    let told = lumimill().run(&tried).expect_code(1).err;
    assert!(told.contains(expected), "{told}");
    for command in ["verify", "report"] {
        let _ = lumimill().on(command, &file).expect_code(0);
    }
    // Where rows come in later, it is fitted.
    folder.change("4.8, 9.0] }]\nnominal", "4.0, 9.0] }]\nnominal");
    let replaced = ["run", text(&file), "--replace"];
    let _ = lumimill().run(&replaced).expect_code(0);
    assert!(report("massfit_fits.csv").contains("p_2,nominal,status,0"));
}
