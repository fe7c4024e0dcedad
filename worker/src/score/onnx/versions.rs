//! Versions of operators and of the format: those that ONNX Runtime knows, and so every engine here, as
//! scores are the same whichever evaluates a model.

use super::message::{ModelProto, OperatorSetIdProto};
use super::standard;

/// The operator sets that are given away, from the first to the last version that ONNX Runtime 1.31.1 evaluates.
const OPERATOR_SETS: [(&str, i64, i64); 3] =
    [("", 7, 26), ("ai.onnx.ml", 1, 5), ("com.microsoft", 1, 1)];
/// The newest version of the format that it reads.
const FORMAT: i64 = 13;

/// The operator sets that a model may use, each once: of several of one domain the last one counts, as it does
/// for ONNX Runtime. Those of other domains are left out, as no operator uses them.
pub(super) fn known(all: Vec<OperatorSetIdProto>) -> Vec<OperatorSetIdProto> {
    let mut known: Vec<OperatorSetIdProto> = Vec::new();
    for set in all {
        let domain = standard(set.domain);
        let version = set.version;
        match known.iter_mut().find(|known| known.domain == domain) {
            Some(before) => before.version = version,
            None if OPERATOR_SETS.iter().any(|(known, ..)| *known == domain) => {
                known.push(OperatorSetIdProto { domain, version });
            }
            None => {}
        }
    }
    known
}

/// Why no engine is given a model of these versions; `domains` are those of its operators.
pub(super) fn unknown_version(model: &ModelProto, domains: &[&str]) -> Option<String> {
    let format = model.ir_version.unwrap_or_default();
    if format > FORMAT {
        return Some(format!(
            "its format is of version {format}, and those to {FORMAT} are read: save it in an older one \
             (model.ir_version = 10 in Python)"
        ));
    }
    for (domain, first, last) in OPERATOR_SETS {
        let name = if domain.is_empty() { "ai.onnx" } else { domain };
        let is_used = domains.contains(&domain);
        let mut versions = model.opset_import.iter();
        let Some(found) = versions.find(|set| set.domain == domain) else {
            if is_used {
                return Some(format!(
                    "it names no version of the operators of {name} (opset_import)"
                ));
            }
            continue;
        };
        let version = found.version;
        // Old ones say nothing of a model that has none of their operators.
        if version > last || (is_used && version < first) {
            let direction = if version > last {
                "an older"
            } else {
                "a newer"
            };
            return Some(format!(
                "it is of version {version} of the operators of {name}, and those from {first} to {last} are \
                 known: export it with {direction} one (opset_version, or target_opset, of the exporter)"
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operator_set_has_one_version_that_is_known() {
        let told = |sets: &[(&str, i64)], domains: &[&str]| {
            let sets = sets.iter().map(|(domain, version)| OperatorSetIdProto {
                domain: (*domain).to_owned(),
                version: *version,
            });
            let model = ModelProto {
                ir_version: Some(8),
                opset_import: known(sets.collect()),
                ..Default::default()
            };
            unknown_version(&model, domains)
        };
        // As exporters of trees write it, with domains of which there is no operator.
        let usual = [("ai.onnx", 1), ("ai.onnx.ml", 3), ("org.example", 9)];
        assert_eq!(told(&usual, &["ai.onnx.ml"]), None);
        let said = told(&usual, &["ai.onnx.ml", ""]).unwrap();
        assert!(
            said.contains("version 1 of the operators of ai.onnx"),
            "{said}"
        );
        let said = told(&[("", 17)], &["ai.onnx.ml"]).unwrap();
        assert!(
            said.contains("no version of the operators of ai.onnx.ml"),
            "{said}"
        );
        // The last one counts.
        assert_eq!(told(&[("", 30), ("ai.onnx", 19)], &[""]), None);
        assert!(told(&[("", 19), ("ai.onnx", 30)], &[""]).is_some());
        let said = told(&[("", 17), ("ai.onnx.ml", 6)], &[""]).unwrap();
        assert!(said.contains("from 1 to 5 are known"), "{said}");
    }
}
