//! Models of graphs whose nodes are the members of a collection.
//!
//! [`Features`] are the expressions of a campaign compiled for columns, [`layout`] says which nodes
//! are in which graph, [`edges`] between which of them there are edges, and [`Model`] gives graphs
//! to an engine, some at a time, and puts what comes back beside entries, nodes, groups and edges.
//! Knows nothing of files, and of engines only that they take tensors.

mod binding;
mod call;
mod call_size;
mod column_names;
mod columns;
mod compile;
mod edges;
mod feature_values;
mod features;
mod found;
mod layout;
mod model;
mod source;
mod table;
mod trial;
mod work;

use std::fmt;

use arrow_array::ArrayRef;

pub(crate) use compile::names_read;
pub(crate) use features::Features;
pub(crate) use model::Model;

/// The columns that a model adds to rows.
#[derive(Debug)]
pub(crate) struct Scored {
    pub(crate) columns: Vec<ArrayRef>,
    pub(crate) left_out: LeftOut,
}

/// What a campaign leaves out of graphs, and of what is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Nodes that graphs of one size have no room for.
    pub(crate) nodes: u64,
    /// Edges below the least value of those that are written.
    pub(crate) edges: u64,
}

/// Why graphs of a batch are not scored.
#[derive(Debug)]
pub(crate) struct Unscored {
    /// The row that it is about, if it is about one.
    pub(crate) row: Option<usize>,
    pub(crate) message: String,
}

impl Unscored {
    fn of_row(row: usize, message: impl Into<String>) -> Self {
        Self {
            row: Some(row),
            message: message.into(),
        }
    }

    fn whole(message: impl fmt::Display) -> Self {
        Self {
            row: None,
            message: message.to_string(),
        }
    }

    /// The same, of rows that are counted from another one.
    fn after(mut self, first: usize) -> Self {
        self.row = self.row.map(|row| row + first);
        self
    }
}

#[cfg(test)]
mod tests;
