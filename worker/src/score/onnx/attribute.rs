//! The attributes of an operator, looked up by name and decoded when asked for.

use super::decode;
use super::message::AttributeProto;
use super::tensor::{Tensor, TensorData};
use crate::score::error::Problem;

/// The attributes of one operator, still encoded.
#[derive(Debug, Default)]
pub(crate) struct Attributes(Vec<Vec<u8>>);

/// ONNX's numbers for the kinds of attributes.
const KIND_FLOAT: i32 = 1;
const KIND_INT: i32 = 2;
const KIND_STRING: i32 = 3;
const KIND_TENSOR: i32 = 4;
const KIND_FLOATS: i32 = 6;
const KIND_INTS: i32 = 7;
const KIND_STRINGS: i32 = 8;

impl Attributes {
    pub(super) fn new(encoded: Vec<Vec<u8>>) -> Self {
        Self(encoded)
    }

    /// The attribute of that name, if it is there and of that kind.
    fn find(&self, name: &str, kind: i32) -> Result<Option<AttributeProto>, Problem> {
        for bytes in &self.0 {
            // The name is the first field; comparing it first spares decoding long arrays.
            if !names(bytes, name) {
                continue;
            }
            let attribute: AttributeProto = decode("attribute", bytes)?;
            if attribute.name != name {
                continue;
            }
            // Old files do not tell the kind.
            if attribute.kind != kind && attribute.kind != 0 {
                return Err(Problem::invalid(format!(
                    "attribute {name} is of kind {}, expected {kind}",
                    attribute.kind
                )));
            }
            return Ok(Some(attribute));
        }
        Ok(None)
    }

    /// A list of integers; empty when absent.
    pub(crate) fn ints(&self, name: &str) -> Result<Vec<i64>, Problem> {
        Ok(self
            .find(name, KIND_INTS)?
            .map(|found| found.ints)
            .unwrap_or_default())
    }

    /// A list of floating-point numbers; empty when absent.
    pub(crate) fn floats(&self, name: &str) -> Result<Vec<f32>, Problem> {
        Ok(self
            .find(name, KIND_FLOATS)?
            .map(|found| found.floats)
            .unwrap_or_default())
    }

    /// A list of byte strings; empty when absent.
    pub(crate) fn strings(&self, name: &str) -> Result<Vec<Vec<u8>>, Problem> {
        Ok(self
            .find(name, KIND_STRINGS)?
            .map(|found| found.strings)
            .unwrap_or_default())
    }

    /// An integer.
    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, Problem> {
        Ok(self.find(name, KIND_INT)?.map(|found| found.i))
    }

    /// A floating-point number.
    pub(crate) fn float(&self, name: &str) -> Result<Option<f32>, Problem> {
        Ok(self.find(name, KIND_FLOAT)?.map(|found| found.f))
    }

    pub(crate) fn string(&self, name: &str) -> Result<Option<String>, Problem> {
        Ok(self
            .find(name, KIND_STRING)?
            .map(|found| String::from_utf8_lossy(&found.s).into_owned()))
    }

    pub(crate) fn tensor(&self, name: &str) -> Result<Option<Tensor>, Problem> {
        match self.find(name, KIND_TENSOR)?.and_then(|found| found.t) {
            Some(tensor) => Ok(Some(Tensor::from_proto(tensor)?)),
            None => Ok(None),
        }
    }

    /// Numbers that are a list of floats under `name`, or a tensor under `name` + `_as_tensor`
    /// or under `name` itself, and whether they are of double precision; empty when absent.
    pub(crate) fn numbers(&self, name: &str) -> Result<(Vec<f64>, bool), Problem> {
        let as_tensor = match self.tensor(&format!("{name}_as_tensor"))? {
            Some(tensor) => Some(tensor),
            None if self.is_tensor(name) => self.tensor(name)?,
            None => None,
        };
        let Some(tensor) = as_tensor else {
            let floats = self.floats(name)?;
            return Ok((floats.into_iter().map(f64::from).collect(), false));
        };
        let double = matches!(tensor.data, TensorData::Double(_));
        let values = tensor.to_f64().ok_or_else(|| {
            Problem::invalid(format!("attribute {name} is not a tensor of numbers"))
        })?;
        Ok((values, double))
    }

    fn is_tensor(&self, name: &str) -> bool {
        matches!(self.find(name, KIND_TENSOR), Ok(Some(found)) if found.t.is_some())
    }
}

/// Whether an encoded attribute may have that name: either it begins with it, or its name does
/// not come first and only decoding can tell.
fn names(bytes: &[u8], name: &str) -> bool {
    match bytes {
        [0x0a, length, rest @ ..] if *length < 0x80 => {
            usize::from(*length) == name.len() && rest.starts_with(name.as_bytes())
        }
        _ => true,
    }
}

#[cfg(test)]
impl Attributes {
    /// Encodes attributes as a file has them.
    pub(crate) fn of(attributes: &[AttributeProto]) -> Self {
        Self(
            attributes
                .iter()
                .map(prost::Message::encode_to_vec)
                .collect(),
        )
    }
}
