//! A model of graphs, loaded: columns in, columns out.

use std::sync::Arc;

use arrow_schema::{DataType, Field};
use lumimill_common::campaign::{self, Graph, GraphInput, Level, NanPolicy};

use super::binding::{bind_inputs, wrong_outputs};
use super::call::Call;
use super::call_size::{CallSize, MOST};
use super::columns::{items_may_be_null, stored};
use super::trial::{count_of, tried};
use crate::score::signature::Wrong;
use crate::score::tensor_engine;
use crate::score::tensors::{Tensor, TensorEngine, TensorInput};
use crate::score::{onnx, sha256};

/// A model of graphs.
#[derive(Debug)]
pub(crate) struct Model {
    sha256: String,
    pub(super) graph: Graph,
    pub(super) nan: NanPolicy,
    pub(super) engine: Arc<dyn TensorEngine>,
    pub(super) inputs: Vec<(TensorInput, GraphInput)>,
    pub(super) columns: Vec<Column>,
    /// Which outputs have a value for each node.
    pub(super) of_nodes: Vec<bool>,
    /// Whether it is never given graphs without an edge alone: it fails, though it takes them beside
    /// others.
    pub(super) needs_edges: bool,
    /// Graphs of a call, at most.
    pub(super) together: usize,
    pub(super) call_size: CallSize,
}

/// A column that is made of an output.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) level: Level,
    /// Which of the outputs, and what each has: how long in each dimension.
    pub(super) output: usize,
    pub(super) shape: Vec<usize>,
    /// The value of each that is taken.
    pub(super) first: usize,
    pub(super) stored: DataType,
}

impl Model {
    /// How much a graph counts in a call.
    pub(super) fn weight(&self, nodes: usize, edges: usize) -> usize {
        let dense = self.graph.dense.as_ref();
        dense.map_or(nodes, |dense| dense.nodes as usize) + edges
    }

    /// Loads a file; `name` is what errors call it by.
    pub(crate) fn load(
        name: &str,
        bytes: &[u8],
        spec: &campaign::Model,
        graph: &Graph,
        planned: Option<&str>,
    ) -> Result<Self, Vec<Wrong>> {
        let whole = |message: String| vec![Wrong::here(format!("model {name}: {message}"))];
        let model = onnx::parse(bytes).map_err(|problem| whole(problem.to_string()))?;
        let mut wrong = wrong_outputs(&model, &spec.outputs);
        let inputs = bind_inputs(&model, graph).unwrap_or_else(|found| {
            wrong.extend(found);
            Vec::new()
        });
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut outputs: Vec<String> = Vec::new();
        for output in &spec.outputs {
            if !outputs.contains(&output.output) {
                outputs.push(output.output.clone());
            }
        }
        let tensors: Vec<TensorInput> = inputs.iter().map(|(tensor, _)| tensor.clone()).collect();
        let engine = tensor_engine::load(bytes, &tensors, &outputs, (spec.engine, planned));
        let engine = engine.map_err(whole)?;
        let is_of_nodes = |output: &String| {
            let mut asked = spec.outputs.iter().filter(|asked| asked.output == *output);
            asked.any(|asked| graph.level(&asked.column) == Level::Node)
        };
        let of_nodes: Vec<bool> = outputs.iter().map(is_of_nodes).collect();
        let mut operators = model.nodes.iter().map(|node| node.operator.as_str());
        let mixes = operators.any(onnx::is_sized_by_values);
        let trial = tried(engine.as_ref(), graph, &inputs, &of_nodes, MOST).map_err(whole)?;
        let mut columns = Vec::with_capacity(spec.outputs.len());
        for asked in &spec.outputs {
            let place = outputs.iter().position(|output| *output == asked.output);
            let place = place.unwrap_or_default();
            let level = graph.level(&asked.column);
            wrong.extend(trial.wrong(place, level, asked, graph));
            let shape = trial.shapes.get(place).cloned().unwrap_or_default();
            let (element, part) = (asked.element.unwrap_or(0), asked.part.unwrap_or(0));
            columns.push(Column {
                name: asked.column.clone(),
                level,
                output: place,
                first: element * shape.get(1).copied().unwrap_or(1) + part,
                shape,
                stored: trial
                    .outputs
                    .get(place)
                    .map_or(DataType::Float32, |output| stored(&output.values)),
            });
        }
        match wrong.is_empty() {
            true => Ok(Self {
                sha256: sha256(bytes),
                graph: graph.clone(),
                nan: spec.nan,
                engine,
                inputs,
                columns,
                of_nodes,
                needs_edges: trial.needs_edges && trial.keeps_graphs_apart && !mixes,
                together: if trial.keeps_graphs_apart && !mixes {
                    trial.together
                } else {
                    1
                },
                call_size: CallSize::default(),
            }),
            false => Err(wrong),
        }
    }

