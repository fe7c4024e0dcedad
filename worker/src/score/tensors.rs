//! Models on tensors of any size: the one interface to an engine, whichever it is.

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Range;

use super::interleaved::interleaved;
use super::signature::Element;

/// What there may be any number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    Nodes,
    Edges,
    Graphs,
}

/// The length of one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Free(Axis),
    Fixed(usize),
}

/// An input as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorInput {
    pub(crate) name: String,
    pub(crate) element: Element,
    pub(crate) extents: Vec<Extent>,
}

/// Values, the last dimension running fastest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Elements,
}

/// The values of a tensor; whole numbers of outputs are `Long`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Elements {
    Float(Vec<f32>),
    Double(Vec<f64>),
    Long(Vec<i64>),
    Int(Vec<i32>),
    Bool(Vec<bool>),
}

impl Elements {
    /// Numbers as the type of an input.
    pub(crate) fn of(element: Element, numbers: Vec<f64>) -> Self {
        let numbers = numbers.into_iter();
        match element {
            Element::Float => Self::Float(numbers.map(|number| number as f32).collect()),
            Element::Double => Self::Double(numbers.collect()),
            Element::Long => Self::Long(numbers.map(|number| number as i64).collect()),
            Element::Int => Self::Int(numbers.map(|number| number as i32).collect()),
            Element::Bool => Self::Bool(numbers.map(|number| number != 0.0).collect()),
        }
    }

    /// Columns side by side, of so many rows, as the type of an input.
    pub(crate) fn side_by_side(element: Element, columns: &[Cow<'_, [f64]>], rows: usize) -> Self {
        let columns: Vec<&[f64]> = columns.iter().map(AsRef::as_ref).collect();
        match element {
            Element::Float => Self::Float(interleaved(&columns, rows, |number| number as f32)),
            Element::Double => Self::Double(interleaved(&columns, rows, |number| number)),
            Element::Long => Self::Long(interleaved(&columns, rows, |number| number as i64)),
            Element::Int => Self::Int(interleaved(&columns, rows, |number| number as i32)),
            Element::Bool => Self::Bool(interleaved(&columns, rows, |number| number != 0.0)),
        }
    }

    /// The values in these ranges, one after the other.
    pub(crate) fn of_ranges(&self, ranges: impl Iterator<Item = Range<usize>>) -> Self {
        fn taken<T: Copy>(all: &[T], ranges: impl Iterator<Item = Range<usize>>) -> Vec<T> {
            let parts = ranges.filter_map(|range| all.get(range));
            parts.flatten().copied().collect()
        }
        match self {
            Self::Float(all) => Self::Float(taken(all, ranges)),
            Self::Double(all) => Self::Double(taken(all, ranges)),
            Self::Long(all) => Self::Long(taken(all, ranges)),
            Self::Int(all) => Self::Int(taken(all, ranges)),
            Self::Bool(all) => Self::Bool(taken(all, ranges)),
        }
    }

    /// The bits of all values; all NaN are one.
    pub(crate) fn bits(&self) -> Vec<u64> {
        let of_double = |value: f64| match value.is_nan() {
            true => u64::MAX,
            false => value.to_bits(),
        };
        match self {
            Self::Float(all) => all.iter().map(|value| of_double((*value).into())).collect(),
            Self::Double(all) => all.iter().copied().map(of_double).collect(),
            Self::Long(all) => all.iter().map(|value| value.cast_unsigned()).collect(),
            Self::Int(all) => all
                .iter()
                .map(|value| i64::from(*value).cast_unsigned())
                .collect(),
            Self::Bool(all) => all.iter().map(|value| u64::from(*value)).collect(),
        }
    }
}

/// A model, loaded: tensors in, tensors out.
pub(crate) trait TensorEngine: Debug + Send + Sync {
    /// The outputs that were asked for, of all inputs that were described, both in that order.
    fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, String>;

    /// The engine, with its version, as plans name it.
    fn name(&self) -> &str;
}
