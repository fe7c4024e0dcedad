//! What a person should know of an ensemble whose scores are not what its file seems to say.

use crate::score::error::Problem;
use crate::score::onnx::Node;

/// The converter that leaves out where missing values go, whatever the model has learned.
const FORGETFUL: &str = "skl2onnx";

/// Notes on an ensemble of a file that some program wrote.
pub(crate) fn notes(node: &Node, producer: &str) -> Result<Vec<String>, Problem> {
    let found = [transform(node)?, missing(node, producer)?];
    Ok(found.into_iter().flatten().collect())
}

/// A post-transform that is not applied, or is another one than the specification says.
fn transform(node: &Node) -> Result<Option<String>, Problem> {
    let operator = &node.operator;
    let attributes = &node.attributes;
    if operator == "TreeEnsemble" {
        let number = attributes.int("post_transform")?.unwrap_or(0);
        let (says, means) = match number {
            1 => ("SOFTMAX", "LOGISTIC"),
            2 => ("LOGISTIC", "SOFTMAX"),
            3 => ("SOFTMAX_ZERO", "SOFTMAX_ZERO"),
            _ => return Ok(None),
        };
        return Ok(match attributes.int("n_targets")?.unwrap_or(0) {
            1 => Some(raw(operator, &format!("{number} ({says})"), "one target")),
            _ if says == means => None,
            _ => Some(format!(
                "its {operator} says post_transform {number}, which is {says} in the ONNX \
                 specification and {means} in ONNX Runtime: {means} is applied"
            )),
        });
    }
    let name = attributes.string("post_transform")?;
    let name = name.as_deref().unwrap_or("NONE");
    if operator == "TreeEnsembleRegressor" {
        let ignored = ["LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"].contains(&name);
        let one = attributes.int("n_targets")?.unwrap_or(0) == 1;
        return Ok((ignored && one).then(|| raw(operator, name, "one target")));
    }
    let classes = attributes.strings("classlabels_strings")?.len()
        + attributes.ints("classlabels_int64s")?.len();
    let mut ids = attributes.ints("class_ids")?;
    ids.sort_unstable();
    ids.dedup();
    let (base, _) = attributes.numbers("base_values")?;
    let ignored = match classes {
        1 => ["LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"].contains(&name),
        2 => {
            ids.len() == 1
                && base.len() < 2
                && ["SOFTMAX", "SOFTMAX_ZERO", "PROBIT"].contains(&name)
        }
        _ => false,
    };
    Ok(ignored.then(|| raw(operator, name, "weights for one class")))
}

fn raw(operator: &str, name: &str, what: &str) -> String {
    format!(
        "its {operator} says post_transform {name}, which ONNX Runtime does not apply to {what}, and \
         neither does lumimill: its scores are raw sums of the trees, not probabilities; apply it \
         where they are used, or export the model as a classifier"
    )
}

/// Where missing values go when the file does not say it, or a converter forgot it.
fn missing(node: &Node, producer: &str) -> Result<Option<String>, Problem> {
    let tracks = node.attributes.ints("nodes_missing_value_tracks_true")?;
    if tracks.iter().any(|tracks| *tracks != 0) {
        return Ok(None);
    }
    let why = match tracks.is_empty() {
        true => String::from("it does not say where missing values go"),
        false if producer == FORGETFUL => format!(
            "it was written by {FORGETFUL}, which leaves out where missing values go (its \
             nodes_missing_value_tracks_true are all 0), even of models that were trained with some"
        ),
        false => return Ok(None),
    };
    Ok(Some(format!(
        "{why}: a row with NaN or null among the inputs fails every test of that input, as in ONNX \
         Runtime, and may be scored otherwise than in training"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::onnx::{AttributeProto, Attributes};

    fn attribute(name: &str, kind: i32) -> AttributeProto {
        AttributeProto {
            name: name.to_owned(),
            kind,
            ..AttributeProto::default()
        }
    }

    fn whole(name: &str, i: i64) -> AttributeProto {
        AttributeProto {
            i,
            ..attribute(name, 2)
        }
    }

    fn ints(name: &str, ints: &[i64]) -> AttributeProto {
        AttributeProto {
            ints: ints.to_vec(),
            ..attribute(name, 7)
        }
    }

    fn post(name: &str) -> AttributeProto {
        AttributeProto {
            s: name.as_bytes().to_vec(),
            ..attribute("post_transform", 3)
        }
    }

    /// Notes on an ensemble that says where missing values go.
    fn told(operator: &str, mut attributes: Vec<AttributeProto>) -> Vec<String> {
        attributes.push(ints("nodes_missing_value_tracks_true", &[1, 0, 0]));
        notes(&node(operator, &attributes), "skl2onnx").unwrap()
    }

    fn node(operator: &str, attributes: &[AttributeProto]) -> Node {
        Node {
            operator: operator.to_owned(),
            domain: "ai.onnx.ml".to_owned(),
            name: String::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            attributes: Attributes::of(attributes),
        }
    }

    #[test]
    fn raw_scores_of_a_regressor_are_told() {
        let regressor = |name: &str, targets| {
            told(
                "TreeEnsembleRegressor",
                vec![post(name), whole("n_targets", targets)],
            )
        };
        for name in ["LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"] {
            let found = regressor(name, 1);
            assert_eq!(found.len(), 1, "{found:?}");
            let says = format!("its TreeEnsembleRegressor says post_transform {name}, which");
            assert!(found[0].starts_with(&says), "{found:?}");
            assert_eq!(regressor(name, 3), Vec::<String>::new());
        }
        for name in ["NONE", "PROBIT"] {
            assert_eq!(regressor(name, 1), Vec::<String>::new());
        }
        let newest = |number, targets| {
            let attributes = vec![whole("post_transform", number), whole("n_targets", targets)];
            told("TreeEnsemble", attributes)
        };
        assert!(newest(2, 1)[0].contains("2 (LOGISTIC), which ONNX Runtime does not apply"));
        assert!(newest(1, 3)[0].ends_with("LOGISTIC is applied"));
        assert!(newest(2, 3)[0].ends_with("SOFTMAX is applied"));
        assert!(newest(3, 3).is_empty() && newest(0, 1).is_empty() && newest(4, 1).is_empty());
    }

    #[test]
    fn a_classifier_with_weights_for_one_class_has_raw_scores_but_for_logistic() {
        let classifier = |name: &str, ids: &[i64]| {
            let labels = ints("classlabels_int64s", &[0, 1]);
            let attributes = vec![post(name), labels, ints("class_ids", ids)];
            told("TreeEnsembleClassifier", attributes)
        };
        assert_eq!(classifier("SOFTMAX", &[0, 0]).len(), 1);
        for (name, ids) in [("LOGISTIC", [0, 0]), ("NONE", [1, 1]), ("SOFTMAX", [0, 1])] {
            assert_eq!(classifier(name, &ids), Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn missing_values_whose_direction_was_lost_are_told() {
        let of = |tracks: &[i64], producer: &str| {
            let tracks = ints("nodes_missing_value_tracks_true", tracks);
            notes(&node("TreeEnsembleRegressor", &[tracks]), producer).unwrap()
        };
        assert!(of(&[0, 0, 0], "skl2onnx")[0].starts_with("it was written by skl2onnx, which"));
        assert!(of(&[], "anybody")[0].starts_with("it does not say where missing values go"));
        // XGBoost without missing values in training: they go the way that the file says.
        assert_eq!(of(&[0, 0, 0], "OnnxMLTools"), Vec::<String>::new());
        assert_eq!(of(&[0, 1, 0], "skl2onnx"), Vec::<String>::new());
    }
}
