//! What the names of a graph's expressions stand for.

use arrow_schema::{DataType, Schema};
use lumimill_common::campaign::Graph;
use lumimill_common::expression::collection_of_groups;

/// A column that graphs are made of, and what it has a value for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) column: String,
    pub(super) of: Of,
    /// The type of its values.
    pub(super) item: DataType,
}

/// What a column has a value for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Of {
    /// Each node.
    Node,
    /// Each group of nodes, of which this column says which a node is in.
    Group(String),
    /// Each graph of an entry.
    Graph,
    /// Each entry.
    Entry,
}

impl Source {
    /// What `name` stands for: a column of the nodes, of their groups or of the entry, in this order.
    pub(super) fn named(name: &str, graph: &Graph, schema: &Schema) -> Option<Self> {
        let member = format!("{}_{name}", graph.nodes);
        let mut columns = [member.as_str(), name].into_iter();
        columns.find_map(|column| Self::of_column(column, graph, schema))
    }

    fn of_column(column: &str, graph: &Graph, schema: &Schema) -> Option<Self> {
        let stored = schema.field_with_name(column).ok()?.data_type();
        let (item, is_list) = match stored {
            DataType::List(item) | DataType::FixedSizeList(item, _) => (item.data_type(), true),
            stored => (stored, false),
        };
        let of = match is_list {
            false => Of::Entry,
            true if is_of(column, &graph.nodes) => Of::Node,
            true if graph.groups().is_some_and(|groups| is_of(column, &groups)) => Of::Graph,
            true => {
                let fields = schema.fields().iter().map(|field| field.name());
                let mut members = fields.filter(|name| is_of(name, &graph.nodes));
                let groups = |name: &&String| {
                    let groups = collection_of_groups(&graph.nodes, name);
                    is_of(column, &groups)
                };
                Of::Group(members.find(groups)?.clone())
            }
        };
        Some(Self {
            column: column.to_owned(),
            // Nodes without a group have NaN.
            item: match of {
                Of::Group(_) => DataType::Float64,
                _ => item.clone(),
            },
            of,
        })
    }

    /// Whether it has a value for each node of a graph.
    pub(super) fn is_of_nodes(&self) -> bool {
        matches!(self.of, Of::Node | Of::Group(_))
    }
}

fn is_of(column: &str, collection: &str) -> bool {
    let rest = column.strip_prefix(collection);
    rest.is_some_and(|rest| rest.starts_with('_'))
}
