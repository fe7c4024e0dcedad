//! Weights against what the file says, and what cannot have one.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float32Array, Int32Array, RecordBatch};
use lumimill_common::campaign::{Campaign, Outside};

use super::{Corrected, NoWeight, varied};
use crate::stage_model::StageModel;

/// Two axes and a charge, as `report/…_efficiency.json` is, and one without variations.
const FILE: &str = r#"{"schema_version": 2, "corrections": [
  {"name": "kpi > 0.2", "version": 1,
   "inputs": [{"name": "systematic", "type": "string"}, {"name": "p", "type": "real"}, {"name": "charge", "type": "int"}],
   "output": {"name": "value", "type": "real"},
   "data": {"nodetype": "category", "input": "systematic", "content": [
     {"key": "nominal", "value": {"nodetype": "binning", "input": "p", "edges": [0, 1, 2], "flow": "error", "content": [
        {"nodetype": "category", "input": "charge", "content": [{"key": 1, "value": 0.9}, {"key": -1, "value": 0.8}]}, 0.7]}},
     {"key": "stat_up", "value": {"nodetype": "binning", "input": "p", "edges": [0, 1, 2], "flow": "error", "content": [0.93, 0.75]}},
     {"key": "stat_down", "value": {"nodetype": "binning", "input": "p", "edges": [0, 1, 2], "flow": "error", "content": [0.87, 0.65]}},
     {"key": "syst_up", "value": {"nodetype": "binning", "input": "p", "edges": [0, 1, 2], "flow": "error", "content": [0.94, 0.7]}},
     {"key": "syst_down", "value": {"nodetype": "binning", "input": "p", "edges": [0, 1, 2], "flow": "error", "content": [0.86, 0.7]}}
   ]}},
  {"name": "plain", "version": 1, "inputs": [{"name": "p", "type": "real"}], "output": {"name": "value", "type": "real"},
   "data": {"nodetype": "formula", "expression": "2*x", "parser": "TFormula", "variables": ["p"]}},
  {"name": "muon", "version": 1,
   "inputs": [{"name": "year", "type": "string"}, {"name": "ValType", "type": "string"}],
   "output": {"name": "value", "type": "real"},
   "data": {"nodetype": "category", "input": "year", "content": [{"key": "2016", "value":
     {"nodetype": "category", "input": "ValType", "content": [{"key": "sf", "value": 1.0}, {"key": "systup", "value": 1.1}, {"key": "systdown", "value": 0.9}]}}]}}
]}"#;

