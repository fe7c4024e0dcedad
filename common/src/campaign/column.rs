//! `[stage.columns]`: columns that are computed.

use serde::Serialize;

use super::reading::Reading;
use crate::section::Section;

/// How a computed column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer.
    I64,
    /// 32-bit unsigned integer.
    U32,
    /// 64-bit unsigned integer.
    U64,
    /// Boolean.
    Bool,
}

/// A computed column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Name in the output.
    pub name: String,
    /// Expression that gives its value.
    pub expression: String,
    /// Stored type, when the campaign asks for one.
    pub stored: Option<ColumnType>,
    /// Unit, when the campaign says it, such as `GeV`.
    pub unit: Option<String>,
}

pub(super) fn read_columns(section: &mut Section<'_>, reading: &mut Reading) -> Vec<Column> {
    let Some(mut table) = section.section("columns") else {
        return Vec::new();
    };
    let names = table.keys();
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        match read_column(&mut table, name.clone()) {
            Some(column) => columns.push(column),
            None => reading.unread(&name),
        }
    }
    table.finish();
    columns
}

/// A column is an expression, or `{ value = "…", type = "f64", unit = "GeV" }`.
fn read_column(table: &mut Section<'_>, name: String) -> Option<Column> {
    if table.value(&name)?.is_str() {
        let expression = table.text(&name)?;
        return Some(Column {
            name,
            expression,
            stored: None,
            unit: None,
        });
    }
    let mut section = table.section(&name)?;
    let types = [
        ("f32", ColumnType::F32),
        ("f64", ColumnType::F64),
        ("i32", ColumnType::I32),
        ("i64", ColumnType::I64),
        ("u32", ColumnType::U32),
        ("u64", ColumnType::U64),
        ("bool", ColumnType::Bool),
    ];
    let expression = section.required_text("value");
    let stored = section.choice("type", &types);
    let unit = section.text("unit");
    section.finish();
    Some(Column {
        name,
        expression: expression?,
        stored,
        unit,
    })
}
