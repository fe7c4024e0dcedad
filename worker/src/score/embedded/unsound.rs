//! What tract takes, and gives other values for than ONNX Runtime, or goes over other memory than its own.

use std::collections::HashSet;

use tract_onnx::pb::{GraphProto, NodeProto};

/// ONNX's numbers for the short floating-point numbers, which it multiplies without the digits between.
const HALVES: [i32; 2] = [10, 16];
/// Values under the window of a pool, at most: it goes over each of them for each value that it makes.
const WINDOW_LIMIT: i64 = 1 << 12;

/// Why a graph is not given to it: an operator, and what of it.
pub(super) fn unsound(graph: &GraphProto) -> Option<String> {
    let constants = graph.initializer.iter();
    let constants = constants.filter(|tensor| is_half(tensor.data_type));
    // What is of 16 bits: whatever computes with it is not given away, and makes no more of it.
    let mut halves: HashSet<&str> = constants.map(|tensor| tensor.name.as_str()).collect();
    graph.node.iter().find_map(|node| {
        let reads_halves = node.input.iter().any(|name| halves.contains(name.as_str()));
        let makes_halves = node.attribute.iter().any(|attribute| {
            let named = i32::try_from(attribute.i).is_ok_and(is_half);
            let held = attribute.t.as_ref();
            (attribute.name == "to" && named)
                || held.is_some_and(|tensor| is_half(tensor.data_type))
        });
        if makes_halves {
            halves.extend(node.output.iter().map(String::as_str));
        }
        let wrong = match node.op_type.as_str() {
            "Cast" => None,
            _ if reads_halves => Some(String::from(
                "computes with 16 bits, which it rounds in another way",
            )),
            "LinearClassifier" => of_classifier(node),
            "LinearRegressor" => of_regressor(node),
            "AveragePool" | "MaxPool" => of_pool(node),
            "ScatterElements" | "ScatterND" => of_scatter(node),
            _ => None,
        };
        wrong.map(|wrong| format!("operator {} {wrong}", node.op_type))
    })
}

fn is_half(element: i32) -> bool {
    HALVES.contains(&element)
}

fn floats(node: &NodeProto, name: &str) -> usize {
    let mut all = node.attribute.iter();
    let found = all.find(|attribute| attribute.name == name);
    found.map_or(0, |attribute| attribute.floats.len())
}

/// Coefficients and intercepts that do not go with the classes.
fn of_classifier(node: &NodeProto) -> Option<String> {
    let labels = node
        .attribute
        .iter()
        .filter(|attribute| attribute.name.starts_with("classlabels"));
    let labels = labels.map(|attribute| attribute.ints.len().max(attribute.strings.len()));
    of_linear(node, labels.max().unwrap_or(0), "classes", false)
}

fn of_regressor(node: &NodeProto) -> Option<String> {
    let mut all = node.attribute.iter();
    let targets = all.find(|attribute| attribute.name == "targets");
    let targets = targets.map_or(1, |attribute| usize::try_from(attribute.i).unwrap_or(0));
    of_linear(node, targets, "targets", true)
}

fn of_linear(node: &NodeProto, outputs: usize, of: &str, may_lack: bool) -> Option<String> {
    let (coefficients, intercepts) = (floats(node, "coefficients"), floats(node, "intercepts"));
    let rows = coefficients.checked_rem(outputs).filter(|rest| *rest == 0);
    let fits = intercepts == outputs || (may_lack && intercepts == 0);
    (rows.is_none() || coefficients == 0 || !fits).then(|| {
        format!("has {coefficients} coefficients and {intercepts} intercepts for {outputs} {of}")
    })
}

fn of_pool(node: &NodeProto) -> Option<String> {
    let mut all = node.attribute.iter();
    let shape = all.find(|attribute| attribute.name == "kernel_shape")?;
    let window = shape.ints.iter().copied().fold(1, i64::saturating_mul);
    (window > WINDOW_LIMIT)
        .then(|| format!("goes over {window} values at a time, more than {WINDOW_LIMIT}"))
}

