//! What a model file says of its inputs and outputs, and what of a campaign goes where.

use std::ops::Range;

use lumimill_common::campaign::{self, ModelInputs, ModelOutput};
use lumimill_common::suggest;

use super::onnx::{BOOL, DOUBLE, FLOAT, Graph, INT32, INT64, Node, Port};

/// A mistake of a campaign's model, and the key that it is about; empty for the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Such as `inputs.mask`.
    pub key: String,
    /// What was expected and what was found.
    pub message: String,
}

impl Wrong {
    /// A mistake of the model as a whole.
    #[must_use]
    pub fn here(message: String) -> Self {
        Self::new("", message)
    }

    /// A mistake of one of its keys.
    #[must_use]
    pub fn at(key: &str, message: impl Into<String>) -> Self {
        Self::new(key, message)
    }

    pub(crate) fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
        }
    }
}

/// What an input holds for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Float,
    Double,
    Long,
    Int,
    Bool,
}

/// An input of a model, and the columns that go to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BoundInput {
    pub(crate) name: String,
    pub(crate) element: Element,
    /// Whether it has one dimension, that of the rows, or a second one.
    pub(crate) is_flat: bool,
    /// The rows that it takes, where they are fixed.
    pub(crate) rows: Option<usize>,
    /// Which of all columns.
    pub(crate) columns: Range<usize>,
}

#[cfg(test)]
impl BoundInput {
    /// One column, of an input that takes any number of rows.
    pub(crate) fn number(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            element: Element::Float,
            is_flat: false,
            rows: None,
            columns: 0..1,
        }
    }
}

/// Inputs of a graph that are not constants.
pub(crate) fn inputs(graph: &Graph) -> Vec<&Port> {
    let constant = |port: &&Port| !graph.constants.iter().any(|(name, _)| *name == port.name);
    graph.inputs.iter().filter(constant).collect()
}

/// ONNX's word for what a port holds.
pub(crate) fn kind(port: &Port) -> String {
    let other = port.other.map(str::to_owned);
    other.unwrap_or_else(|| element_name(port.element))
}

/// What a port is, for a person: `features: float [batch, 21]`.
pub(crate) fn describe(port: &Port) -> String {
    let name = &port.name;
    let kind = kind(port);
    let dimension = |(index, dim): (usize, &Option<i64>)| match dim {
        Some(size) => size.to_string(),
        None if index == 0 => "rows".to_owned(),
        None => "?".to_owned(),
    };
    match &port.shape {
        Some(shape) => {
            let shape = shape.iter().enumerate().map(dimension);
            format!("{name}: {kind} [{}]", shape.collect::<Vec<_>>().join(", "))
        }
        None => format!("{name}: {kind}"),
    }
}

fn described(ports: &[&Port]) -> String {
    let all: Vec<String> = ports.iter().map(|port| describe(port)).collect();
    all.join("; ")
}

/// ONNX's word for an element type.
fn element_name(element: i32) -> String {
    let names = [
        "a value of no told type",
        "float",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "double",
        "uint32",
        "uint64",
    ];
    let name = usize::try_from(element).ok().and_then(|at| names.get(at));
    name.map_or_else(
        || format!("element type {element}"),
        |name| (*name).to_owned(),
    )
}

/// Gives every input of a model its columns.
pub(crate) fn bind_inputs(
    graph: &Graph,
    asked: &ModelInputs,
) -> Result<Vec<BoundInput>, Vec<Wrong>> {
    let ports = inputs(graph);
    match asked {
        ModelInputs::Columns(columns) => bind_list(&ports, columns.len()),
        ModelInputs::Named(named) => {
            let mut wrong = Vec::new();
            for input in named {
                if !ports.iter().any(|port| port.name == input.name) {
                    let names = ports.iter().map(|port| port.name.as_str());
                    let near = suggest::nearest(&input.name, names)
                        .map_or_else(String::new, |near| format!("; did you mean {near}?"));
                    wrong.push(Wrong::new(
                        format!("inputs.{}", input.name),
                        format!(
                            "the model has no input {:?}{near} (it has {})",
                            input.name,
                            described(&ports)
                        ),
                    ));
                }
            }
            let mut bound = Vec::with_capacity(ports.len());
            for port in &ports {
                let Some(place) = named.iter().position(|input| input.name == port.name) else {
                    let message = format!("gives nothing to the input {}", describe(port));
                    wrong.push(Wrong::new("inputs", message));
                    continue;
                };
                let width = |input: &campaign::NamedInput| input.columns.len();
                let first = named.iter().take(place).map(width).sum();
                let columns = first..first + named.get(place).map_or(0, width);
                match bind(port, columns) {
                    Ok(input) => bound.push(input),
                    Err(message) => {
                        wrong.push(Wrong::new(format!("inputs.{}", port.name), message));
                    }
                }
            }
            match wrong.is_empty() {
                true => Ok(bound),
                false => Err(wrong),
            }
        }
    }
}