    /// The graphs that it is given.
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The columns that it adds.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let of = |column: &Column| {
            let stored = column.stored.clone();
            match self.graph.is_list(&column.name) {
                true => {
                    let item = Field::new("item", stored.clone(), items_may_be_null(&stored));
                    Field::new(&column.name, DataType::List(Arc::new(item)), false)
                }
                false => Field::new(&column.name, stored, true),
            }
        };
        let end = |name: &String| {
            let item = Field::new("item", DataType::Int32, false);
            Field::new(name, DataType::List(Arc::new(item)), false)
        };
        let columns = self.columns.iter().map(of);
        columns.chain(self.graph.ends.iter().map(end)).collect()
    }

    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The program that evaluates it, with its version.
    pub(crate) fn engine(&self) -> &str {
        self.engine.name()
    }

    /// What a person should know of its values.
    pub(crate) fn notes(&self) -> Vec<String> {
        match self.together {
            1 => vec![String::from(
                "its values for a graph depend on the graphs beside it: graphs are given to it one \
                 at a time, which is slow",
            )],
            _ => Vec::new(),
        }
    }
}

impl Model {
    /// What outputs for two calls together have for the first one.
    pub(super) fn first_of(
        &self,
        outputs: Vec<Tensor>,
        both: &Call<'_>,
        call: &Call<'_>,
    ) -> Vec<Tensor> {
        let first = |(place, output): (usize, Tensor)| {
            let mut of = self.columns.iter().filter(|column| column.output == place);
            let level = of.next().map(|column| column.level);
            match (level, output.shape.as_slice()) {
                (Some(level), [rows, rest @ ..]) if *rows == count_of(level, both) => {
                    let rows = count_of(level, call);
                    let values = rows * rest.iter().product::<usize>();
                    let mut shape = vec![rows];
                    shape.extend_from_slice(rest);
                    Tensor {
                        shape,
                        values: output.values.of_ranges(std::iter::once(0..values)),
                    }
                }
                // Of another length, which is told when that is looked at.
                _ => output,
            }
        };
        outputs.into_iter().enumerate().map(first).collect()
    }

    /// That outputs are as long as what they have values for.
    pub(super) fn check(&self, outputs: &[Tensor], call: &Call<'_>) -> Result<(), String> {
        for column in &self.columns {
            let shape = outputs
                .get(column.output)
                .map(|output| output.shape.as_slice());
            let expected = count_of(column.level, call);
            match shape {
                Some([rows, rest @ ..]) if *rows == expected && *rest == column.shape[..] => {}
                other => {
                    let each = match column.level {
                        Level::Node => "nodes",
                        Level::Edge => "edges",
                        Level::Graph => "graphs",
                    };
                    let found = other.unwrap_or_default();
                    return Err(format!(
                        "the output for column {} has the shape {found:?} for {expected} {each}",
                        column.name
                    ));
                }
            }
        }
        Ok(())
    }
}
