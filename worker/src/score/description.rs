//! What a model file is, for a person: its inputs and outputs, what it is made of, what evaluates it
//! here and how fast.

mod graphs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use lumimill_common::campaign::{
    EngineChoice, Model, ModelInputs, ModelOutput, ModelSource, NamedInput, NanPolicy,
};
use serde::Serialize;

use super::engine::load;
use super::error::ModelError;
use super::evaluator::{Evaluator, Gathering};
use super::model::sha256;
use super::onnx::{self, Graph, Port};
use super::signature;
use crate::cpu_time::cpu_time;

/// Columns that an input is given whose width the file does not say.
const UNTOLD_WIDTH: usize = 1;
/// Rows that are given at a time, when it is measured.
const SIZES: [usize; 6] = [1, 16, 64, 256, 1024, 4096];
/// What is to be known of a model that no rows fit.
const OF_GRAPHS: &str = "it is given graphs, not rows: in a campaign, `graph = { … }` says which";
/// Columns of an input, at most.
const MOST_COLUMNS: usize = 100_000;
/// The same of graphs of one size.
const OF_DENSE: &str = "it is given tables of one size, as of graphs that are filled up to so many nodes: in a campaign, \
     `graph = { …, dense = { nodes = … } }` says which";
/// Time for one of them.
const TIME: Duration = Duration::from_millis(300);

/// What a model file is.
#[derive(Debug, Serialize)]
pub struct Description {
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: usize,
    /// The program that wrote it.
    pub producer: String,
    /// Inputs that are no constants.
    pub inputs: Vec<Value>,
    /// Outputs.
    pub outputs: Vec<Value>,
    /// How often it has each operator; with its domain, unless that is the standard one.
    pub operators: BTreeMap<String, usize>,
    /// Keys and values that whoever wrote it added.
    pub metadata: BTreeMap<String, String>,
    /// What evaluates it here; nothing where nothing does.
    pub engine: Option<String>,
    /// Why that, or why nothing.
    pub why: String,
    /// What a person should know of its scores.
    pub notes: Vec<String>,
    #[serde(skip)]
    evaluator: Option<Arc<dyn Evaluator>>,
}

/// An input or output.
#[derive(Debug, Serialize)]
pub struct Value {
    /// Its name.
    pub name: String,
    /// ONNX's word for its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its dimensions; nothing where one is free, and nothing at all where they are not told.
    pub shape: Option<Vec<Option<i64>>>,
    /// All of it in words.
    #[serde(skip)]
    pub told: String,
}

/// How fast a model is when it is given so many rows at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Speed {
    /// Rows at a time.
    pub rows: usize,
    /// Rows in a second of a processor.
    pub rows_per_second: f64,
    /// The share of that time in which columns are gathered, the model apart.
    pub gathering: f64,
}

impl Description {
    /// Describes a file; `name` is what errors call it by.
    ///
    /// # Errors
    /// When it is no ONNX file, or a damaged one.
    pub fn of(name: &str, bytes: &[u8], asked: EngineChoice) -> Result<Self, ModelError> {
        let graph = onnx::parse(bytes).map_err(|problem| ModelError::new(name, problem))?;
        let (evaluator, mut why) = evaluator(name, bytes, &graph, asked);
        let mut operators = BTreeMap::new();
        for node in &graph.nodes {
            let operator = match node.domain.as_str() {
                "" => node.operator.clone(),
                domain => format!("{domain}.{}", node.operator),
            };
            *operators.entry(operator).or_default() += 1;
        }
        let engine = evaluator.as_ref().map(|model| model.engine());
        let mut engine = engine.map(|engine| engine.unwrap_or("trees").to_owned());
        if engine.is_none()
            && let Some(found) = graphs::engine(bytes, &graph, asked)
        {
            let of_graphs = match graphs::is_dense(&graph) {
                true => OF_DENSE,
                false => OF_GRAPHS,
            };
            match found {
                Ok(found) => {
                    let by = self::why(name, &graph, asked, Some(&found));
                    why = format!("{of_graphs}; {by}");
                    engine = Some(found);
                }
                Err(reason) => why = format!("{of_graphs}; {reason}"),
            }
        }
        Ok(Self {
            sha256: sha256(bytes),
            bytes: bytes.len(),
            producer: graph.producer.clone(),
            inputs: signature::inputs(&graph).into_iter().map(value).collect(),
            outputs: graph.outputs.iter().map(value).collect(),
            operators,
            metadata: graph.metadata.iter().cloned().collect(),
            engine,
            why,
            notes: evaluator
                .as_ref()
                .map_or_else(Vec::new, |model| model.notes()),
            evaluator,
        })
    }

