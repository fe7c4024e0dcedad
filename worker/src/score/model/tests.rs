//! Whole models: agreement with ONNX Runtime's scores, and what bad models get.

use std::path::PathBuf;

use super::*;

/// The folder of the sample models, or a loud line when it is not there.
fn samples() -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    let folder = std::env::var_os("LUMIMILL_SHARED")
        .map_or(beside, PathBuf::from)
        .join("data/models");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {} not found", folder.display());
    None
}

/// Header and rows of a CSV file of numbers.
fn read_csv(path: &std::path::Path) -> (Vec<String>, Vec<Vec<f32>>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header = lines
        .next()
        .unwrap()
        .split(',')
        .map(str::to_owned)
        .collect();
    let rows = lines
        .map(|line| {
            line.split(',')
                .map(|number| number.parse::<f64>().unwrap() as f32)
                .collect()
        })
        .collect();
    (header, rows)
}

fn columns(rows: &[Vec<f32>], width: usize) -> Vec<Vec<f32>> {
    (0..width)
        .map(|column| rows.iter().map(|row| row[column]).collect())
        .collect()
}

fn gather(columns: &[Vec<f32>]) -> Features {
    Features::from_columns(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap()
}

#[test]
fn scores_agree_with_the_references() {
    let Some(folder) = samples() else { return };
    let pairs = [
        ("lgbm_bin", "lgbm_bin"),
        ("lgbm_bin_zipmap", "lgbm_bin"),
        ("lgbm_bin_batch1", "lgbm_bin"),
        ("lgbm_multi", "lgbm_multi"),
        ("xgb_bin", "xgb_bin"),
        ("xgb_bin_h4ml", "xgb_bin"),
    ];
    for (name, reference) in pairs {
        let model = Model::from_bytes(
            name,
            &std::fs::read(folder.join(format!("{name}.onnx"))).unwrap(),
        )
        .unwrap();
        let (header, rows) = read_csv(&folder.join(format!("{reference}_ref.csv")));
        let width = header.iter().position(|name| name == "p0").unwrap();
        assert_eq!(model.width(), Some(width), "{name}");
        assert_eq!(model.classes(), header.len() - width, "{name}");
        model.check_inputs(&header[..width]).unwrap();
        let classes = model.classes();
        let mut all = Vec::new();
        model
            .score_all(&gather(&columns(&rows, width)), &mut all)
            .unwrap();
        assert_eq!(all.len(), rows.len() * classes);
        for (row, scores) in all.chunks(classes).enumerate() {
            for (class, (score, expected)) in scores.iter().zip(&rows[row][width..]).enumerate() {
                assert!(
                    (score - expected).abs() <= 1e-6,
                    "{name}, row {row}, class {class}: {score}, expected {expected}"
                );
            }
        }
        let few = gather(&columns(&rows[..300], width));
        for class in 0..classes {
            let mut scores = Vec::new();
            model.score(&few, class, &mut scores).unwrap();
            let column = all.iter().skip(class).step_by(classes).take(300);
            assert!(
                scores.len() == 300
                    && scores
                        .iter()
                        .zip(column)
                        .all(|(a, b)| a.to_bits() == b.to_bits())
            );
        }
    }
}

#[test]
fn a_score_does_not_depend_on_the_batch() {
    let Some(folder) = samples() else { return };
    let model =
        Model::from_bytes("xgb", &std::fs::read(folder.join("xgb_bin.onnx")).unwrap()).unwrap();
    let (_, rows) = read_csv(&folder.join("xgb_bin_ref.csv"));
    let rows = &rows[..700];
    let mut whole = Vec::new();
    model
        .score(&gather(&columns(rows, 8)), 1, &mut whole)
        .unwrap();
    for size in [1, 7, 33, 256] {
        let mut joined = Vec::new();
        for part in rows.chunks(size) {
            let mut scores = Vec::new();
            model
                .score(&gather(&columns(part, 8)), 1, &mut scores)
                .unwrap();
            joined.extend(scores);
        }
        assert!(
            joined
                .iter()
                .zip(&whole)
                .all(|(a, b)| a.to_bits() == b.to_bits()),
            "batches of {size}"
        );
    }
}

#[test]
fn metadata_names_the_features() {
    let Some(folder) = samples() else { return };
    let model = Model::from_bytes(
        "bdt.onnx",
        &std::fs::read(folder.join("xgb_bin_h4ml.onnx")).unwrap(),
    )
    .unwrap();
    let mut inputs = model.feature_names().unwrap().to_vec();
    assert_eq!(inputs[0], "kITSChi2NCl1");
    model.check_inputs(&inputs).unwrap();
    inputs.swap(2, 3);
    let message = model.check_inputs(&inputs).unwrap_err().to_string();
    assert!(
        message.starts_with("model bdt.onnx: feature 2 is \"kTPCChi2NCl1\" in the model's metadata, but input 2 is \"kTPCNSigmaEl1\"; give the inputs in the model's order: kITSChi2NCl1, "),
        "{message}"
    );
    let message = model.check_inputs(&inputs[..2]).unwrap_err().to_string();
    assert_eq!(
        message,
        "model bdt.onnx: takes 8 features, 2 inputs are given: kITSChi2NCl1, kTPCNClsCR1"
    );
    let message = model
        .score(
            &Features::from_columns(&[&[1.0]]).unwrap(),
            1,
            &mut Vec::new(),
        )
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "model bdt.onnx: takes 8 features, 1 inputs are given: 1 gathered columns"
    );
    let message = model
        .score(
            &Features::from_columns(&[&[0.5_f32] as &[f32]; 8]).unwrap(),
            2,
            &mut Vec::new(),
        )
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "model bdt.onnx: class 2 asked for, but the model has 2 output columns (0 to 1)"
    );
}

