//! Walks the graph back from its scores and forward again, compiling node after node.

use std::collections::{HashMap, HashSet};

use super::compiler::{Compiler, Value};
use super::constant::Constants;
use super::operator;
use super::ports::{self, Inputs};
use crate::score::error::Problem;
use crate::score::onnx::{DOUBLE, FLOAT, Graph, INT32, INT64, Node};
use crate::score::program::{Action, ScoreProgram};
use crate::score::trees::{self, Source};

/// A program and what its graph says of the features.
#[derive(Debug)]
pub(in crate::score) struct Compiled {
    pub(in crate::score) program: ScoreProgram,
    /// The output of the graph that it computes.
    pub(in crate::score) output: String,
    /// Number of features, when declared.
    pub(in crate::score) width: Option<usize>,
    /// The least number of features that the trees can be run on.
    pub(in crate::score) width_used: usize,
    /// Names of the inputs, where each is one feature.
    pub(in crate::score) input_names: Option<Vec<String>>,
    /// Whether it compares values in double precision.
    pub(in crate::score) reads_doubles: bool,
    /// Whether some inputs are declared to be whole numbers.
    pub(in crate::score) reads_whole_numbers: bool,
    /// What a person should know of the trees.
    pub(in crate::score) notes: Vec<String>,
}

/// Compiles a graph whose scores come from tree ensembles.
pub(in crate::score) fn compile(graph: &Graph) -> Result<Compiled, Problem> {
    let output = ports::score_output(graph)
        .ok_or_else(|| Problem::needs_runtime("the graph has no output of scores, only labels"))?;
    let constants = Constants::new(graph)?;
    let (nodes, names) = needed(graph, output, &constants);
    check_operators(&nodes)?;
    let inputs = ports::inputs(graph, &|name| names.contains(name))?;
    let mut compiler = Compiler {
        constants,
        values: HashMap::new(),
        steps: Vec::new(),
        width_used: 0,
        step_columns: 0,
        chosen_columns: 0,
        singles: inputs.columns_of(&[FLOAT]),
        reads_doubles: false,
        producer: &graph.producer,
        notes: Vec::new(),
    };
    for port in &graph.inputs {
        if let Some(input) = inputs.columns.iter().find(|input| input.name == port.name) {
            let columns = input
                .width
                .map(|width| (input.first..input.first.saturating_add(width)).collect());
            compiler.values.insert(
                &port.name,
                Value::Features {
                    columns,
                    double: input.element == DOUBLE,
                    exact: true,
                },
            );
        }
    }
    for node in nodes {
        compiler.node(node)?;
    }
    compiler.finish(output, &inputs)
}

/// The nodes that a value depends on, in graph order, and the names of all values they touch.
fn needed<'a>(
    graph: &'a Graph,
    output: &'a str,
    constants: &Constants<'_>,
) -> (Vec<&'a Node>, HashSet<&'a str>) {
    let mut producers: HashMap<&str, usize> = HashMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            producers.entry(name).or_insert(index);
        }
    }
    let mut names = HashSet::from([output]);
    let mut indices = HashSet::new();
    let mut open = vec![output];
    while let Some(name) = open.pop() {
        let Some((index, node)) = producers
            .get(name)
            .and_then(|index| Some((*index, graph.nodes.get(*index)?)))
        else {
            continue;
        };
        if constants.get(name).is_some() || !indices.insert(index) {
            continue;
        }
        open.extend(
            node.inputs
                .iter()
                .map(String::as_str)
                .filter(|input| names.insert(input)),
        );
    }
    let nodes = graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(index, _)| indices.contains(index))
        .map(|(_, node)| node)
        .collect();
    (nodes, names)
}

