//! The embedded engine against ONNX Runtime, and against itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use lumimill_common::campaign::{
    EngineChoice, Model, ModelInputs, ModelOutput, ModelSource, NamedInput, NanPolicy,
};

use crate::score::{Evaluator, Gathering, Wrong, load};

fn sample(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/models");
    let path = folder.join(name);
    if !path.exists() {
        eprintln!("SKIPPED: the sample {name} is not here");
        return None;
    }
    Some(path)
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{prefix}{index}")).collect()
}

fn output(column: &str, output: &str, element: Option<usize>) -> ModelOutput {
    ModelOutput {
        column: column.to_owned(),
        output: output.to_owned(),
        element,
        part: None,
    }
}

fn spec(inputs: ModelInputs, outputs: Vec<ModelOutput>) -> Model {
    Model {
        name: "pid".to_owned(),
        source: ModelSource::Onnx("m.onnx".to_owned()),
        graph: None,
        inputs,
        class: None,
        outputs,
        nan: NanPolicy::Keep,
        engine: EngineChoice::Embedded,
    }
}

fn attention() -> Model {
    let input = |name: &str, prefix: &str, count| NamedInput {
        name: name.to_owned(),
        columns: names(prefix, count),
    };
    let inputs = vec![input("mask", "m", 4), input("features", "f", 21)];
    let class = |class| output(&format!("p{class}"), "probabilities", Some(class));
    spec(ModelInputs::Named(inputs), (0..4).map(class).collect())
}

/// Rows that were made up: features around 0, two of the four groups there or not.
fn rows(count: usize) -> RecordBatch {
    let value = |row: usize, column: usize| {
        ((row * 31 + column * 17 + 1) as f32 * 0.618_034).fract() * 4.0 - 2.0
    };
    let features = (0..21).map(|column| {
        let values = (0..count).map(|row| value(row, column));
        let values: ArrayRef = Arc::new(Float32Array::from_iter_values(values));
        (format!("f{column}"), values)
    });
    let masks = (0..4).map(|column| {
        let there = |row: usize| column > 1 || value(row, column + 21) > -1.0;
        let values = (0..count).map(|row| if there(row) { 1.0 } else { 0.0 });
        let values: ArrayRef = Arc::new(Float32Array::from_iter_values(values));
        (format!("m{column}"), values)
    });
    RecordBatch::try_from_iter(features.chain(masks)).unwrap()
}

fn scores(model: &dyn Evaluator, rows: &RecordBatch) -> Vec<Vec<u32>> {
    let columns = model.evaluate(&mut Gathering::of(rows)).unwrap();
    let bits = |column: &ArrayRef| {
        let values = column.as_primitive::<Float32Type>().values().iter();
        values.map(|value| value.to_bits()).collect()
    };
    columns.iter().map(bits).collect()
}

/// Reference: onnxruntime 1.32.0 on the same rows.
#[test]
fn masked_attention_agrees_with_onnx_runtime() {
    let Some(path) = sample("fse_attention.onnx") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let model = load("m.onnx", &bytes, &attention(), None).unwrap();
    assert_eq!(model.engine(), Some(super::ENGINE));
    let found = scores(model.as_ref(), &rows(3));
    let expected = [
        [0.226_045_16_f32, 0.262_760_16, 0.282_051_06, 0.229_143_6],
        [0.231_715_23, 0.264_777_96, 0.271_292_03, 0.232_214_78],
        [0.222_629_22, 0.275_342_64, 0.274_033_28, 0.227_994_8],
    ];
    for (row, of_row) in expected.iter().enumerate() {
        for (class, expected) in of_row.iter().enumerate() {
            let found = f32::from_bits(found[class][row]);
            assert!(
                (found - expected).abs() < 2e-6,
                "row {row}, class {class}: {found}"
            );
        }
    }
}

#[test]
fn bits_do_not_depend_on_the_rows_beside() {
    let Some(path) = sample("fse_attention.onnx") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let model = load("m.onnx", &bytes, &attention(), None).unwrap();
    let rows = rows(700);
    let whole = scores(model.as_ref(), &rows);
    for (start, length) in [(0, 1), (1, 300), (255, 2), (256, 256), (513, 187)] {
        let part = scores(model.as_ref(), &rows.slice(start, length));
        for (part, whole) in part.iter().zip(&whole) {
            assert!(
                part[..] == whole[start..start + length],
                "rows {start}+{length}"
            );
        }
    }
    assert!(model.notes().is_empty());
    assert!(
        scores(model.as_ref(), &rows.slice(0, 0))
            .iter()
            .all(Vec::is_empty)
    );
}

#[test]
fn the_engine_is_that_of_the_lock_file() {
    let lock = include_str!("../../../../Cargo.lock");
    let (version, _) = super::ENGINE.split_once('+').unwrap();
    let version = version.strip_prefix("tract ").unwrap();
    assert!(lock.contains(&format!("name = \"tract-onnx\"\nversion = \"{version}\"")));
}

