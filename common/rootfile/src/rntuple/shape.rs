//! How a field becomes an Arrow column: the lists and arrays its values are in, and their type.

use std::sync::Arc;

use arrow_schema::DataType;

use super::schema::{Column, Field, Schema};
use crate::layout::item_field;
use crate::primitive::Primitive;

/// How a branch is read.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// From the outermost to the innermost.
    pub(super) levels: Vec<Level>,
    pub(super) values: Values,
    pub(super) primitive: Primitive,
    /// The columns with the innermost values, one for each representation.
    pub(super) columns: Arc<[usize]>,
}

/// Lists or arrays that values are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Level {
    /// Of this length.
    Array(usize),
    /// As long as columns say, one for each representation, by the ends of the lists.
    List(Arc<[usize]>),
}

/// What the innermost values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Numbers,
    /// The bytes of strings, which are the innermost lists.
    Text,
    /// The lengths of lists, whose ends the columns hold.
    Lengths,
}

impl Shape {
    pub(super) fn data_type(&self) -> DataType {
        let mut levels = self.levels.as_slice();
        let mut inner = self.primitive.data_type();
        if self.values == Values::Text {
            inner = DataType::Utf8;
            levels = levels.split_last().map_or(levels, |(_, rest)| rest);
        }
        levels.iter().rev().fold(inner, |inner, level| match level {
            Level::Array(length) => {
                let length = i32::try_from(*length).unwrap_or(i32::MAX);
                DataType::FixedSizeList(item_field(inner), length)
            }
            Level::List(_) => DataType::List(item_field(inner)),
        })
    }
}

/// The values of a field that has columns of its own, in these lists and arrays; or why they are not
/// decoded.
pub(super) fn leaf(schema: &Schema, field: &Field, levels: &[Level]) -> Result<Shape, String> {
    let mut levels = levels.to_vec();
    let alternatives = schema.alternatives(field);
    let (values, columns, primitive) = match alternatives.as_slice() {
        [] => return Err("it has no values of its own".to_owned()),
        [ends] if is_cardinality(&field.type_name) => {
            check_index(schema, ends)?;
            let primitive = match field.type_name.contains("64") {
                true => Primitive::U64,
                false => Primitive::U32,
            };
            (Values::Lengths, ends, primitive)
        }
        [only] => {
            let from_column = check_known(schema, only)?;
            let primitive = primitive_of(&field.type_name).unwrap_or(from_column);
            (Values::Numbers, only, primitive)
        }
        [ends, bytes] if &*field.type_name == "std::string" => {
            check_index(schema, ends)?;
            check_known(schema, bytes)?;
            levels.push(Level::List(ends.as_slice().into()));
            (Values::Text, bytes, Primitive::U8)
        }
        several => {
            let reason = format!(
                "values of type {:?} in {} columns are not decoded",
                field.type_name,
                several.len()
            );
            return Err(reason);
        }
    };
    Ok(Shape {
        levels,
        values,
        primitive,
        columns: columns.as_slice().into(),
    })
}

/// The columns that say how long the lists of a collection are.
pub(super) fn index(schema: &Schema, field: &Field) -> Result<Arc<[usize]>, String> {
    match schema.alternatives(field).as_slice() {
        [ends] => {
            check_index(schema, ends)?;
            Ok(ends.as_slice().into())
        }
        _ => Err(format!(
            "a collection of type {:?} is not decoded",
            field.type_name
        )),
    }
}

/// The type of the numbers in columns, which must be known, by the first of these.
fn check_known(schema: &Schema, columns: &[usize]) -> Result<Primitive, String> {
    let mut primitive = None;
    for id in columns {
        let column = schema.columns.get(*id);
        let column = column.ok_or_else(|| format!("column {id} is missing"))?;
        let encoding = column.encoding.ok_or_else(|| unknown(column))?;
        primitive.get_or_insert(encoding.primitive());
    }
    primitive.ok_or_else(|| "it has no columns".to_owned())
}

fn check_index(schema: &Schema, columns: &[usize]) -> Result<(), String> {
    for id in columns {
        let column = schema.columns.get(*id);
        if !column.is_some_and(|column| column.encoding.is_some_and(|known| known.is_index())) {
            return Err(format!("column {id} does not say how long lists are"));
        }
    }
    Ok(())
}

fn unknown(column: &Column) -> String {
    format!(
        "columns of type {:#04x} with {} bits are not decoded",
        column.kind, column.bits
    )
}

fn is_cardinality(type_name: &str) -> bool {
    type_name.starts_with("ROOT::RNTupleCardinality<")
}

/// The type of numbers of a C++ type; `None` where the column decides.
fn primitive_of(type_name: &str) -> Option<Primitive> {
    Some(match type_name {
        "bool" => Primitive::Bool,
        "char" | "std::int8_t" => Primitive::I8,
        "std::byte" | "std::uint8_t" => Primitive::U8,
        "std::int16_t" => Primitive::I16,
        "std::uint16_t" => Primitive::U16,
        "std::int32_t" => Primitive::I32,
        "std::uint32_t" => Primitive::U32,
        "std::int64_t" => Primitive::I64,
        "std::uint64_t" => Primitive::U64,
        "float" => Primitive::F32,
        "double" => Primitive::F64,
        _ => return None,
    })
}
