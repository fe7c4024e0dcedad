//! The expressions of a graph, for what nodes, edges and graphs have.

use lumimill_common::expression::Checked;

use super::source::Source;

/// The expressions of a graph, compiled for columns.
#[derive(Debug)]
pub(crate) struct Features {
    /// A list of the nodes.
    pub(super) lengths: String,
    /// The column that says in which graph of its entry a node is.
    pub(super) per: Option<String>,
    pub(super) sources: Vec<Source>,
    /// Which of the sources edges are made by.
    pub(super) joined_by: Vec<usize>,
    /// Nodes of a graph, at most, where it is of one size.
    pub(super) dense: Option<usize>,
    /// The column of which the highest stay where a graph has more.
    pub(super) ranked_by: Option<String>,
    pub(super) nodes: Vec<Checked>,
    pub(super) edges: Vec<Checked>,
    pub(super) globals: Vec<Checked>,
}

/// Values of each of some expressions, one after the other.
pub(super) type Columns = Vec<Vec<f64>>;
