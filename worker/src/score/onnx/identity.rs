//! The least model that there is: it gives the one number that it is given.

use prost::Message;

use super::FLOAT;
use super::message::{
    DimensionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};

/// Versions of the format and of the operators that every library of today reads.
const FORMAT: i64 = 8;
const OPERATORS: i64 = 13;

/// The file.
pub(crate) fn identity() -> Vec<u8> {
    let dim = DimensionProto { dim_value: Some(1) };
    let tensor = TensorTypeProto {
        elem_type: FLOAT,
        shape: Some(TensorShapeProto { dim: vec![dim] }),
    };
    let port = |name: &str| ValueInfoProto {
        name: name.to_owned(),
        kind: Some(TypeProto {
            tensor_type: Some(tensor.clone()),
            ..Default::default()
        }),
    };
    let node = NodeProto {
        input: vec![String::from("x")],
        output: vec![String::from("y")],
        op_type: String::from("Identity"),
        ..Default::default()
    };
    let graph = GraphProto {
        node: vec![node.encode_to_vec()],
        name: String::from("identity"),
        input: vec![port("x").encode_to_vec()],
        output: vec![port("y").encode_to_vec()],
        ..Default::default()
    };
    let operators = OperatorSetIdProto {
        domain: String::new(),
        version: OPERATORS,
    };
    let model = ModelProto {
        ir_version: Some(FORMAT),
        graph: Some(graph.encode_to_vec()),
        opset_import: vec![operators],
        ..Default::default()
    };
    model.encode_to_vec()
}