/// One list for all inputs: whole for one of them, cut by their widths for several.
fn bind_list(ports: &[&Port], columns: usize) -> Result<Vec<BoundInput>, Vec<Wrong>> {
    let several = || {
        let message = format!(
            "the model has {} inputs ({}): give each its columns, \
             inputs = {{ {} }}",
            ports.len(),
            described(ports),
            ports
                .iter()
                .map(|port| format!("{} = […]", port.name))
                .collect::<Vec<_>>()
                .join(", ")
        );
        vec![Wrong::new("inputs", message)]
    };
    match ports {
        [] => Err(vec![Wrong::new("inputs", "the model has no inputs")]),
        [port] => match bind(port, 0..columns) {
            Ok(input) => Ok(vec![input]),
            Err(message) => Err(vec![Wrong::new("inputs", message)]),
        },
        _ => {
            let widths = ports.iter().map(|port| declared_width(port));
            let Some(widths) = widths.collect::<Option<Vec<usize>>>() else {
                return Err(several());
            };
            if widths.iter().sum::<usize>() != columns {
                return Err(several());
            }
            let mut first = 0;
            let mut bound = Vec::with_capacity(ports.len());
            for (port, width) in ports.iter().zip(widths) {
                let input = bind(port, first..first + width);
                bound.push(input.map_err(|message| vec![Wrong::new("inputs", message)])?);
                first += width;
            }
            Ok(bound)
        }
    }
}

pub(crate) fn declared_width(port: &Port) -> Option<usize> {
    match port.shape.as_deref()? {
        [_] => Some(1),
        [_, width] => usize::try_from((*width)?).ok(),
        _ => None,
    }
}

/// What a tensor of an input holds; none of other types.
pub(crate) fn element_of(port: &Port) -> Option<Element> {
    match port.element {
        FLOAT => Some(Element::Float),
        DOUBLE => Some(Element::Double),
        INT64 => Some(Element::Long),
        INT32 => Some(Element::Int),
        BOOL => Some(Element::Bool),
        _ => None,
    }
}

/// Rows that a model may declare to take at a time: fewer are filled up to as many.
const MOST_ROWS: i64 = 65_536;

fn bind(port: &Port, columns: Range<usize>) -> Result<BoundInput, String> {
    let told = describe(port);
    let Some(element) = element_of(port) else {
        return Err(format!(
            "the model's input is {told}; columns go to tensors of float, double, int64, int32 \
             and bool only: export the model with one of these{}",
            of_halves(port)
        ));
    };
    let (is_flat, rows) = match port.shape.as_deref() {
        None => (false, None),
        Some([rows]) => (true, *rows),
        Some([rows, _]) => (false, *rows),
        Some(shape) => {
            return Err(format!(
                "the model's input is {told}, of {} dimensions; a table gives rows, or rows and \
                 columns: export the model with a Reshape in front",
                shape.len()
            ));
        }
    };
    if let Some(rows) = rows.filter(|rows| !(1..=MOST_ROWS).contains(rows)) {
        return Err(format!(
            "the model's input is {told} and takes {rows} rows at a time, expected 1 to {MOST_ROWS}: export \
             the model for any number of rows"
        ));
    }
    let found = columns.len();
    match declared_width(port) {
        Some(width) if width != found => Err(format!(
            "the model's input is {told} and takes {width} columns, found {found}"
        )),
        _ => Ok(BoundInput {
            name: port.name.clone(),
            element,
            is_flat,
            rows: rows.and_then(|rows| usize::try_from(rows).ok()),
            columns,
        }),
    }
}

/// What whoever makes a model of halves does so that it takes and gives floats.
pub(crate) fn of_halves(port: &Port) -> &'static str {
    match port.element {
        10 | 16 => {
            " (convert_float_to_float16 of onnxconverter_common with keep_io_types = True puts a Cast in \
             front; in torch, a module that calls the model on x.half())"
        }
        _ => "",
    }
}

/// The outputs that a campaign asks for.
#[derive(Debug, Clone)]
#[cfg(any(feature = "embedded", feature = "runtime"))]
pub(crate) enum Outputs {
    /// Those that it names.
    Named(Vec<ModelOutput>),
    /// None: the score, which of the values of a row its class says.
    Score(ModelOutput),
}

#[cfg(any(feature = "embedded", feature = "runtime"))]
impl Outputs {
    /// All of them.
    pub(crate) fn list(&self) -> &[ModelOutput] {
        match self {
            Self::Named(list) => list,
            Self::Score(score) => std::slice::from_ref(score),
        }
    }
}