fn told(model: &Model, bytes: &[u8]) -> Vec<String> {
    let wrong = load("m.onnx", bytes, model, None).map(|_| ()).unwrap_err();
    let text = |Wrong { key, message }: &Wrong| format!("{key}: {message}");
    wrong.iter().map(text).collect()
}

#[test]
fn every_mistake_says_where_it_is_and_what_the_model_has() {
    let Some(path) = sample("fse_attention.onnx") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let mut model = attention();
    let ModelInputs::Named(inputs) = &mut model.inputs else {
        panic!()
    };
    inputs[0].name = "masks".to_owned();
    let said = told(&model, &bytes);
    assert!(
        said[0].starts_with(
            "inputs.masks: model m.onnx: the model has no input \"masks\"; did you mean mask?"
        ),
        "{said:?}"
    );
    assert!(
        said[1].contains("gives nothing to the input mask: float [rows, 4]"),
        "{said:?}"
    );

    let mut model = attention();
    let ModelInputs::Named(inputs) = &mut model.inputs else {
        panic!()
    };
    inputs[1].columns.truncate(20);
    model.outputs.push(output("x", "probabilities", Some(4)));
    model.outputs.push(output("y", "probability", Some(0)));
    model.outputs.push(output("z", "probabilities", None));
    let said = told(&model, &bytes);
    assert!(
        said[0].starts_with("outputs.x:")
            && said[0].contains("has 4 values a row, numbered from 0: there is no 4"),
        "{said:?}"
    );
    assert!(
        said[1].contains("outputs.y") && said[1].contains("did you mean probabilities?"),
        "{said:?}"
    );
    assert!(
        said[2].contains("say which, such as \"probabilities[0]\""),
        "{said:?}"
    );
    model.outputs.truncate(4);
    let said = told(&model, &bytes);
    assert!(
        said[0].contains("features: float [rows, 21] and takes 21 columns, found 20"),
        "{said:?}"
    );

    let said = told(
        &spec(ModelInputs::Columns(names("f", 7)), Vec::new()),
        &bytes,
    );
    assert!(
        said[0].contains("inputs = { features = […], mask = […] }"),
        "{said:?}"
    );
    let mut model = attention();
    model.engine = EngineChoice::Trees;
    assert!(told(&model, &bytes)[0].contains("no"), "trees");
}

/// Of flipped bits most are refused, and some are other weights, which a hash tells; none ends the
/// process.
#[test]
fn spoilt_bytes_are_refused_or_scored() {
    let Some(path) = sample("fse_attention.onnx") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let rows = rows(2);
    let structure: Vec<usize> = (0..40).map(|step| step * 97).collect();
    let anywhere = (0..20).map(|step| step * 75_011 % bytes.len());
    for at in structure.into_iter().chain(anywhere) {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 1 << (at % 8);
        if let Ok(model) = load("m.onnx", &spoilt, &attention(), None) {
            let _ = model.evaluate(&mut Gathering::of(&rows));
        }
    }
    for length in [0, 1, 20, 3000, bytes.len() - 1] {
        assert!(load("m.onnx", &bytes[..length], &attention(), None).is_err());
    }
}

/// Models of one input, each a softmax over the rows of a batch, which depends on no order of them:
/// of floats, of whole numbers, of batches that are declared to be of three.
const ALONG_ROWS: [&[u8]; 3] = [
    b"\x08\x08\x12\x00:M\x0a\x1c\x0a\x01x\x12\x01y\x22\x07Softmax*\x0b\x0a\x04axis\x18\x00\xa0\x01\x02\x12\x01gZ\x14\x0a\x01x\x12\x0f\x0a\x0d\x08\x01\x12\x09\x0a\x03\x12\x01n\x0a\x02\x08\x01b\x14\x0a\x01y\x12\x0f\x0a\x0d\x08\x01\x12\x09\x0a\x03\x12\x01n\x0a\x02\x08\x01B\x04\x0a\x00\x10\x0d",
    b"\x08\x08\x12\x00:f\x0a\x17\x0a\x01x\x12\x01c\x22\x04Cast*\x09\x0a\x02to\x18\x01\xa0\x01\x02\x0a\x1c\x0a\x01c\x12\x01y\x22\x07Softmax*\x0b\x0a\x04axis\x18\x00\xa0\x01\x02\x12\x01gZ\x14\x0a\x01x\x12\x0f\x0a\x0d\x08\x07\x12\x09\x0a\x03\x12\x01n\x0a\x02\x08\x01b\x14\x0a\x01y\x12\x0f\x0a\x0d\x08\x01\x12\x09\x0a\x03\x12\x01n\x0a\x02\x08\x01B\x04\x0a\x00\x10\x0d",
    b"\x08\x08\x12\x00:K\x0a\x1c\x0a\x01x\x12\x01y\x22\x07Softmax*\x0b\x0a\x04axis\x18\x00\xa0\x01\x02\x12\x01gZ\x13\x0a\x01x\x12\x0e\x0a\x0c\x08\x01\x12\x08\x0a\x02\x08\x03\x0a\x02\x08\x01b\x13\x0a\x01y\x12\x0e\x0a\x0c\x08\x01\x12\x08\x0a\x02\x08\x03\x0a\x02\x08\x01B\x04\x0a\x00\x10\x0d",
];