/// NaN is lost by its largest and least values.
fn of_scatter(node: &NodeProto) -> Option<String> {
    let mut all = node.attribute.iter();
    let reduction = all.find(|attribute| attribute.name == "reduction")?;
    let is_lossy = [&b"max"[..], b"min"].contains(&reduction.s.as_slice());
    is_lossy.then(|| String::from("takes the largest or least of values, and would lose NaN"))
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::{AttributeProto, TensorProto};

    use super::*;

    fn told(operator: &str, attributes: Vec<AttributeProto>) -> Option<String> {
        let node = NodeProto {
            op_type: operator.to_owned(),
            attribute: attributes,
            ..Default::default()
        };
        unsound(&GraphProto {
            node: vec![node],
            ..Default::default()
        })
    }

    fn attribute(name: &str, count: usize) -> AttributeProto {
        AttributeProto {
            name: name.to_owned(),
            floats: vec![1.0; count],
            ints: vec![300; count],
            ..Default::default()
        }
    }

    /// The engine went over memory that was not its own, and the process ended or not.
    #[test]
    fn a_linear_classifier_with_an_intercept_too_few_is_refused() {
        let of = |coefficients, intercepts, labels| {
            told(
                "LinearClassifier",
                vec![
                    attribute("coefficients", coefficients),
                    attribute("intercepts", intercepts),
                    attribute("classlabels_ints", labels),
                ],
            )
        };
        assert_eq!(of(24, 2, 2), None);
        assert_eq!(
            of(24, 1, 2).unwrap(),
            "operator LinearClassifier has 24 coefficients and 1 intercepts for 2 classes"
        );
        for (coefficients, intercepts, labels) in [(12, 1, 2), (23, 2, 2), (0, 2, 2), (4, 0, 0)] {
            assert!(of(coefficients, intercepts, labels).is_some());
        }
        let regressor = |count| told("LinearRegressor", vec![attribute("coefficients", count)]);
        assert_eq!(regressor(3), None);
        assert!(regressor(0).is_some());
    }

    #[test]
    fn what_it_gives_other_values_for_is_refused() {
        let reduction = |s: &[u8]| AttributeProto {
            name: String::from("reduction"),
            s: s.to_vec(),
            ..Default::default()
        };
        assert!(told("ScatterElements", vec![reduction(b"max")]).is_some());
        assert_eq!(told("ScatterElements", vec![reduction(b"add")]), None);
        assert_eq!(told("MaxPool", vec![attribute("kernel_shape", 1)]), None);
        assert!(told("MaxPool", vec![attribute("kernel_shape", 2)]).is_some());
    }

    #[test]
    fn only_what_computes_with_16_bits_is_refused() {
        let node = |operator: &str, input: &str, output: &str, to: i64| NodeProto {
            op_type: operator.to_owned(),
            input: vec![input.to_owned()],
            output: vec![output.to_owned()],
            attribute: vec![AttributeProto {
                name: String::from("to"),
                i: to,
                ..Default::default()
            }],
            ..Default::default()
        };
        let of = |node: Vec<NodeProto>| {
            unsound(&GraphProto {
                node,
                initializer: vec![TensorProto {
                    name: String::from("w"),
                    data_type: 10,
                    ..Default::default()
                }],
                ..Default::default()
            })
        };
        let there_and_back = vec![node("Cast", "x", "h", 10), node("Cast", "h", "y", 1)];
        assert_eq!(of(there_and_back), None);
        assert_eq!(of(vec![node("Cast", "w", "y", 1)]), None);
        assert!(
            of(vec![node("Relu", "w", "y", 0)])
                .unwrap()
                .contains("16 bits")
        );
        let computed = vec![node("Cast", "x", "h", 10), node("Sigmoid", "h", "y", 0)];
        assert!(of(computed).is_some());
    }
}
