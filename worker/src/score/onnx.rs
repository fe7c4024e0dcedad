//! ONNX files: from bytes to a graph whose parts are decoded one at a time.
//!
//! Knows the file format and nothing of trees or scores.

mod attribute;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod attribute_bounds;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod bounds;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod branches;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod division;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod element_types;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod excerpt;
mod external;
#[cfg(feature = "runtime")]
mod guards;
#[cfg(feature = "runtime")]
mod identity;
mod message;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod of_runtime;
mod operators;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod sound;
mod tensor;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod tree_nodes;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod values;
#[cfg(any(feature = "embedded", feature = "runtime"))]
mod versions;

use prost::Message;

pub(crate) use attribute::Attributes;
#[cfg(any(feature = "embedded", feature = "runtime"))]
pub(crate) use bounds::out_of_bounds;
#[cfg(feature = "runtime")]
pub(crate) use excerpt::with_free_rows;
#[cfg(any(feature = "embedded", feature = "runtime"))]
pub(crate) use excerpt::{Excerpt, excerpt};
pub use external::with_external_data;
#[cfg(feature = "runtime")]
pub(crate) use guards::{told_by_guard, with_guards};
#[cfg(feature = "runtime")]
pub(crate) use identity::identity;
#[cfg(test)]
pub(crate) use message::AttributeProto;
pub(crate) use operators::is_sized_by_values;
pub(crate) use tensor::{Tensor, TensorData};

use message::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use super::error::Problem;

/// Larger files are refused: the largest ensembles in use have some tens of MB.
const FILE_LIMIT: usize = 256 << 20;
/// More nodes than any model that is scored.
const NODE_LIMIT: usize = 20_000;
/// More attributes than any operator has.
const ATTRIBUTE_LIMIT: usize = 256;
/// ONNX's numbers for the element types used here.
pub(crate) const FLOAT: i32 = 1;
pub(crate) const INT32: i32 = 6;
pub(crate) const INT64: i32 = 7;
pub(crate) const BOOL: i32 = 9;
pub(crate) const DOUBLE: i32 = 11;

/// A graph and the metadata beside it.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) constants: Vec<(String, Tensor)>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    /// Key and value, in file order.
    pub(crate) metadata: Vec<(String, String)>,
    /// The program that wrote the file.
    pub(crate) producer: String,
}

/// One operator.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) operator: String,
    /// Empty for the standard operators.
    pub(crate) domain: String,
    pub(crate) name: String,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) attributes: Attributes,
}

/// An input or output of the graph.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) name: String,
    /// Element type of a tensor, 0 when it is not a tensor or not told.
    pub(crate) element: i32,
    /// Dimensions, `None` where free; `None` as a whole when not told.
    pub(crate) shape: Option<Vec<Option<i64>>>,
    /// What it is where it is no tensor.
    pub(crate) other: Option<&'static str>,
}

/// Reads an ONNX file.
pub(crate) fn parse(bytes: &[u8]) -> Result<Graph, Problem> {
    let (model, graph) = read_model(bytes)?;
    let mut read = read_graph(&graph)?;
    read.producer = model.producer_name;
    read.metadata = model
        .metadata_props
        .into_iter()
        .map(|entry| (entry.key, entry.value))
        .collect();
    Ok(read)
}

/// The file, and its graph, still encoded.
fn read_model(bytes: &[u8]) -> Result<(ModelProto, Vec<u8>), Problem> {
    if bytes.is_empty() {
        return Err(Problem::Empty);
    }
    if bytes.len() > FILE_LIMIT {
        return Err(Problem::TooLarge {
            found: bytes.len(),
            limit: FILE_LIMIT,
        });
    }
    let mut model =
        ModelProto::decode(bytes).map_err(|reason| unreadable(bytes, &reason.to_string()))?;
    if model.ir_version.is_none_or(|version| version <= 0) {
        return Err(not_onnx(bytes));
    }
    let graph = model
        .graph
        .take()
        .ok_or_else(|| Problem::damaged("it has no graph"))?;
    if model.opset_import.is_empty() {
        return Err(Problem::damaged("it names no operator set (opset_import)"));
    }
    Ok((model, graph))
}

/// The parts of a graph, still encoded, as many as any graph has.
fn read_parts(bytes: &[u8]) -> Result<GraphProto, Problem> {
    let graph: GraphProto = decode("graph", bytes)?;
    let limit = NODE_LIMIT;
    for (what, found) in [
        ("nodes", graph.node.len()),
        ("initializers", graph.initializer.len()),
        ("inputs", graph.input.len()),
        ("outputs", graph.output.len()),
    ] {
        if found > limit {
            return Err(Problem::TooMany { found, what, limit });
        }
    }
    Ok(graph)
}

