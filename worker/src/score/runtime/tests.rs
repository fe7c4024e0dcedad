//! ONNX Runtime as it is used here against what it gives in Python (`make_graph_models.py`), and
//! against the engines of this program.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float32Array, Float64Array, RecordBatch};
use arrow_schema::DataType;
use lumimill_common::campaign::{
    EngineChoice, Model, ModelInputs, ModelOutput, ModelSource, NamedInput, NanPolicy,
};
use serde_json::Value;

use super::Runtime;
use crate::score::signature::{BoundInput, Outputs};
use crate::score::{Evaluator, Gathering, Wrong, load};

/// Whether the library is here; in CI it must be.
fn is_here() -> bool {
    match crate::runtime_library::find() {
        Ok(Some(_)) => true,
        found => {
            let is_ci = std::env::var_os("CI").is_some();
            assert!(!is_ci, "no ONNX Runtime: {found:?}");
            eprintln!("SKIPPED: ONNX Runtime is not here");
            false
        }
    }
}

fn sample(name: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/models");
    match std::fs::read(folder.join(name)) {
        Ok(bytes) if is_here() => Some(bytes),
        _ => {
            eprintln!("SKIPPED: the sample {name} is not here");
            None
        }
    }
}

fn small(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graph_models");
    std::fs::read(folder.join(name)).unwrap()
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|index| format!("{prefix}{index}")).collect()
}

fn spec(inputs: ModelInputs, outputs: &[(&str, Option<usize>)]) -> Model {
    let output = |(number, (output, element)): (usize, &(&str, Option<usize>))| ModelOutput {
        column: format!("c{number}"),
        output: (*output).to_owned(),
        element: *element,
        part: None,
    };
    Model {
        name: "m".to_owned(),
        source: ModelSource::Onnx("m.onnx".to_owned()),
        graph: None,
        inputs,
        class: None,
        outputs: outputs.iter().enumerate().map(output).collect(),
        nan: NanPolicy::Keep,
        engine: EngineChoice::Runtime,
    }
}

fn by(engine: EngineChoice, model: &Model) -> Model {
    let model = model.clone();
    Model { engine, ..model }
}

/// Columns of numbers that were made up.
fn columns(rows: usize, prefix: &str, count: usize) -> Vec<(String, ArrayRef)> {
    let value = |row: usize, column: usize| {
        ((row * 31 + column * 17 + 1) as f32 * 0.618_034).fract() * 4.0 - 2.0
    };
    let column = |column| -> ArrayRef {
        let values = (0..rows).map(|row| value(row, column));
        Arc::new(Float32Array::from_iter_values(values))
    };
    let of = |number| (format!("{prefix}{number}"), column(number));
    (0..count).map(of).collect()
}