    /// How fast it is here, by one thread, on rows that were made up; gathering columns included.
    ///
    /// # Errors
    /// When it is not given rows, nothing evaluates it, or that fails.
    pub fn speed(&self) -> Result<Vec<Speed>, String> {
        let model = self.evaluator.as_ref().ok_or_else(|| self.why.clone())?;
        let measured = |rows| {
            let table = made_up(model.inputs(), rows)?;
            let timed = |gathering: &mut Gathering<'_>| {
                let (start, cpu) = (Instant::now(), cpu_time());
                let done = model.evaluate(gathering);
                done.map_err(|failure| failure.to_string())?;
                let spent = cpu_time().zip(cpu).map(|(after, before)| after - before);
                Ok::<Duration, String>(spent.unwrap_or_else(|| start.elapsed()))
            };
            // What is gathered once is there for the next time.
            let mut gathered = Gathering::of(&table);
            timed(&mut gathered)?;
            let (start, mut times) = (Instant::now(), 0_u32);
            let (mut whole, mut scoring) = (Duration::ZERO, Duration::ZERO);
            while start.elapsed() < TIME {
                whole += timed(&mut Gathering::of(&table))?;
                scoring += timed(&mut gathered)?;
                times += 1;
            }
            let (whole, scoring) = (whole.as_secs_f64(), scoring.as_secs_f64());
            Ok(Speed {
                rows,
                rows_per_second: rows as f64 * f64::from(times) / whole,
                gathering: (1.0 - scoring / whole).max(0.0),
            })
        };
        SIZES.into_iter().map(measured).collect()
    }
}

fn value(port: &Port) -> Value {
    Value {
        name: port.name.clone(),
        kind: signature::kind(port),
        shape: port.shape.clone(),
        told: signature::describe(port),
    }
}

/// What evaluates a file, as a campaign would have it that asks for its score, or else for the first
/// value of each output; and why.
fn evaluator(
    name: &str,
    bytes: &[u8],
    graph: &Graph,
    engine: EngineChoice,
) -> (Option<Arc<dyn Evaluator>>, String) {
    let widths = signature::inputs(graph).into_iter();
    let widest = widths.filter_map(signature::declared_width).max();
    if let Some(width) = widest.filter(|width| *width > MOST_COLUMNS) {
        let why =
            format!("an input takes {width} columns, more than the {MOST_COLUMNS} of any table");
        return (None, why);
    }
    let input = |port: &&Port| NamedInput {
        name: port.name.clone(),
        columns: (0..signature::declared_width(port).unwrap_or(UNTOLD_WIDTH))
            .map(|column| format!("{}[{column}]", port.name))
            .collect(),
    };
    let mut spec = Model {
        name: "score".to_owned(),
        source: ModelSource::Onnx(name.to_owned()),
        graph: None,
        inputs: ModelInputs::Named(signature::inputs(graph).iter().map(input).collect()),
        class: None,
        outputs: Vec::new(),
        nan: NanPolicy::Keep,
        engine,
    };
    let loaded = load(name, bytes, &spec, None).or_else(|_| {
        let is_flat = |port: &Port| port.shape.as_ref().is_some_and(|shape| shape.len() == 1);
        spec.outputs = (graph.outputs.iter())
            .map(|port| ModelOutput {
                column: port.name.clone(),
                output: port.name.clone(),
                element: (!is_flat(port)).then_some(0),
                part: None,
            })
            .collect();
        load(name, bytes, &spec, None)
    });
    match loaded {
        Ok(model) => {
            let why = why(name, graph, engine, model.engine());
            (Some(model), why)
        }
        Err(wrong) => {
            let messages: Vec<String> = wrong.into_iter().map(|wrong| wrong.message).collect();
            (None, messages.join("; "))
        }
    }
}

fn why(name: &str, graph: &Graph, asked: EngineChoice, engine: Option<&str>) -> String {
    if asked != EngineChoice::Auto {
        return String::from("it was asked for");
    }
    let Some(engine) = engine else {
        return String::from("it is a tree ensemble, which is evaluated natively");
    };
    let trees = super::model::Model::of_graph(name, graph, String::new());
    let no_trees = match trees {
        Ok(_) => String::from("its inputs or outputs are not those of a tree ensemble"),
        Err(error) => format!("it is {}", error.problem()),
    };
    let found = match crate::runtime_library::find() {
        Ok(Some(library)) if library.name() == engine => {
            format!("ONNX Runtime was found by {}", library.place)
        }
        _ => format!(
            "no ONNX Runtime is there ({})",
            crate::runtime_library::INSTALL
        ),
    };
    format!("{no_trees}; {found}")
}

/// Rows that were made up, for columns of these names.
fn made_up(names: &[String], rows: usize) -> Result<RecordBatch, String> {
    let column = |(place, name): (usize, &String)| -> (String, ArrayRef) {
        // Whole numbers, which go to inputs of every type.
        let value = |row: usize| ((row * 7 + place) % 2) as f64;
        let values = Float64Array::from_iter_values((0..rows).map(value));
        (name.clone(), Arc::new(values))
    };
    let columns = names.iter().enumerate().map(column);
    RecordBatch::try_from_iter(columns).map_err(|error| error.to_string())
}