fn read_graph(bytes: &[u8]) -> Result<Graph, Problem> {
    let graph = read_parts(bytes)?;
    Ok(Graph {
        nodes: graph
            .node
            .iter()
            .map(|node| read_node(node))
            .collect::<Result<_, _>>()?,
        constants: graph
            .initializer
            .iter()
            .map(|tensor| read_initializer(tensor))
            .collect::<Result<_, _>>()?,
        inputs: graph
            .input
            .iter()
            .map(|port| read_port(port))
            .collect::<Result<_, _>>()?,
        outputs: graph
            .output
            .iter()
            .map(|port| read_port(port))
            .collect::<Result<_, _>>()?,
        metadata: Vec::new(),
        producer: String::new(),
    })
}

fn read_node(bytes: &[u8]) -> Result<Node, Problem> {
    let node: NodeProto = decode("node", bytes)?;
    if node.attribute.len() > ATTRIBUTE_LIMIT {
        return Err(Problem::invalid(format!(
            "operator {} has {} attributes",
            node.op_type,
            node.attribute.len()
        )));
    }
    let domain = standard(node.domain);
    Ok(Node {
        operator: node.op_type,
        domain,
        name: node.name,
        inputs: node.input,
        outputs: node.output,
        attributes: Attributes::new(node.attribute),
    })
}

/// The standard domain has two spellings; this is the short one.
fn standard(domain: String) -> String {
    match domain.as_str() {
        "ai.onnx" => String::new(),
        _ => domain,
    }
}

fn read_initializer(bytes: &[u8]) -> Result<(String, Tensor), Problem> {
    let tensor: TensorProto = decode("initializer", bytes)?;
    Ok((tensor.name.clone(), Tensor::from_proto(tensor)?))
}

fn read_port(bytes: &[u8]) -> Result<Port, Problem> {
    let port: ValueInfoProto = decode("graph input or output", bytes)?;
    let other = port.kind.as_ref().and_then(|kind| match kind {
        _ if kind.sequence_type.is_some() => Some("a sequence"),
        _ if kind.map_type.is_some() => Some("a map"),
        _ => None,
    });
    let tensor = port.kind.and_then(|kind| kind.tensor_type);
    let element = tensor.as_ref().map_or(0, |tensor| tensor.elem_type);
    let shape = tensor.and_then(|tensor| tensor.shape).map(|shape| {
        shape
            .dim
            .into_iter()
            .map(|dim| dim.dim_value.filter(|value| *value > 0))
            .collect()
    });
    Ok(Port {
        name: port.name,
        element,
        shape,
        other,
    })
}

/// Decodes one message, naming it in the error.
fn decode<M: Message + Default>(what: &str, bytes: &[u8]) -> Result<M, Problem> {
    M::decode(bytes).map_err(|reason| Problem::damaged(format!("cannot read a {what}: {reason}")))
}

/// Tells a cut ONNX file from something else: ONNX files begin with field 1, a small version.
fn unreadable(bytes: &[u8], reason: &str) -> Problem {
    match bytes {
        [0x08, version, ..] if (1..=64).contains(version) => Problem::damaged(format!(
            "the file of {} bytes cannot be read as a ModelProto: {reason}",
            bytes.len()
        )),
        _ => not_onnx(bytes),
    }
}

fn not_onnx(bytes: &[u8]) -> Problem {
    let text = bytes
        .iter()
        .take(64)
        .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e));
    let found = match bytes {
        [b'P', b'K', 3, 4, ..] => "a ZIP archive".to_owned(),
        [0x89, b'H', b'D', b'F', ..] => "an HDF5 file".to_owned(),
        [b'r', b'o', b'o', b't', ..] => "a ROOT file".to_owned(),
        [0x1f, 0x8b, ..] => "a gzip file".to_owned(),
        [0x80, 2..=5, ..] => "a Python pickle".to_owned(),
        [b'{' | b'[', ..] if text => "JSON text".to_owned(),
        _ if text => "text".to_owned(),
        _ => format!(
            "{} bytes beginning {}",
            bytes.len(),
            hex(bytes.get(..8).unwrap_or(bytes))
        ),
    };
    Problem::NotOnnx { found }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(" ")
}
