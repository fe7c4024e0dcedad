//! Files of corrections against PyPI's correctionlib, efficiencies against those of PIDCalib2.

#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, in its fixtures as well"
)]

use lumimill_correction::{Axis, CorrectionFile, Efficiency, Input, Table};
use serde_json::Value;

const FILE: &[u8] = include_bytes!("data/corrections.json");
const TABLE: &str = include_str!("data/table.json");

fn expected(of: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("data/expected.json")).unwrap();
    all[of].as_array().unwrap().clone()
}

fn compare(file: &CorrectionFile, of: &str) {
    for row in expected(of) {
        let correction = file.correction(row["name"].as_str().unwrap()).unwrap();
        let given = row["inputs"].as_array().unwrap();
        let inputs: Vec<Input<'_>> = given
            .iter()
            .map(|value| match value {
                Value::String(text) => Input::Text(text),
                number if number.is_i64() => Input::Int(number.as_i64().unwrap()),
                number => Input::Real(number.as_f64().unwrap()),
            })
            .collect();
        let found = correction.evaluate(&inputs);
        match row["value"].as_f64() {
            Some(value) => {
                let found = found.unwrap_or_else(|error| panic!("{row}: {error}"));
                assert!(
                    (found - value).abs() <= 1e-14 * value.abs(),
                    "{row}: {found}"
                );
            }
            None => assert!(found.is_err(), "{row}: {found:?}"),
        }
    }
}

#[test]
fn values_are_those_of_correctionlib() {
    compare(&CorrectionFile::parse(FILE).unwrap(), "corrections");
}

#[test]
fn formulas_are_those_of_correctionlib() {
    for row in expected("formulas") {
        let text = row["file"].as_str().unwrap();
        let file = CorrectionFile::parse(text.as_bytes())
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        let inputs = [Input::Real(2.0), Input::Real(3.0)];
        let found = file.correction("f").unwrap().evaluate(&inputs).unwrap();
        let value = row["value"].as_f64().unwrap();
        assert!(
            (found - value).abs() <= 1e-14 * value.abs(),
            "{text}: {found} {value}"
        );
    }
}

/// An efficiency in two axes with its variations, and one in a single axis.
fn tables() -> [Table; 2] {
    let p = Axis {
        name: "p".into(),
        edges: vec![-1.0, 0.5, 2.5],
    };
    let angle = Axis {
        name: "cosTheta".into(),
        edges: vec![f64::NEG_INFINITY, 0.0, 1.0, f64::INFINITY],
    };
    let efficiency = Table {
        name: "kpi > 0.2".into(),
        description: "efficiency of kpi > 0.2".into(),
        axes: vec![p.clone(), angle],
        variations: vec![
            (
                "nominal".into(),
                vec![0.1, 0.2, f64::NAN, 0.4, 0.5, 1.0 / 3.0],
            ),
            ("up".into(), vec![0.11, 0.22, 0.33, 0.44, 0.55, 0.66]),
        ],
    };
    let ratio = Table {
        name: "ratio".into(),
        description: "data over simulation".into(),
        axes: vec![p],
        variations: vec![("nominal".into(), vec![0.97, 1.03])],
    };
    [efficiency, ratio]
}

#[test]
fn tables_are_written_as_correctionlib_reads_them() {
    let written = Table::file(&tables(), "efficiencies of a test").unwrap();
    assert_eq!(
        written, TABLE,
        "write it again, and expected.json by corrections.py"
    );
    compare(&CorrectionFile::parse(written.as_bytes()).unwrap(), "table");
}

/// The file of such a table was left out without a word.
#[test]
fn a_bin_without_a_value_may_stand_on_an_axis_without_ends() {
    let [_, mut ratio] = tables();
    ratio.axes[0].edges = vec![f64::NEG_INFINITY, 0.0, f64::INFINITY];
    ratio.variations[0].1[1] = f64::NAN;
    let written = Table::file(&[ratio], "").unwrap();
    let file = CorrectionFile::parse(written.as_bytes()).unwrap();
    let found = |p: f64| {
        file.correction("ratio")
            .unwrap()
            .evaluate(&[Input::Real(p)])
    };
    assert!((found(-3.0).unwrap() - 0.97).abs() < 1e-15);
    assert!(found(3.0).is_err() && found(1e300).is_err());
}

