//! The graph's inputs and outputs: one matrix of features, or a column for each.

use std::ops::Range;

use crate::score::error::Problem;
use crate::score::onnx::{DOUBLE, FLOAT, Graph, INT32, INT64, Port};

/// What the inputs declare.
#[derive(Debug)]
pub(super) struct Inputs {
    /// Name, first column and number of columns (`None` when not declared) of each.
    pub(super) columns: Vec<Input>,
    /// Number of features in all, when declared.
    pub(super) width: Option<usize>,
}

/// One input.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) name: String,
    pub(super) first: usize,
    pub(super) width: Option<usize>,
    /// ONNX's number for its element type.
    pub(super) element: i32,
}

impl Inputs {
    /// Columns of the inputs of some element types; to the last where their number is not declared.
    pub(super) fn columns_of(&self, elements: &[i32]) -> Vec<Range<usize>> {
        let found = self.columns.iter();
        found
            .filter(|input| elements.contains(&input.element))
            .map(|input| {
                let end = input.width.map(|width| input.first.saturating_add(width));
                input.first..end.unwrap_or(usize::MAX)
            })
            .collect()
    }
}

/// More features than any ensemble reads.
const WIDTH_LIMIT: usize = 1 << 20;

/// Lays the inputs that the scores need side by side.
pub(super) fn inputs(graph: &Graph, needed: &dyn Fn(&str) -> bool) -> Result<Inputs, Problem> {
    // Old files list constants among the inputs.
    let constant = |port: &&Port| !graph.constants.iter().any(|(name, _)| *name == port.name);
    let ports: Vec<&Port> = graph
        .inputs
        .iter()
        .filter(constant)
        .filter(|port| needed(&port.name))
        .collect();
    let mut columns = Vec::new();
    let mut total = Some(0_usize);
    for port in &ports {
        if ![FLOAT, DOUBLE, INT32, INT64].contains(&port.element) {
            return Err(Problem::needs_runtime(format!(
                "input {:?} is of element type {}, expected float (1), int32 (6), int64 (7) or \
                 double (11)",
                port.name, port.element
            )));
        }
        let width = width(port)?;
        if width.is_none() && ports.len() > 1 {
            return Err(Problem::needs_runtime(format!(
                "several inputs, and {:?} does not declare its width",
                port.name
            )));
        }
        columns.push(Input {
            name: port.name.clone(),
            first: total.unwrap_or(0),
            width,
            element: port.element,
        });
        total = total
            .zip(width)
            .map(|(total, width)| total.saturating_add(width));
    }
    match total {
        Some(0) => Err(Problem::invalid("the scores depend on no input")),
        Some(width) if width > WIDTH_LIMIT => Err(Problem::invalid(format!(
            "the inputs declare {width} features, more than {WIDTH_LIMIT}"
        ))),
        width => Ok(Inputs { columns, width }),
    }
}

/// The second of two dimensions; the first, the number of rows, may be anything.
fn width(port: &Port) -> Result<Option<usize>, Problem> {
    match port.shape.as_deref() {
        None => Ok(None),
        Some([_, width]) => Ok(width.and_then(|width| usize::try_from(width).ok())),
        Some(shape) => Err(Problem::needs_runtime(format!(
            "input {:?} has {} dimensions, expected rows and features",
            port.name,
            shape.len()
        ))),
    }
}

/// The output that holds the scores: the last, but one named after probabilities before others.
/// Outputs of whole numbers and text are labels.
pub(in crate::score) fn score_output(graph: &Graph) -> Option<&str> {
    // Element types from uint8 to bool; maps and sequences, as ZipMap makes them, have none.
    let numbers = |port: &&Port| !(2..=9).contains(&port.element);
    let named = |port: &&Port| port.name.to_ascii_lowercase().contains("prob");
    let scores: Vec<&Port> = graph.outputs.iter().rev().filter(numbers).collect();
    let (first, then): (Vec<&Port>, Vec<&Port>) = scores.into_iter().partition(named);
    first
        .into_iter()
        .chain(then)
        .map(|port| port.name.as_str())
        .next()
}
