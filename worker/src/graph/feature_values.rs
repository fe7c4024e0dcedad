//! What nodes, edges and graphs have: expressions, evaluated on a table of graphs.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::Schema;
use arrow_select::take::take;
use lumimill_common::expression::{Checked, EvaluateError, Inputs};

use super::Unscored;
use super::column_names::{column_name, end_names, field_of};
use super::features::{Columns, Features};
use super::table::Table;

/// Values that are looked at together for a NaN.
const NANS: usize = 256;

impl Features {
    /// Of each feature, its values for all nodes.
    pub(super) fn of_nodes(&self, table: &Table) -> Result<Columns, Unscored> {
        let inputs = Inputs::events(&table.batch);
        let (layout, count) = (&table.layout, table.layout.nodes.len());
        let of = |checked: &Checked| -> Result<Vec<f64>, EvaluateError> {
            if checked.collection().is_some() {
                let listed = checked.evaluate_lists(&inputs)?;
                return Ok(listed.values.into_floats().into_vec(count));
            }
            let of_graphs = checked.evaluate(&inputs)?.into_floats();
            let mut of_nodes = Vec::with_capacity(count);
            for graph in 0..layout.count() {
                let value = of_graphs.get(graph).unwrap_or(f64::NAN);
                of_nodes.resize(layout.range(graph).end, value);
            }
            Ok(of_nodes)
        };
        let columns = self.nodes.iter().map(of).collect::<Result<_, _>>();
        columns.map_err(|error| table.unscored(&error))
    }

    /// Of each global, its values for all graphs.
    pub(super) fn of_graphs(&self, table: &Table) -> Result<Columns, Unscored> {
        let inputs = Inputs::events(&table.batch);
        let count = table.layout.count();
        let of = |checked: &Checked| -> Result<Vec<f64>, EvaluateError> {
            Ok(checked.evaluate(&inputs)?.into_floats().into_vec(count))
        };
        let columns = self.globals.iter().map(of).collect::<Result<_, _>>();
        columns.map_err(|error| table.unscored(&error))
    }

    /// Of each feature, its values for these edges, each between two of these nodes of the table, by their
    /// number among them, and of a graph.
    pub(super) fn of_edges(
        &self,
        table: &Table,
        nodes: Range<usize>,
        edges: &[(u32, u32)],
        graphs: &[u32],
    ) -> Result<Columns, Unscored> {
        if self.edges.is_empty() {
            return Ok(Vec::new());
        }
        let batch = self.edge_batch(table, nodes, edges, graphs);
        let batch = batch.map_err(Unscored::whole)?;
        let inputs = Inputs::events(&batch);
        let of = |checked: &Checked| -> Result<Vec<f64>, EvaluateError> {
            let values = checked.evaluate(&inputs)?;
            Ok(values.into_floats().into_vec(edges.len()))
        };
        let columns = self.edges.iter().map(of).collect::<Result<_, _>>();
        columns.map_err(|error: EvaluateError| {
            let graph = error.entry().and_then(|edge| graphs.get(edge));
            Unscored {
                row: graph.map(|graph| table.layout.entry(*graph as usize)),
                message: error.to_string(),
            }
        })
    }

    fn edge_batch(
        &self,
        table: &Table,
        nodes: Range<usize>,
        edges: &[(u32, u32)],
        graphs: &[u32],
    ) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let from = UInt32Array::from_iter_values(edges.iter().map(|(i, _)| *i));
        let to = UInt32Array::from_iter_values(edges.iter().map(|(_, j)| *j));
        let graphs = UInt32Array::from(graphs.to_vec());
        let read: Vec<&String> = self.edges.iter().flat_map(Checked::columns).collect();
        let is_read = |name: &String| read.contains(&name);
        let (mut fields, mut columns): (Vec<_>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
        let mut add = |name: String, values: &ArrayRef, at: &UInt32Array| {
            let values = take(values, at, None)?;
            fields.push(field_of(name, values.data_type().clone()));
            columns.push(values);
            Ok::<(), arrow_schema::ArrowError>(())
        };
        for (place, (source, values)) in self.sources.iter().zip(&table.values).enumerate() {
            if source.is_of_nodes() {
                let ends = end_names(place).into_iter().zip([&from, &to]);
                let ends: Vec<_> = ends.filter(|(name, _)| is_read(name)).collect();
                if !ends.is_empty() {
                    let values = widened(values.slice(nodes.start, nodes.len()));
                    for (name, at) in ends {
                        add(name, &values, at)?;
                    }
                }
            } else {
                let name = column_name(place, source);
                if is_read(&name) {
                    add(name, values, &graphs)?;
                }
            }
        }
        let options = RecordBatchOptions::new().with_row_count(Some(edges.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
    }

    /// The first value that is no number, of nodes, edges or graphs in `range`, and what it is of.
    pub(super) fn first_nan<'a>(
        texts: &'a [String],
        columns: &Columns,
        range: Range<usize>,
    ) -> Option<(usize, &'a str)> {
        let mut found = texts.iter().zip(columns).filter_map(|(text, values)| {
            let values = values.get(range.clone())?;
            // Many at a time are looked at by one instruction.
            let is_nan = |many: &[f64]| {
                many.iter()
                    .fold(false, |found, value| found | value.is_nan())
            };
            values.chunks(NANS).find(|many| is_nan(many))?;
            let at = values.iter().position(|value| value.is_nan())?;
            Some((range.start + at, text.as_str()))
        });
        found.next()
    }
}

/// Values of single precision as expressions compute with them: there are fewer nodes than edges.
fn widened(values: ArrayRef) -> ArrayRef {
    let singles = values.as_primitive_opt::<Float32Type>();
    match singles.filter(|singles| singles.null_count() == 0) {
        None => values,
        Some(singles) => {
            let doubles = singles.values().iter().copied().map(f64::from);
            Arc::new(Float64Array::from_iter_values(doubles))
        }
    }
}
