//! `graph`: which graphs a model is given, and what its inputs hold of them.

mod read;

use serde::Serialize;

use super::outputs::ModelOutput;
use crate::expression::collection_of_groups;

/// Graphs made of the members of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The collection whose members are nodes.
    pub nodes: String,
    /// The column that says in which graph of its entry a node is; one graph an entry without it.
    pub per: Option<String>,
    /// What each node has: expressions.
    pub features: Vec<String>,
    /// Between which nodes there are edges.
    pub edges: Edges,
    /// Whether there is an edge from every node to itself.
    pub loops: bool,
    /// What each edge has: expressions of its ends, as in `x[j] - x[i]`.
    pub edge_features: Vec<String>,
    /// What each graph has: expressions.
    pub globals: Vec<String>,
    /// The inputs of the model, and what each is given.
    pub inputs: Vec<(String, GraphInput)>,
    /// Whether nodes are given as so many a graph, those that are not there as zeros.
    pub dense: Option<Dense>,
    /// Which edges are written, if not all.
    pub written: Option<WrittenEdges>,
    /// Names of the columns that say between which nodes an edge is, where there are columns of
    /// edges: two for each prefix.
    pub ends: Vec<String>,
}

/// Graphs of one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dense {
    /// Nodes of each.
    pub nodes: u32,
    /// The column of which the highest stay where a graph has more; without it that is an error.
    pub highest: Option<String>,
}

/// Edges that are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenEdges {
    /// A column of edges.
    pub column: String,
    /// Edges stay for which it is at least this.
    pub least: Least,
}

/// The least value of something: a finite number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Least(f64);

impl Eq for Least {}

impl Least {
    /// As a number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

/// Between which nodes of a graph there are edges, each from `i` to `j`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Edges {
    /// Between none.
    None,
    /// Between all, in both directions.
    Full,
    /// Between those with the same value of a column that is not negative.
    Within(String),
    /// Between those no further from one another than this, by these coordinates.
    Radius(Distance, Vec<String>),
    /// To each from so many that are nearest to it, by these coordinates.
    Nearest(u32, Vec<String>),
}

/// A distance: not negative, and finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Distance(f64);

impl Eq for Distance {}

impl Distance {
    /// As a number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

/// What an input of a model is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphInput {
    /// Features of all nodes, `[nodes, features]`.
    Nodes,
    /// Both ends of all edges, `[2, edges]`: from the first row to the second.
    Edges,
    /// Features of all edges, `[edges, features]`.
    EdgeFeatures,
    /// Of each node, the number of its graph, `[nodes]`.
    GraphOfNode,
    /// A zero for each graph, `[graphs]`: how many there are.
    Graphs,
    /// What each graph has, `[graphs, globals]`.
    Globals,
    /// Of graphs of one size, 1 where a node is, else 0, `[graphs, nodes]`.
    Mask,
}

/// What an output has a value for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Each node.
    Node,
    /// Each edge.
    Edge,
    /// Each graph.
    Graph,
}

/// The words for what an input is given.
const INPUTS: [(&str, GraphInput); 7] = [
    ("nodes", GraphInput::Nodes),
    ("edges", GraphInput::Edges),
    ("edge_features", GraphInput::EdgeFeatures),
    ("graph_of_node", GraphInput::GraphOfNode),
    ("graphs", GraphInput::Graphs),
    ("globals", GraphInput::Globals),
    ("mask", GraphInput::Mask),
];

impl GraphInput {
    /// Its word in a campaign.
    #[must_use]
    pub fn word(self) -> &'static str {
        let word = INPUTS.iter().find(|(_, input)| *input == self);
        word.map_or("", |(word, _)| word)
    }
}

impl Graph {
    /// The collection of what has a value per graph, where an entry has several.
    #[must_use]
    pub fn groups(&self) -> Option<String> {
        let per = self.per.as_deref()?;
        Some(collection_of_groups(&self.nodes, per))
    }

    /// What a column of this name has a value for: its name says it.
    #[must_use]
    pub fn level(&self, column: &str) -> Level {
        let is_of = |collection: &str| {
            let rest = column.strip_prefix(collection);
            rest.is_some_and(|rest| rest.starts_with('_'))
        };
        match column.split_once('_') {
            _ if is_of(&self.nodes) => Level::Node,
            Some((prefix, _)) if prefix.ends_with("Edge") => Level::Edge,
            _ => Level::Graph,
        }
    }

    /// Whether a column of this name is a list: all are, but for one value an entry.
    #[must_use]
    pub fn is_list(&self, column: &str) -> bool {
        self.per.is_some() || self.level(column) != Level::Graph
    }

    /// The steps of the cut flow that say what is left out of graphs and of what is written, for a
    /// model of this name.
    #[must_use]
    pub fn steps_left_out(&self, model: &str) -> Vec<String> {
        let truncated = self.dense.as_ref().filter(|dense| dense.highest.is_some());
        let truncated = truncated.map(|dense| {
            format!(
                "dropped, nodes of {model} beyond {} in a graph",
                dense.nodes
            )
        });
        let below = self.written.as_ref();
        let below = below.map(|written| {
            let WrittenEdges { column, least } = written;
            format!(
                "dropped, edges of {model} with {column} below {}",
                least.value()
            )
        });
        truncated.into_iter().chain(below).collect()
    }

    fn ends_of(&self, outputs: &[ModelOutput]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for output in outputs {
            if self.level(&output.column) == Level::Edge
                && let Some((prefix, _)) = output.column.split_once('_')
                && !names.contains(&format!("{prefix}_i"))
            {
                names.extend(["i", "j"].map(|end| format!("{prefix}_{end}")));
            }
        }
        names
    }

    /// All expressions, each with its place below the model in the campaign file.
    #[must_use]
    pub fn expressions(&self) -> Vec<(String, &str)> {
        let kinds = [
            ("features", &self.features),
            ("edge_features", &self.edge_features),
            ("globals", &self.globals),
        ];
        let mut all = Vec::new();
        for (key, texts) in kinds {
            for (place, text) in texts.iter().enumerate() {
                all.push((format!("graph.{key}[{place}]"), text.as_str()));
            }
        }
        all
    }

    /// Columns that are named outside of expressions, each with its place.
    #[must_use]
    pub fn names(&self) -> Vec<(String, &str)> {
        let per = self
            .per
            .iter()
            .map(|per| ("graph.per".to_owned(), per.as_str()));
        let mut names: Vec<(String, &str)> = per.collect();
        if let Some(highest) = self.dense.as_ref().and_then(|dense| dense.highest.as_ref()) {
            names.push(("graph.dense.highest".to_owned(), highest));
        }
        match &self.edges {
            Edges::Full | Edges::None => {}
            Edges::Within(column) => names.push(("graph.edges.within".to_owned(), column)),
            Edges::Radius(_, of) | Edges::Nearest(_, of) => {
                let of = of.iter().enumerate();
                names.extend(of.map(|(at, name)| (format!("graph.edges.of[{at}]"), name.as_str())));
            }
        }
        names
    }
}
