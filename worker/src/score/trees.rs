//! Tree ensembles: the operators TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble
//! of ONNX, evaluated natively.
//!
//! [`table`] and [`linked`] read the two ways in which ONNX lays out nodes, [`tree`] checks them and
//! brings every test to one form, [`exit`] finds the leaf that each row reaches, and
//! [`aggregate`] and [`transform`] turn leaves into scores as ONNX Runtime does. Sums run in the
//! order of the trees, so that a row's score does not depend on the batch it is in.

mod aggregate;
mod code;
mod ensemble;
mod exit;
mod forest;
mod leaves;
mod linked;
mod notes;
mod runner;
mod table;
mod transform;
mod tree;

pub(crate) use ensemble::{CHUNK_ROWS, Ensemble};
pub(crate) use notes::notes;
pub(crate) use transform::{logistic, softmax};

use super::error::Problem;
use super::onnx::Node;

/// The operator set of the machine-learning operators.
pub(crate) const DOMAIN: &str = "ai.onnx.ml";

/// Whether a node is one of the operators read here.
pub(crate) fn is_ensemble(node: &Node) -> bool {
    node.domain == DOMAIN
        && matches!(
            node.operator.as_str(),
            "TreeEnsembleClassifier" | "TreeEnsembleRegressor" | "TreeEnsemble"
        )
}

/// What an ensemble reads.
pub(crate) struct Source<'a> {
    /// Whether it is declared to be of double precision.
    pub(crate) double: bool,
    /// For each feature id of the node the column to read; `None` where they are the same.
    pub(crate) columns: Option<&'a [usize]>,
    /// Where values in double precision are to be read: which columns are to be rounded to single
    /// precision before.
    pub(crate) rounded: Option<&'a dyn Fn(usize) -> bool>,
}

/// Compiles such a node.
pub(crate) fn compile(node: &Node, source: &Source<'_>) -> Result<Ensemble, Problem> {
    let wide = source.rounded.is_some();
    let mut forest = match node.operator.as_str() {
        "TreeEnsemble" => linked::read(&node.attributes, wide)?,
        operator => table::read(&node.attributes, operator == "TreeEnsembleClassifier", wide)?,
    };
    if forest.leaves_column_unset() {
        return Err(Problem::invalid(
            "PROBIT with weights for only one of two classes leaves the other's column undefined",
        ));
    }
    forest.rule.double |= source.double;
    if let Some(columns) = source.columns {
        forest.pick_columns(columns)?;
    }
    if let (Some(codes), Some(rounded)) = (&mut forest.codes, source.rounded) {
        codes.round(rounded);
    }
    Ok(Ensemble::new(forest))
}

#[cfg(test)]
mod tests;