/// The model of this `apply`, and all that is wrong with it.
fn load(apply: &str) -> Result<StageModel, String> {
    let text = format!(
        "name = \"c\"\noutput = \"out\"\n[[dataset]]\nname = \"d\"\nkind = \"mc\"\n\
         files = [\"a.root\"]\n[[stage]]\nname = \"s\"\nkeep = [\"p\"]\napply = {{ corrections = \
         \"pid.json\", {apply} }}\n"
    );
    let campaign = Campaign::parse(&text).map_err(|errors| errors.to_string())?;
    let files = |_: &str| Ok(FILE.as_bytes().to_vec());
    let spec = &campaign.stages[0].models[0];
    StageModel::load(&files, spec, &|_| true, None).map_err(|wrong| {
        let lines = wrong
            .iter()
            .map(|wrong| format!("{}: {}", wrong.key, wrong.message));
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn corrected(apply: &str) -> Arc<Corrected> {
    let model = load(apply).unwrap_or_else(|wrong| panic!("{wrong}"));
    model.corrected().unwrap()
}

fn rows(p: &[f32], charge: &[i32]) -> RecordBatch {
    let p: ArrayRef = Arc::new(Float32Array::from(p.to_vec()));
    let charge: ArrayRef = Arc::new(Int32Array::from(charge.to_vec()));
    RecordBatch::try_from_iter([("p", p), ("charge", charge)]).unwrap()
}

fn values(columns: &[ArrayRef]) -> Vec<Vec<f64>> {
    let columns = columns.iter();
    columns
        .map(|column| column.as_primitive::<Float64Type>().values().to_vec())
        .collect()
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-12
}

#[test]
fn a_weight_has_its_variations_in_quadrature() {
    let corrected = corrected("name = \"w\", correction = \"kpi > 0.2\"");
    assert_eq!(corrected.columns, ["w", "w_up", "w_down"]);
    let found = values(
        &corrected
            .evaluate(&rows(&[0.5, 0.5, 1.5], &[1, -1, 1]))
            .unwrap(),
    );
    assert_eq!(found[0], [0.9, 0.8, 0.7]);
    assert!(close(found[1][0], 0.9 + 0.03_f64.hypot(0.04)));
    assert!(close(found[1][2], 0.75) && close(found[2][2], 0.65));
    assert!(close(found[2][0], 0.9 - 0.03_f64.hypot(0.04)));
    assert!(close(varied(1.0, &[0.9, 1.05]), 1.0 - 0.1_f64.hypot(0.05)));
}

#[test]
fn variations_are_those_that_the_campaign_names() {
    let one = corrected(
        "name = \"w\", correction = \"kpi > 0.2\", variations = { stat = \"stat_up\" }, inputs = { p = \
         \"p\" }",
    );
    assert_eq!(one.columns, ["w", "w_stat"]);
    let found = values(&one.evaluate(&rows(&[0.5], &[1])).unwrap());
    assert_eq!(found, [[0.9], [0.93]]);
    let none = corrected("name = \"plain\", variations = {}");
    let found = values(&none.evaluate(&rows(&[0.5], &[1])).unwrap());
    assert_eq!(found, [[1.0]]);
    let muon = corrected(
        "name = \"sf\", correction = \"muon\", inputs = { year = \"'2016'\", ValType = \"'sf'\" }, varied \
         = \"ValType\", variations = { up = \"systup\", down = \"systdown\" }",
    );
    let found = values(&muon.evaluate(&rows(&[0.5], &[1])).unwrap());
    assert_eq!(found, [[1.0], [1.1], [0.9]]);
}

#[test]
fn a_row_outside_is_named_or_has_no_number() {
    let rows = rows(&[0.5, 2.5], &[1, 1]);
    let NoWeight { row, message } = corrected("name = \"w\", correction = \"kpi > 0.2\"")
        .evaluate(&rows)
        .unwrap_err();
    assert_eq!(row, Some(1));
    assert_eq!(
        message,
        "p = 2.5 lies outside of the bins, and the correction has no value there; outside = \"nan\" \
         gives such rows NaN"
    );
    let open = corrected("name = \"w\", correction = \"kpi > 0.2\", outside = \"nan\"");
    assert_eq!(open.outside, Outside::Nan);
    let found = values(&open.evaluate(&rows).unwrap());
    assert!(close(found[0][0], 0.9) && found.iter().all(|column| column[1].is_nan()));
    let strange = self::rows(&[0.5], &[3]);
    assert!(values(&open.evaluate(&strange).unwrap())[0][0].is_nan());
    let swapped =
        corrected("name = \"w\", correction = \"kpi > 0.2\", inputs = { charge = \"p\" }");
    let NoWeight { row, message } = swapped.evaluate(&rows).unwrap_err();
    assert_eq!(row, None);
    assert!(
        message.contains("its input charge is of the type int, and p is Float32"),
        "{message}"
    );
}

/// It was 0, and got the weight of that category.
#[test]
fn an_integer_that_is_null_is_outside() {
    let charge: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None]));
    let p: ArrayRef = Arc::new(Float32Array::from(vec![0.5, 0.5]));
    let rows = RecordBatch::try_from_iter([("p", p), ("charge", charge)]).unwrap();
    let strict = corrected("name = \"w\", correction = \"kpi > 0.2\"");
    let NoWeight { row, message } = strict.evaluate(&rows).unwrap_err();
    assert_eq!(row, Some(1));
    assert!(message.contains("charge = NaN"), "{message}");
    let open = corrected("name = \"w\", correction = \"kpi > 0.2\", outside = \"nan\"");
    let found = values(&open.evaluate(&rows).unwrap());
    assert!(close(found[0][0], 0.9) && found[0][1].is_nan());
}

#[test]
fn what_does_not_fit_the_file_is_told_with_what_it_has() {
    let told = |apply: &str| load(apply).unwrap_err();
    assert!(told("name = \"kpi > 0.2\"").contains(
        "stage[0].apply.name: \"kpi > 0.2\" is no name of a column: write name = \"weight\", correction \
         = \"kpi > 0.2\""
    ));
    assert_eq!(
        told("name = \"w\""),
        "name: pid.json: it has no correction \"w\", but \"kpi > 0.2\", \"plain\", \"muon\"; name is the \
         column, correction = \"…\" says which one it is of"
    );
    assert_eq!(
        told("name = \"plain\""),
        "variations: the correction has no text input, and so no variations: write variations = {}"
    );
    assert_eq!(
        told(
            "name = \"w\", correction = \"kpi > 0.2\", inputs = { P = \"p\", systematic = \"'up'\" }"
        ),
        "inputs.P: the correction has no input P, but systematic, p, charge; did you mean p?\n\
         inputs.systematic: the correction has no 'up': say what stands for no variation, one of \
         'nominal', 'stat_up', 'stat_down', 'syst_up', 'syst_down'"
    );
    assert_eq!(
        told("name = \"muon\""),
        "varied: is missing: the variations are values of one of year, ValType; give the others their \
         values in inputs"
    );
    assert_eq!(
        told("name = \"muon\", inputs = { year = \"'2017'\" }"),
        "inputs.year: the correction has no '2017' of year: one of '2016'\n\
         inputs.ValType: the correction has no 'nominal': say what stands for no variation, one of \
         'sf', 'systup', 'systdown'\n\
         variations: none of the values of ValType is up or ends with _up: say which ones are \
         variations, such as variations = { up = \"…\", down = \"…\" }, one of 'sf', 'systup', \
         'systdown'\n\
         variations: none of the values of ValType is down or ends with _down: say which ones are \
         variations, such as variations = { up = \"…\", down = \"…\" }, one of 'sf', 'systup', \
         'systdown'"
    );
    assert!(
        told("name = \"w\", correction = \"kpi > 0.2\", variations = { up = \"stat\" }")
            .starts_with("variations.up: the correction has no 'stat' of systematic")
    );
    assert!(
        told("name = \"w\", correction = \"kpi > 0.2\", inputs = { p = \"'x'\" }")
            .starts_with("inputs.p: is a number")
    );
}