/// Checks what is known of the outputs before the model is loaded: their names, and what they are.
pub(crate) fn check_outputs(graph: &Graph, asked: &[ModelOutput]) -> Vec<Wrong> {
    let ports: Vec<&Port> = graph.outputs.iter().collect();
    let mut wrong = Vec::new();
    // Files say wrongly how wide an output is: that is looked at when it is loaded, unless it is not.
    let mut is_loaded = true;
    for output in asked {
        let key = format!("outputs.{}", output.column);
        let Some(port) = ports.iter().find(|port| port.name == output.output) else {
            let names = ports.iter().map(|port| port.name.as_str());
            let near = suggest::nearest(&output.output, names)
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let (name, has) = (&output.output, described(&ports));
            let message = format!("the model has no output {name:?}{near} (it has {has})");
            wrong.push(Wrong::new(key, message));
            is_loaded = false;
            continue;
        };
        let zipped = zip_map(graph, &port.name);
        if let Some(other) = port.other.filter(|_| zipped.is_none()) {
            wrong.push(Wrong::new(key, format!(
                "output {:?} is {other}, which makes no column: export the model with tensors as \
                 outputs (skl2onnx: options={{'zipmap': False}})",
                port.name
            )));
            is_loaded = false;
            continue;
        }
        match port.shape.as_deref() {
            Some([]) | None => {}
            Some([_, rest @ ..]) if rest.len() > 1 => {
                wrong.push(Wrong::new(key, too_deep(&port.name, rest.len() + 1)));
                is_loaded = false;
            }
            Some([_, rest @ ..]) => {
                let width = rest.first().map_or(Some(1), |width| *width);
                let width = width.and_then(|width| usize::try_from(width).ok());
                let said = width.and_then(|width| {
                    wrong_element(&port.name, width, rest.is_empty(), output.element)
                });
                wrong.extend(said.map(|message| Wrong::new(key, message)));
            }
        }
    }
    if is_loaded {
        wrong.clear();
    }
    wrong
}

pub(crate) fn too_deep(name: &str, rank: usize) -> String {
    format!(
        "output {name:?} has {rank} dimensions: a column is made of rows, or of one of the values \
         that each row has"
    )
}

/// What is wrong with an element of an output that has `width` values a row.
pub(crate) fn wrong_element(
    name: &str,
    width: usize,
    is_flat: bool,
    element: Option<usize>,
) -> Option<String> {
    match element {
        Some(_) if is_flat => Some(format!(
            "output {name:?} has one value a row: write \"{name}\" without an index"
        )),
        Some(element) if element >= width => Some(format!(
            "output {name:?} has {width} values a row, numbered from 0: there is no {element}"
        )),
        None if width != 1 => Some(format!(
            "output {name:?} has {width} values a row: say which, such as \"{name}[0]\""
        )),
        _ => None,
    }
}

/// The ZipMap that an output is of: what is asked of it is asked of the tensor that it takes apart.
fn zip_map<'a>(graph: &'a Graph, output: &str) -> Option<&'a Node> {
    let is_of = |name: &String| name == output;
    let mut nodes = graph.nodes.iter();
    nodes.find(|node| node.operator == "ZipMap" && node.outputs.iter().any(is_of))
}

/// How many classes a ZipMap names, which is how wide its tensor is.
#[cfg(any(feature = "embedded", feature = "runtime"))]
fn classes_of(zip_map: &Node) -> Option<usize> {
    let numbers = zip_map.attributes.ints("classlabels_int64s").ok()?.len();
    let names = zip_map.attributes.strings("classlabels_strings").ok()?;
    Some(numbers.max(names.len())).filter(|classes| *classes > 0)
}

/// The output that is the score where a campaign names none: a class of the probabilities.
#[cfg(any(feature = "embedded", feature = "runtime"))]
pub(crate) fn score(graph: &Graph, spec: &campaign::Model) -> Result<ModelOutput, Vec<Wrong>> {
    let missing = || {
        vec![Wrong::new(
            "",
            "the graph has no output of scores, only labels",
        )]
    };
    let name = super::graph::score_output(graph).ok_or_else(missing)?;
    let port = graph.outputs.iter().find(|port| port.name == name);
    let zipped = zip_map(graph, name).and_then(classes_of);
    let shape = port.and_then(|port| port.shape.as_deref());
    if zipped.is_none() && !matches!(shape, Some([_] | [_, Some(_)])) {
        let told = port.map_or_else(String::new, describe);
        let message = format!(
            "does not say which value is the score of {told}: name it, such as \
             {{ {} = \"{name}[0]\" }}",
            spec.name
        );
        return Err(vec![Wrong::new("outputs", message)]);
    }
    Ok(ModelOutput {
        column: spec.name.clone(),
        output: name.to_owned(),
        element: spec.class,
        part: None,
    })
}

/// Which of the values of a row is the score, where there are so many and a campaign names no output: its
/// class, or else the last of two. Files say wrongly how many there are, so it is asked of what is given.
pub(crate) fn score_element(width: usize, class: Option<usize>) -> Result<usize, Wrong> {
    match class {
        Some(class) if class >= width => Err(no_class(class, width)),
        None if width > 2 => Err(which_of(width)),
        class => Ok(class.unwrap_or(width.saturating_sub(1))),
    }
}

fn no_class(class: usize, classes: usize) -> Wrong {
    let message = format!("{class}: the model has {classes} output columns, numbered from 0");
    Wrong::new("class", message)
}

/// What is said of a model of so many classes, none of which is named.
fn which_of(classes: usize) -> Wrong {
    let message = format!(
        "the model has {classes} output columns: say which one is the score, such as class = 0, or name \
         several in outputs"
    );
    Wrong::new("class", message)
}