#[test]
fn other_graphs_need_onnx_runtime() {
    let Some(folder) = samples() else { return };
    for name in ["fse_attention.onnx", "graph_transformer.onnx"] {
        let error =
            Model::from_bytes(name, &std::fs::read(folder.join(name)).unwrap()).unwrap_err();
        assert!(error.needs_runtime(), "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("model {name}: no tree ensemble: operator ")),
            "{error}"
        );
    }
}

#[test]
fn a_cut_file_is_told_from_another_kind_of_file() {
    let Some(folder) = samples() else { return };
    let bytes = std::fs::read(folder.join("xgb_bin.onnx")).unwrap();
    for length in [
        2,
        3,
        20,
        40,
        1000,
        bytes.len() / 2,
        bytes.len() - 20,
        bytes.len() - 1,
    ] {
        let message = Model::from_bytes("m", &bytes[..length])
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("model m: truncated or damaged ONNX file: "),
            "{length}: {message}"
        );
    }
    let message = |bytes: &[u8]| Model::from_bytes("m", bytes).unwrap_err().to_string();
    assert_eq!(
        message(b""),
        "model m: the file is empty, expected an ONNX model"
    );
    assert_eq!(
        message(b"{\"a\": 1}"),
        "model m: not an ONNX file: expected a protobuf ModelProto, found JSON text"
    );
    assert_eq!(
        message(b"PK\x03\x04rest"),
        "model m: not an ONNX file: expected a protobuf ModelProto, found a ZIP archive"
    );
    assert_eq!(
        message(b"root\x00\x00\xf7"),
        "model m: not an ONNX file: expected a protobuf ModelProto, found a ROOT file"
    );
    assert_eq!(
        message(&[0xff; 9]),
        "model m: not an ONNX file: expected a protobuf ModelProto, found 9 bytes beginning ff ff ff ff ff ff ff ff"
    );
}

#[test]
fn the_digest_is_that_of_the_file() {
    let Some(folder) = samples() else { return };
    let bytes = std::fs::read(folder.join("xgb_bin.onnx")).unwrap();
    let model = Model::from_bytes("m", &bytes).unwrap();
    assert_eq!(model.sha256().len(), 64);
    let digest = Sha256::digest(&bytes);
    assert_eq!(model.sha256(), hex(&digest));
}