/// Refuses graphs that are something else than trees, naming the operator.
fn check_operators(nodes: &[&Node]) -> Result<(), Problem> {
    for node in nodes {
        if !trees::is_ensemble(node) && !operator::is_known(node) {
            let name = if node.name.is_empty() {
                String::new()
            } else {
                format!(" (node {:?})", node.name)
            };
            let domain = if node.domain.is_empty() {
                String::new()
            } else {
                format!("{}.", node.domain)
            };
            return Err(Problem::needs_runtime(format!(
                "operator {domain}{}{name} is not part of a tree ensemble",
                node.operator
            )));
        }
    }
    if nodes.iter().any(|node| trees::is_ensemble(node)) {
        return Ok(());
    }
    Err(Problem::needs_runtime(
        "no tree ensemble leads to the graph's scores",
    ))
}

impl<'a> Compiler<'a> {
    fn node(&mut self, node: &'a Node) -> Result<(), Problem> {
        let (position, value) = if trees::is_ensemble(node) {
            // A classifier's first output are the labels.
            (
                usize::from(node.operator == "TreeEnsembleClassifier"),
                self.ensemble(node)?,
            )
        } else {
            (0, operator::compile(self, node)?)
        };
        let output = node.outputs.get(position).filter(|name| !name.is_empty());
        let output = output.ok_or_else(|| {
            Problem::invalid(format!(
                "operator {} has no output {position}",
                node.operator
            ))
        })?;
        self.values.insert(output, value);
        Ok(())
    }

    fn ensemble(&mut self, node: &Node) -> Result<Value, Problem> {
        let input = self.input(node, 0)?;
        let (Value::Features { double, .. } | Value::Slot { double, .. }) = input;
        let action = match input {
            Value::Features { columns, exact, .. } => {
                let singles = self.singles.clone();
                let is_single = |column: usize| singles.iter().any(|of| of.contains(&column));
                let wide = double && exact && self.is_wide(columns.as_deref());
                let source = Source {
                    double,
                    columns: columns.as_deref(),
                    rounded: wide.then_some(&is_single),
                };
                let ensemble = trees::compile(node, &source)?;
                self.reads_doubles |= ensemble.reads_doubles();
                self.width_used = self.width_used.max(ensemble.features_used());
                Action::Trees(ensemble)
            }
            Value::Slot { index, .. } => {
                let columns: Vec<usize> = (0..self.slot_width(index)).collect();
                let source = Source {
                    double,
                    columns: Some(&columns),
                    rounded: None,
                };
                Action::TreesOf(index, trees::compile(node, &source)?)
            }
        };
        self.notes.extend(trees::notes(node, self.producer)?);
        let width = match &action {
            Action::Trees(ensemble) | Action::TreesOf(_, ensemble) => ensemble.targets(),
            _ => 0,
        };
        // The other operators put out single precision whatever they read.
        self.push_as(action, width, double && node.operator == "TreeEnsemble")
    }

    fn finish(mut self, output: &str, inputs: &Inputs) -> Result<Compiled, Problem> {
        match self.values.get(output) {
            Some(Value::Slot { index, .. }) => self.steps.truncate(index.saturating_add(1)),
            _ => {
                return Err(Problem::needs_runtime(format!(
                    "output {output:?} holds no scores"
                )));
            }
        }
        if let Some(width) = inputs.width
            && self.width_used > width
        {
            return Err(Problem::invalid(format!(
                "a tree reads feature {}, but the model has {width} features",
                self.width_used.saturating_sub(1)
            )));
        }
        let single =
            inputs.columns.len() > 1 && inputs.columns.iter().all(|input| input.width == Some(1));
        let input_names = single.then(|| {
            inputs
                .columns
                .iter()
                .map(|input| input.name.clone())
                .collect()
        });
        Ok(Compiled {
            program: ScoreProgram { steps: self.steps },
            output: output.to_owned(),
            width: inputs.width,
            width_used: self.width_used,
            input_names,
            reads_doubles: self.reads_doubles,
            reads_whole_numbers: !inputs.columns_of(&[INT32, INT64]).is_empty(),
            notes: self.notes,
        })
    }
}