#[test]
fn tables_that_are_none_are_refused() {
    let [efficiency, _] = tables();
    let refused = |change: &dyn Fn(&mut Table)| {
        let mut table = efficiency.clone();
        change(&mut table);
        Table::file(&[table], "").unwrap_err().to_string()
    };
    assert!(refused(&|table| table.axes.clear()).contains("needs axes"));
    assert!(refused(&|table| table.axes[0].edges = vec![1.0, 0.0]).contains("ascending"));
    assert!(refused(&|table| table.axes[1].name = "p".into()).contains("no two of one name"));
    assert!(refused(&|table| table.variations[1].0 = "nominal".into()).contains("one variation"));
    let short = refused(&|table| table.variations[1].1.truncate(2));
    assert_eq!(
        short,
        "variation \"up\" of the table \"kpi > 0.2\" has 2 values for 6 bins"
    );
}

fn refusal(json: &str) -> String {
    let file = CorrectionFile::parse(json.as_bytes());
    let found = file.and_then(|file| file.correction("a").cloned());
    found.unwrap_err().to_string()
}

/// A file of one correction of the input x.
fn file(data: &str) -> String {
    format!(
        r#"{{"schema_version": 2, "corrections": [{{"name": "a", "version": 1, "inputs": [{{"name": "x", "type": "real"}}], "output": {{"name": "o", "type": "real"}}, "data": {data}}}]}}"#
    )
}