fn table(columns: Vec<(String, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// All values of all columns as double.
fn scores(model: &dyn Evaluator, rows: &RecordBatch) -> Vec<Vec<f64>> {
    let columns = model.evaluate(&mut Gathering::of(rows)).unwrap();
    let types: Vec<DataType> = columns
        .iter()
        .map(|column| column.data_type().clone())
        .collect();
    assert_eq!(types, model.outputs());
    let doubles = |column: &ArrayRef| -> Vec<f64> {
        match column.data_type() {
            DataType::Float32 => {
                let values = column.as_primitive::<Float32Type>().values();
                values.iter().map(|value| f64::from(*value)).collect()
            }
            DataType::Float64 => column.as_primitive::<Float64Type>().values().to_vec(),
            DataType::Int64 => {
                let values = column.as_primitive::<Int64Type>().values();
                values.iter().map(|value| *value as f64).collect()
            }
            _ => {
                let values = column.as_boolean().values();
                values
                    .iter()
                    .map(|value| f64::from(u8::from(value)))
                    .collect()
            }
        }
    };
    columns.iter().map(doubles).collect()
}

fn bits(scores: &[Vec<f64>]) -> Vec<Vec<u64>> {
    let of = |column: &Vec<f64>| column.iter().map(|value| value.to_bits()).collect();
    scores.iter().map(of).collect()
}

fn told(model: &Model, bytes: &[u8]) -> String {
    let wrong = load("m.onnx", bytes, model, None).map(|_| ()).unwrap_err();
    let text = |Wrong { key, message }: &Wrong| format!("{key}: {message}");
    wrong.iter().map(text).collect::<Vec<_>>().join("\n")
}

/// The table of a model's inputs, and a campaign's model that asks for all of its outputs.
fn expected(of: &Value) -> (RecordBatch, Model, Vec<Vec<f64>>) {
    let rows = |value: &Value| -> Vec<Vec<f64>> {
        let row = |row: &Value| -> Vec<f64> {
            let row = row.as_array().unwrap().iter();
            row.map(|value| value.as_f64().unwrap()).collect()
        };
        value.as_array().unwrap().iter().map(row).collect()
    };
    let (mut all, mut inputs) = (Vec::new(), Vec::new());
    for (name, values) in of["inputs"].as_object().unwrap() {
        let values = rows(values);
        let columns = names(&format!("{name}_"), values[0].len());
        for (place, column) in columns.iter().enumerate() {
            let values = values.iter().map(|row| row[place]);
            let values: ArrayRef = Arc::new(Float64Array::from_iter_values(values));
            all.push((column.clone(), values));
        }
        let name = name.clone();
        inputs.push(NamedInput { name, columns });
    }
    let (mut asked, mut wanted) = (Vec::new(), Vec::new());
    for (name, values) in of["outputs"].as_object().unwrap() {
        let values = rows(values);
        let width = values[0].len();
        for element in 0..width {
            asked.push((name.as_str(), Some(element).filter(|_| width > 1)));
            wanted.push(values.iter().map(|row| row[element]).collect());
        }
    }
    (table(all), spec(ModelInputs::Named(inputs), &asked), wanted)
}

#[test]
fn models_score_as_in_python() {
    if !is_here() {
        return;
    }
    let all: Value = serde_json::from_slice(&small("expected.json")).unwrap();
    let all = all.as_object().unwrap();
    assert_eq!(all.len(), 11);
    for (name, of) in all {
        let (rows, mut model, wanted) = expected(of);
        let bytes = small(&format!("{name}.onnx"));
        if name.starts_with("forest") {
            // The file does not say how wide its labels are.
            model.outputs.retain(|output| output.output != "label");
        }
        let loaded = load(name, &bytes, &model, None);
        let loaded = loaded.unwrap_or_else(|wrong| panic!("{name}: {wrong:?}"));
        assert!(loaded.engine().unwrap().starts_with("onnxruntime 1."));
        assert_eq!(loaded.notes(), [""; 0], "{name}");
        let found = scores(loaded.as_ref(), &rows);
        for (found, wanted) in found
            .iter()
            .zip(wanted.iter().rev().take(found.len()).rev())
        {
            for (found, wanted) in found.iter().zip(wanted) {
                assert!((found - wanted).abs() < 1e-12, "{name}: {found} {wanted}");
            }
        }
    }
}

#[test]
fn trees_agree_with_the_native_engine() {
    for (file, width) in [
        ("lgbm_bin.onnx", 6),
        ("lgbm_bin_zipmap.onnx", 6),
        ("lgbm_bin_batch1.onnx", 6),
        ("lgbm_multi.onnx", 8),
        ("xgb_bin.onnx", 8),
    ] {
        let Some(bytes) = sample(file) else { return };
        let outputs: &[_] = match file.contains("zipmap") {
            true => &[("probabilities", Some(1))],
            false => &[],
        };
        let mut model = spec(ModelInputs::Columns(names("f", width)), outputs);
        if file.contains("multi") {
            let unsaid = load(file, &bytes, &model, None).unwrap_err();
            assert_eq!(unsaid[0].key, "class", "{unsaid:?}");
            model.class = Some(1);
        }
        let by_runtime = load(file, &bytes, &model, None).unwrap();
        assert_eq!(by_runtime.notes(), [""; 0], "{file}");
        let native = load(file, &bytes, &by(EngineChoice::Trees, &model), None).unwrap();
        assert_eq!(native.engine(), None);
        let rows = table(columns(1000, "f", width));
        let found = scores(by_runtime.as_ref(), &rows);
        let wanted = scores(native.as_ref(), &rows);
        for (found, wanted) in found[0].iter().zip(&wanted[0]) {
            assert!((found - wanted).abs() < 1e-6, "{file}: {found} {wanted}");
        }
    }
}

/// As skl2onnx writes classifiers unless it is told not to.
#[test]
fn a_zip_map_is_taken_off_and_a_class_is_a_column_of_what_is_before_it() {
    if !is_here() {
        return;
    }
    let all: Value = serde_json::from_slice(&small("expected.json")).unwrap();
    let (rows, named, wanted) = expected(&all["zipped"]);
    let bytes = small("zipped.onnx");
    let columns = named.inputs.columns();
    for engine in [
        EngineChoice::Auto,
        EngineChoice::Runtime,
        EngineChoice::Embedded,
    ] {
        for (class, wanted) in [
            (Some(0), &wanted[0]),
            (Some(1), &wanted[1]),
            (None, &wanted[1]),
        ] {
            let mut model = by(engine, &spec(ModelInputs::Columns(columns.clone()), &[]));
            model.class = class;
            let loaded = load("m.onnx", &bytes, &model, None).unwrap();
            let found = scores(loaded.as_ref(), &rows);
            for (found, wanted) in found[0].iter().zip(wanted) {
                assert!(
                    (found - wanted).abs() < 1e-6,
                    "{engine:?} {class:?}: {found} {wanted}"
                );
            }
        }
        let mut model = by(engine, &spec(ModelInputs::Columns(columns.clone()), &[]));
        model.class = Some(2);
        let said = told(&model, &bytes);
        assert!(
            said.contains("class: model m.onnx: 2: the model has 2 output columns"),
            "{said}"
        );
    }
    let Some(bytes) = sample("lgbm_bin_zipmap.onnx") else {
        return;
    };
    let rows = table(self::columns(100, "f", 6));
    let by_class = |engine| {
        let mut model = by(engine, &spec(ModelInputs::Columns(names("f", 6)), &[]));
        model.class = Some(0);
        scores(
            load("m.onnx", &bytes, &model, None).unwrap().as_ref(),
            &rows,
        )
    };
    let (native, runtime) = (
        by_class(EngineChoice::Trees),
        by_class(EngineChoice::Runtime),
    );
    for (one, other) in native[0].iter().zip(&runtime[0]) {
        assert!((one - other).abs() < 1e-6, "{one} {other}");
    }
}

/// XGBoost's hinge and models of several targets, by onnxmltools, say that they have one value a row: of two the
/// first was taken for the score, and that of trees was another one.
#[test]
fn what_a_file_says_wrongly_of_its_width_is_not_believed() {
    if !is_here() {
        return;
    }
    let mut bytes = small("forest_two.onnx");
    let name = b"probabilities";
    let last = bytes.windows(name.len()).rposition(|found| found == name);
    let two = [0x0a, 2, 8, 2];
    let rest = &mut bytes[last.unwrap()..];
    let place = rest.windows(two.len()).position(|found| found == two);
    rest[place.unwrap() + 3] = 1;
    let all: Value = serde_json::from_slice(&small("expected.json")).unwrap();
    let (rows, named, wanted) = expected(&all["forest_two"]);
    let columns = ModelInputs::Columns(named.inputs.columns());
    for engine in [
        EngineChoice::Auto,
        EngineChoice::Trees,
        EngineChoice::Runtime,
    ] {
        let is = |model: &Model, wanted: &[f64]| {
            let loaded = load("m.onnx", &bytes, model, None).unwrap();
            let found = scores(loaded.as_ref(), &rows);
            let pairs = found[0].iter().zip(wanted);
            for (found, wanted) in pairs {
                assert!(
                    (found - wanted).abs() < 1e-6,
                    "{engine:?}: {found} {wanted}"
                );
            }
        };
        let model = |class| Model {
            class,
            ..by(engine, &spec(columns.clone(), &[]))
        };
        is(&model(None), &wanted[1]);
        is(&model(Some(0)), &wanted[0]);
        is(&model(Some(1)), &wanted[1]);
        let said = told(&model(Some(2)), &bytes);
        assert!(said.contains("2: the model has 2 output columns"), "{said}");
        let output = |element| {
            by(
                engine,
                &spec(columns.clone(), &[("probabilities", element)]),
            )
        };
        is(&output(Some(1)), &wanted[1]);
        let said = told(&output(None), &bytes);
        assert!(said.contains("has 2 values a row: say which"), "{said}");
    }
}

/// Whatever is beside a row, and however many rows there are, also after other jobs.
#[test]
fn bits_do_not_depend_on_the_rows_beside() {
    let Some(bytes) = sample("fse_attention.onnx") else {
        return;
    };
    let input = |name: &str, prefix: &str, count| NamedInput {
        name: name.to_owned(),
        columns: names(prefix, count),
    };
    let inputs = vec![input("mask", "m", 4), input("features", "f", 21)];
    let outputs = [0, 1, 2, 3].map(|class| ("probabilities", Some(class)));
    let model = spec(ModelInputs::Named(inputs), &outputs);
    let loaded = load("m.onnx", &bytes, &model, None).unwrap();
    let mut all = columns(700, "f", 21);
    // Masks of two kinds: numbers above 0 are 1.
    let masks = columns(700, "m", 4).into_iter().map(|(name, column)| {
        let values = column.as_primitive::<Float32Type>().values().to_vec();
        let flags = values
            .iter()
            .map(|value| if *value > -1.5 { 1.0 } else { 0.0 });
        let flags: ArrayRef = Arc::new(Float32Array::from_iter_values(flags));
        (name, flags)
    });
    all.extend(masks);
    let rows = table(all);
    let whole = bits(&scores(loaded.as_ref(), &rows));
    let again = load("m.onnx", &bytes, &model, None).unwrap();
    for (start, length) in [(0, 0), (0, 1), (1, 300), (255, 2), (256, 256), (513, 187)] {
        for model in [&loaded, &again] {
            let part = bits(&scores(model.as_ref(), &rows.slice(start, length)));
            for (part, whole) in part.iter().zip(&whole) {
                assert!(part[..] == whole[start..start + length], "{start}+{length}");
            }
        }
    }
    assert!(loaded.notes().is_empty());
    let embedded = load("m.onnx", &bytes, &by(EngineChoice::Embedded, &model), None).unwrap();
    let other = scores(embedded.as_ref(), &rows);
    for (one, other) in scores(loaded.as_ref(), &rows).iter().zip(&other) {
        for (one, other) in one.iter().zip(other) {
            assert!((one - other).abs() < 1e-6, "{one} {other}");
        }
    }
}

#[test]
fn what_it_is_not_given_is_said() {
    if !is_here() {
        return;
    }
    let model = spec(ModelInputs::Columns(names("x", 3)), &[("y", Some(0))]);
    for (file, expected) in [
        ("random", "operator RandomNormalLike is random"),
        (
            "dropout",
            "operator Dropout is in training mode, and so random",
        ),
        ("unknown_operator", "Frobnicate"),
        ("unknown_domain", "operator Frobnicate of \"org.example\""),
        (
            "huge",
            "operator ConstantOfShape makes more values than it keeps",
        ),
        (
            "branches",
            "operator If holds a graph of its own: export the model without",
        ),
        (
            "deep",
            "outputs.c0: model m.onnx: output \"y\" has 3 dimensions",
        ),
        ("other_rows", "output \"y\" has 3 rows for"),
        ("text", "holds String, which makes no column"),
        (
            "mixes_three_rows",
            "declares batches of 3 rows, and its values for a row depend",
        ),
    ] {
        let loaded = load("m.onnx", &small(&format!("{file}.onnx")), &model, None);
        assert!(loaded.is_err(), "{file}");
        let said = told(&model, &small(&format!("{file}.onnx")));
        assert!(said.contains(expected), "{file}: {said}");
    }
    let four = spec(ModelInputs::Columns(names("x", 4)), &[("y", Some(0))]);
    let said = told(&four, &small("wrong_width.onnx"));
    assert!(
        said.contains("ONNX Runtime cannot evaluate it: onnxruntime: "),
        "{said}"
    );
    let mixing = load("m.onnx", &small("mixes_rows.onnx"), &model, None).unwrap();
    assert!(mixing.notes()[0].contains("one at a time"));
    // Of one row, the distance from the mean of all rows is 0.
    assert_eq!(
        scores(mixing.as_ref(), &table(columns(5, "x", 3))),
        [[0.0; 5]]
    );
}

/// By a column with a 0 the process was ended by a signal, and every job of the worker with it.
#[test]
fn whole_numbers_divided_by_zero_are_an_error_of_the_model() {
    if !is_here() {
        return;
    }
    let inputs = ["x", "d"].map(|name| NamedInput {
        name: name.to_owned(),
        columns: vec![name.to_owned()],
    });
    let mut model = spec(ModelInputs::Named(inputs.to_vec()), &[("y", Some(0))]);
    let bytes = small("whole_division.onnx");
    // Of rows that are made up, every second has 0.
    let said = told(&model, &bytes);
    assert!(
        said.contains("operator Div (\"/share/Div\") divides whole numbers by 0"),
        "{said}"
    );
    model.engine = EngineChoice::Embedded;
    let said = told(&model, &bytes);
    assert!(said.contains("divide by zero"), "{said}");
}

/// ONNX Runtime went over no values until the process had ended.
#[test]
fn memory_that_no_session_uses_is_given_back() {
    if is_here() {
        assert_eq!(super::shrink::shrink(), Ok(()));
        assert_eq!(super::shrink::shrink(), Ok(()), "a second time");
    }
}

#[test]
fn recurrence_over_no_values_is_an_error_of_the_model() {
    if !is_here() {
        return;
    }
    let model = spec(
        ModelInputs::Columns(names("x", 3)),
        &[("y", Some(0)), ("y", Some(1))],
    );
    let model = load("m.onnx", &small("recurrent.onnx"), &model, None).unwrap();
    assert!(model.notes()[0].contains("one at a time"));
    let of = |value: f64| {
        let column: ArrayRef = Arc::new(Float64Array::from(vec![value]));
        let columns = names("x", 3).into_iter();
        table(columns.map(|name| (name, column.clone())).collect())
    };
    let found = scores(model.as_ref(), &of(1.0));
    assert!(
        found
            .iter()
            .flatten()
            .all(|value| value.is_finite() && *value != 0.0)
    );
    let failed = model.evaluate(&mut Gathering::of(&of(-2000.0)));
    let said = failed.unwrap_err().to_string();
    assert!(
        said.contains("operator GRU (\"/gru\") is given no values"),
        "{said}"
    );
}

#[test]
fn what_was_planned_is_used_or_refused() {
    if !is_here() {
        return;
    }
    let bytes = small("network.onnx");
    let mut model = spec(ModelInputs::Columns(names("x", 3)), &[("p", Some(1))]);
    model.engine = EngineChoice::Auto;
    let chosen = load("m.onnx", &bytes, &model, None).unwrap();
    let here = chosen.engine().unwrap().to_owned();
    assert!(here.starts_with("onnxruntime 1."), "{here}");
    for planned in [here.as_str(), "tract 0.23.9+1"] {
        let loaded = load("m.onnx", &bytes, &model, Some(planned)).unwrap();
        assert_eq!(loaded.engine(), Some(planned));
        assert_eq!(crate::score::missing(planned), None);
    }
    assert_eq!(crate::score::missing(""), None);
    let said = crate::score::missing("onnxruntime 1.99.0").unwrap();
    assert!(
        said.contains(&format!("onnxruntime 1.99.0, found {here} here")),
        "{said}"
    );
    let said = crate::score::missing("tract 0.1.0").unwrap();
    assert!(
        said.contains("evaluated by tract 0.1.0, this program has tract 0.23.9+1"),
        "{said}"
    );
    assert!(load("m.onnx", &bytes, &model, Some("onnxruntime 1.99.0")).is_err());
}

/// A model with more to do than anybody waits for held its slot for ever.
#[test]
fn a_model_that_takes_too_long_is_ended_with_its_name_and_rows() {
    if !is_here() {
        return;
    }
    let model = spec(ModelInputs::Columns(names("x", 1)), &[("mean", None)]);
    let file = ("slow.onnx", String::new(), &small("slow.onnx")[..]);
    let input = BoundInput::number("x");
    let outputs = Outputs::Named(model.outputs);
    let loaded = Runtime::load(file, names("x", 1), vec![input], &outputs);
    let mut loaded = loaded.unwrap();
    let rows = table(columns(4096, "x", 1));
    assert_eq!(scores(&loaded, &rows)[0].len(), 4096);
    loaded.asked.limit = Duration::ZERO;
    loaded.best = OnceLock::from(4096);
    let failure = loaded.evaluate(&mut Gathering::of(&rows)).unwrap_err();
    let told = &failure.message;
    assert!(
        told.starts_with("model slow.onnx: onnxruntime: rows 0 to 4096 of a table took longer"),
        "{told}"
    );
    assert!(told.contains("and was ended"), "{told}");
    // Others, and itself when there is time, go on.
    loaded.asked.limit = Duration::from_secs(300);
    assert_eq!(scores(&loaded, &rows)[0].len(), 4096);
}

/// Of flipped bits some are other weights, which a hash tells; none ends the process.
#[test]
fn spoilt_models_are_refused_or_scored() {
    if !is_here() {
        return;
    }
    let rows = table(columns(3, "x", 3));
    let (mut refused, mut scored) = (0, 0);
    for (file, output, step) in [("network", "p", 1), ("only_one_row", "q", 3)] {
        let bytes = small(&format!("{file}.onnx"));
        let model = spec(ModelInputs::Columns(names("x", 3)), &[(output, Some(1))]);
        for at in (0..bytes.len()).step_by(step) {
            let mut spoilt = bytes.clone();
            spoilt[at] ^= 1 << (at % 8);
            match load("m.onnx", &spoilt, &model, None) {
                Ok(model) => {
                    let _ = model.evaluate(&mut Gathering::of(&rows));
                    scored += 1;
                }
                Err(_) => refused += 1,
            }
            let _ = load("m.onnx", bytes.get(..at).unwrap(), &model, None);
        }
    }
    assert!(
        refused > 100 && scored > 100,
        "{refused} refused, {scored} scored"
    );
}
