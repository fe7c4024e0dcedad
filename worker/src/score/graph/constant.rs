//! Constants of a graph, by name: initializers and Constant nodes.

use std::collections::HashMap;

use crate::score::error::Problem;
use crate::score::onnx::{Graph, Tensor, TensorData};

/// Constants by the name of their value.
#[derive(Debug, Default)]
pub(super) struct Constants<'a>(HashMap<&'a str, Tensor>);

impl<'a> Constants<'a> {
    pub(super) fn new(graph: &'a Graph) -> Result<Self, Problem> {
        let mut found: HashMap<&str, Tensor> = graph
            .constants
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor.clone()))
            .collect();
        for node in graph
            .nodes
            .iter()
            .filter(|node| node.operator == "Constant" && node.domain.is_empty())
        {
            let attributes = &node.attributes;
            let tensor = match (
                attributes.tensor("value")?,
                attributes.float("value_float")?,
                attributes.int("value_int")?,
            ) {
                (Some(tensor), _, _) => tensor,
                (_, Some(value), _) => Tensor {
                    shape: Vec::new(),
                    data: TensorData::Float(vec![value]),
                },
                (_, _, Some(value)) => Tensor {
                    shape: Vec::new(),
                    data: TensorData::Int(vec![value]),
                },
                _ => {
                    let values = attributes.ints("value_ints")?;
                    Tensor {
                        shape: vec![i64::try_from(values.len()).unwrap_or(i64::MAX)],
                        data: TensorData::Int(values),
                    }
                }
            };
            if let Some(output) = node.outputs.first() {
                found.insert(output, tensor);
            }
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }
}