#[test]
fn a_model_that_mixes_rows_is_given_one_at_a_time() {
    let input = NamedInput {
        name: String::from("x"),
        columns: vec![String::from("x")],
    };
    let model = spec(
        ModelInputs::Named(vec![input]),
        vec![output("y", "y", None)],
    );
    let [floats, whole, three] = ALONG_ROWS;
    let values: ArrayRef = Arc::new(Float32Array::from_iter_values((0..5).map(|row| row as f32)));
    let rows = RecordBatch::try_from_iter([("x", values)]).unwrap();
    for bytes in [floats, whole] {
        let model = load("m.onnx", bytes, &model, None).unwrap();
        assert!(
            model
                .notes()
                .iter()
                .any(|note| note.contains("one at a time"))
        );
        // Of one row, a softmax is 1.
        assert_eq!(scores(model.as_ref(), &rows), [[1.0_f32.to_bits(); 5]]);
    }
    let said = told(&model, three);
    assert!(
        said[0].contains("3 rows") && said[0].contains("beside it"),
        "{said:?}"
    );
}

/// The embedded engine evaluated what ONNX Runtime refuses, so that a campaign ran here and not there.
#[test]
fn versions_that_onnx_runtime_does_not_know_are_refused_by_both_engines() {
    let [floats, ..] = ALONG_ROWS;
    let input = NamedInput {
        name: String::from("x"),
        columns: vec![String::from("x")],
    };
    let with = |format: u8, operators: u8| {
        let mut bytes = floats.to_vec();
        bytes[1] = format;
        *bytes.last_mut().unwrap() = operators;
        bytes
    };
    let is_here = matches!(crate::runtime_library::find(), Ok(Some(_)));
    for engine in [EngineChoice::Embedded, EngineChoice::Runtime] {
        let mut model = spec(
            ModelInputs::Named(vec![input.clone()]),
            vec![output("y", "y", None)],
        );
        model.engine = engine;
        if engine == EngineChoice::Runtime && !is_here {
            continue;
        }
        for (format, operators, expected) in [
            (
                14,
                13,
                "its format is of version 14, and those to 13 are read: save it",
            ),
            (
                8,
                27,
                "version 27 of the operators of ai.onnx, and those from 7 to 26 are known: export it with an older",
            ),
            (
                8,
                5,
                "those from 7 to 26 are known: export it with a newer one",
            ),
        ] {
            let said = told(&model, &with(format, operators));
            assert!(said[0].contains(expected), "{engine:?}: {said:?}");
        }
        for (format, operators) in [(13, 26), (3, 13)] {
            assert!(load("m.onnx", &with(format, operators), &model, None).is_ok());
        }
    }
}

#[test]
fn inputs_that_no_columns_go_to_are_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graph_models");
    for (file, expected) in [
        (
            "three_dimensions",
            "inputs: model m.onnx: the model's input is x: float [rows, 3, 4], of 3 dimensions; a \
             table gives rows, or rows and columns: export the model with a Reshape in front",
        ),
        (
            "bytes",
            "inputs: model m.onnx: the model's input is x: uint8 [rows, 3]; columns go to tensors of \
             float, double, int64, int32 and bool only",
        ),
        (
            "halves",
            "inputs: model m.onnx: the model's input is x: float16 [rows, 3]; columns go to tensors of \
             float, double, int64, int32 and bool only: export the model with one of these \
             (convert_float_to_float16 of onnxconverter_common with keep_io_types = True",
        ),
        (
            "branches",
            "the embedded engine cannot evaluate it: it does not know operator If",
        ),
    ] {
        let bytes = std::fs::read(folder.join(format!("{file}.onnx"))).unwrap();
        let asked = [output("y", "y", Some(0))];
        let model = spec(ModelInputs::Columns(names("x", 3)), asked.to_vec());
        let mut said = told(&model, &bytes);
        if file == "three_dimensions" {
            // What is given is only looked at when what is asked for is there.
            let model = spec(ModelInputs::Columns(names("x", 3)), Vec::new());
            said = told(&model, &bytes);
        }
        assert!(said[0].contains(expected), "{file}: {said:?}");
    }
}