#[test]
fn files_that_cannot_be_evaluated_say_why() {
    assert!(refusal("no").starts_with("this is no JSON"));
    assert!(
        refusal(r#"{"schema_version": 1}"#)
            .starts_with("its schema_version is 1, this reads version 2")
    );
    assert!(refusal("{}").starts_with("its schema_version is missing"));
    let lwtnn = refusal(&file(r#"{"nodetype": "lwtnn"}"#));
    assert!(
        lwtnn.starts_with(
            "corrections[0] (\"a\").data: nodes of the type \"lwtnn\" are not evaluated"
        ),
        "{lwtnn}"
    );
    let prng = refusal(&file(
        r#"{"nodetype": "hashprng", "inputs": ["x"], "distribution": "normal"}"#,
    ));
    assert!(prng.contains("\"hashprng\""));
    let axis = r#"{"nodetype": "binning", "input": "pt", "edges": [0, 1], "content": [1.0], "flow": "clamp"}"#;
    assert_eq!(
        refusal(&file(axis)),
        "corrections[0] (\"a\").data.input: it names none of the inputs: x"
    );
    let count = r#"{"nodetype": "binning", "input": "x", "edges": [0, 1, 2], "content": [1.0], "flow": "clamp"}"#;
    assert_eq!(
        refusal(&file(count)),
        "corrections[0] (\"a\").data: the edges make 2 bins, content has 1"
    );
    let order = r#"{"nodetype": "binning", "input": "x", "edges": [0, 0], "content": [1.0], "flow": "clamp"}"#;
    assert!(refusal(&file(order)).contains("ascending numbers"));
    let empty = r#"{"nodetype": "binning", "input": "x", "edges": [0, 1], "content": [null], "flow": "clamp"}"#;
    assert!(refusal(&file(empty)).contains("content[0]: expected a number, or a node"));
    let formula = |text: &str| {
        let node = format!(
            r#"{{"nodetype": "formula", "expression": "{text}", "parser": "TFormula", "variables": ["x"]}}"#
        );
        refusal(&file(&node))
    };
    assert!(
        formula("gamma(x)")
            .contains("\"gamma\" is no function or variable that is known at position 0")
    );
    assert!(formula("x+y").contains("\"y\" is not among the variables"));
    assert!(formula("x+").contains("expected a number"));
    assert!(formula("x x").contains("expected an operator or the end"));
    assert!(formula(&"(".repeat(5000)).contains("deep"));
    assert!(formula(&"-".repeat(5000)).contains("at position"));
    // A chain is as deep as it is long, and overflowed the stack of who evaluated it.
    assert!(formula(&format!("{}1", "1+".repeat(30_000))).contains("at most 2000 operators"));
    // 50 kB asked for 128 GB of edges.
    let axes = vec![r#"{"n": 16777216, "low": 0, "high": 1}"#; 1000].join(", ");
    let inputs = vec!["\"x\""; 1000].join(", ");
    let many = format!(
        r#"{{"nodetype": "multibinning", "inputs": [{inputs}], "edges": [{axes}], "content": [1.0], "flow": "clamp"}}"#
    );
    assert!(refusal(&file(&many)).contains("the edges make too many bins, content has 1"));
    let deep = format!(
        "{}1{}",
        r#"{"nodetype": "transform", "input": "x", "rule": 1, "content": "#.repeat(5000),
        "}".repeat(5000)
    );
    assert!(refusal(&file(&deep)).starts_with("this is no JSON: recursion limit"));
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let file = CorrectionFile::parse(FILE).unwrap();
    let category = file.correction("by_category").unwrap();
    let evaluate = |inputs: &[Input<'_>]| category.evaluate(inputs).unwrap_err().to_string();
    assert_eq!(evaluate(&[]), "it takes 3 inputs, not 0");
    let real = [Input::Text("nominal"), Input::Real(1.0), Input::Real(0.0)];
    assert_eq!(evaluate(&real), "input \"charge\" is of the type int");
    let other = [Input::Text("nominal"), Input::Int(5), Input::Real(0.0)];
    assert_eq!(
        evaluate(&other),
        "charge = 5 is none of the categories: -1, 1"
    );
    let unknown = file.correction("missing").unwrap_err().to_string();
    assert_eq!(
        unknown,
        "it has no correction \"missing\", but \"binned\", \"clamped\", \"wrapped\", \"by_category\", \"moved\""
    );
}

#[test]
fn efficiencies_are_those_of_pidcalib2() {
    let rows: Value = serde_json::from_str(include_str!("data/pidcalib.json")).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 22);
    for row in rows {
        let number = |key: &str| row[key].as_f64().unwrap();
        let found = Efficiency::new(
            number("sumw_pass"),
            number("sumw2_pass"),
            number("sumw_total"),
            number("sumw2_total"),
        );
        let found = found.unwrap();
        assert!(
            (found.value / number("efficiency") - 1.0).abs() < 1e-12,
            "{row}"
        );
        assert!((found.error / number("error") - 1.0).abs() < 1e-12, "{row}");
    }
}

/// Of a file of many, as experiments publish them, one may be made of random numbers.
#[test]
fn a_correction_that_cannot_be_evaluated_spoils_no_other() {
    let text = file("1.5").replace(
        "\"corrections\": [",
        r#""corrections": [{"name": "smeared", "version": 1, "inputs": [{"name": "x", "type": "real"}], "output": {"name": "o", "type": "real"}, "data": {"nodetype": "hashprng", "inputs": ["x"], "distribution": "normal"}}, "#,
    );
    let file = CorrectionFile::parse(text.as_bytes()).unwrap();
    let found = file.correction("a").unwrap();
    assert!((found.evaluate(&[Input::Real(0.0)]).unwrap() - 1.5).abs() < 1e-15);
    let told = file.correction("smeared").unwrap_err().to_string();
    assert!(told.starts_with("corrections[0] (\"smeared\").data: nodes of the type \"hashprng\""));
}

#[test]
fn compressed_files_are_read_and_damaged_ones_are_told() {
    let text = file("1.5");
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut packed = vec![0; compressor.gzip_compress_bound(text.len())];
    let length = compressor
        .gzip_compress(text.as_bytes(), &mut packed)
        .unwrap();
    packed.truncate(length);
    assert!(
        CorrectionFile::parse(&packed)
            .unwrap()
            .correction("a")
            .is_ok()
    );
    let told = |bytes: &[u8]| CorrectionFile::parse(bytes).unwrap_err().to_string();
    let mut damaged = packed.clone();
    damaged[20] ^= 0xff;
    assert!(told(&damaged).contains("it is damaged"));
    let mut lying = packed.clone();
    lying[length - 4..].copy_from_slice(&[0, 0, 0, 9]);
    assert!(told(&lying).contains("its size is not that of what it holds"));
    assert!(told(&packed[..6]).contains("compressed by gzip"));
}

#[test]
fn the_texts_that_an_input_may_be_are_known() {
    let file = CorrectionFile::parse(FILE).unwrap();
    let category = file.correction("by_category").unwrap();
    assert!(category.categories(0).texts.contains(&"nominal".to_owned()));
    assert!(category.categories(1).texts.is_empty());
}
