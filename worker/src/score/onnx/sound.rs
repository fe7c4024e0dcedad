//! Attributes and constants of a file, as far as they are understood.

use prost::Message;

use super::attribute_bounds::wrong_attribute;
use super::message::{AttributeProto, NodeProto, TensorProto};
use super::{ATTRIBUTE_LIMIT, decode};
use crate::score::error::Problem;

/// The attributes of a node, as far as they are understood; graphs are none of them.
pub(super) fn attributes(node: &NodeProto) -> Result<Vec<Vec<u8>>, Problem> {
    if node.attribute.len() > ATTRIBUTE_LIMIT {
        let (operator, found) = (&node.op_type, node.attribute.len());
        return Err(Problem::invalid(format!(
            "operator {operator} has {found} attributes"
        )));
    }
    let encoded = node.attribute.iter().map(|bytes| {
        let mut attribute: AttributeProto = decode("attribute", bytes)?;
        if let Some(reason) = wrong_attribute(&attribute) {
            let operator = &node.op_type;
            return Err(Problem::invalid(format!(
                "operator {operator} has {reason}"
            )));
        }
        attribute.t = attribute.t.map(sound).transpose()?;
        attribute.g = None;
        Ok(attribute.encode_to_vec())
    });
    encoded.collect()
}

/// A constant whose values are in the file, as many as its shape says.
pub(super) fn sound(mut tensor: TensorProto) -> Result<TensorProto, Problem> {
    tensor.external_data.clear();
    let named = |reason: &str| Problem::invalid(format!("tensor {:?}: {reason}", tensor.name));
    if tensor.data_location != 0 {
        return Err(named("it lies in another file (external data)"));
    }
    let bytes = match tensor.data_type {
        2 | 3 | 9 => 1,
        4 | 5 | 10 => 2,
        1 | 6 => 4,
        7 | 11 => 8,
        other => return Err(named(&format!("it is of element type {other}"))),
    };
    let size = tensor.dims.iter().try_fold(1_usize, |size, dim| {
        size.checked_mul(usize::try_from(*dim).ok()?)
    });
    let size = size.ok_or_else(|| named("its dimensions are negative or overflow"))?;
    let found = match tensor.data_type {
        _ if !tensor.raw_data.is_empty() => tensor.raw_data.len() / bytes,
        1 => tensor.float_data.len(),
        7 => tensor.int64_data.len(),
        11 => tensor.double_data.len(),
        _ => tensor.int32_data.len(),
    };
    let whole = tensor.raw_data.len().is_multiple_of(bytes);
    if found != size || !whole {
        return Err(named(&format!(
            "its shape {:?} needs {size} values, found {found}",
            tensor.dims
        )));
    }
    Ok(tensor)
}
