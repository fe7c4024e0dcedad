//! Constant tensors.

use super::message::TensorProto;
use super::{DOUBLE, FLOAT, INT64};
use crate::score::error::Problem;

/// A constant: shape and values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    /// Dimensions; empty for a scalar.
    pub(crate) shape: Vec<i64>,
    pub(crate) data: TensorData,
}

/// The values of a constant, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TensorData {
    Float(Vec<f32>),
    Double(Vec<f64>),
    Int(Vec<i64>),
    /// A type that scoring by trees does not read; ONNX's number for it.
    Other(i32),
}

impl Tensor {
    pub(crate) fn from_proto(proto: TensorProto) -> Result<Self, Problem> {
        let named = |reason: &str| Problem::invalid(format!("tensor {:?}: {reason}", proto.name));
        if proto.data_location != 0 && matches!(proto.data_type, FLOAT | DOUBLE | INT64) {
            return Err(Problem::needs_runtime(format!(
                "tensor {:?} lies in another file (external data)",
                proto.name
            )));
        }
        let expected = proto
            .dims
            .iter()
            .try_fold(1_usize, |size, dim| {
                size.checked_mul(usize::try_from(*dim).ok()?)
            })
            .ok_or_else(|| named("its dimensions are negative or overflow"))?;
        let raw = &proto.raw_data;
        let data = match proto.data_type {
            FLOAT if raw.is_empty() => TensorData::Float(proto.float_data),
            FLOAT => TensorData::Float(from_raw(raw, f32::from_le_bytes)),
            DOUBLE if raw.is_empty() => TensorData::Double(proto.double_data),
            DOUBLE => TensorData::Double(from_raw(raw, f64::from_le_bytes)),
            INT64 if raw.is_empty() => TensorData::Int(proto.int64_data),
            INT64 => TensorData::Int(from_raw(raw, i64::from_le_bytes)),
            // uint8 (the node modes of the newest operator) and int32, which share a field
            2 if !raw.is_empty() => {
                TensorData::Int(raw.iter().map(|byte| i64::from(*byte)).collect())
            }
            6 if !raw.is_empty() => {
                TensorData::Int(from_raw(raw, |bytes| i64::from(i32::from_le_bytes(bytes))))
            }
            2 | 6 => TensorData::Int(
                proto
                    .int32_data
                    .iter()
                    .map(|value| i64::from(*value))
                    .collect(),
            ),
            other => TensorData::Other(other),
        };
        let tensor = Self {
            shape: proto.dims,
            data,
        };
        match tensor.len() {
            Some(found) if found != expected => Err(Problem::invalid(format!(
                "tensor {:?}: its shape {:?} needs {expected} values, found {found}",
                proto.name, tensor.shape
            ))),
            _ => Ok(tensor),
        }
    }

    /// Number of values, `None` for the types that are not read.
    fn len(&self) -> Option<usize> {
        match &self.data {
            TensorData::Float(values) => Some(values.len()),
            TensorData::Double(values) => Some(values.len()),
            TensorData::Int(values) => Some(values.len()),
            TensorData::Other(_) => None,
        }
    }

    /// The values as floating-point numbers.
    pub(crate) fn to_f64(&self) -> Option<Vec<f64>> {
        match &self.data {
            TensorData::Float(values) => {
                Some(values.iter().map(|value| f64::from(*value)).collect())
            }
            TensorData::Double(values) => Some(values.clone()),
            TensorData::Int(values) => Some(values.iter().map(|value| *value as f64).collect()),
            TensorData::Other(_) => None,
        }
    }

    /// The values as integers, when they are.
    pub(crate) fn as_ints(&self) -> Option<&[i64]> {
        match &self.data {
            TensorData::Int(values) => Some(values),
            _ => None,
        }
    }
}

fn from_raw<const N: usize, T>(raw: &[u8], value: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = raw.as_chunks::<N>();
    chunks.iter().map(|chunk| value(*chunk)).collect()
}
