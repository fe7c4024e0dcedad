//! What a model reads: one list of columns, or a list for each of its inputs.

use serde::Serialize;
use toml::Value;

use crate::section::Section;

/// The columns and expressions that a model reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ModelInputs {
    /// Side by side, whatever inputs the model declares.
    Columns(Vec<String>),
    /// For inputs by their names.
    Named(Vec<NamedInput>),
}

/// What one input of a model reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NamedInput {
    /// The model's name of it.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
}

impl ModelInputs {
    /// Every column, with its place below the model in the campaign file, such as
    /// `inputs.mask[2]`.
    #[must_use]
    pub fn places(&self) -> Vec<(String, &str)> {
        fn add<'a>(places: &mut Vec<(String, &'a str)>, key: &str, columns: &'a [String]) {
            for (index, column) in columns.iter().enumerate() {
                places.push((format!("{key}[{index}]"), column));
            }
        }
        let mut places = Vec::new();
        match self {
            Self::Columns(columns) => add(&mut places, "inputs", columns),
            Self::Named(inputs) => {
                for input in inputs {
                    let key = format!("inputs.{}", input.name);
                    add(&mut places, &key, &input.columns);
                }
            }
        }
        places
    }

    /// Every column, in order.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let places = self.places().into_iter();
        places.map(|(_, column)| column.to_owned()).collect()
    }

    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        match section.value("inputs") {
            None => {
                section.problem(
                    "inputs",
                    "is missing: name the feature columns in training order",
                );
                None
            }
            Some(Value::Table(_)) => Self::read_table(section),
            Some(_) => section.texts("inputs").map(Self::Columns),
        }
    }

    fn read_table(section: &mut Section<'_>) -> Option<Self> {
        let mut table = section.section("inputs")?;
        let names = table.keys();
        if names.is_empty() {
            table.problem_here("is empty: give each input of the model its columns");
            return None;
        }
        let mut inputs = Vec::with_capacity(names.len());
        for name in &names {
            let columns = table.texts(name);
            if columns.as_ref().is_some_and(Vec::is_empty) {
                table.problem(name, "is empty: name at least one column");
            }
            inputs.extend(columns.map(|columns| NamedInput {
                name: name.clone(),
                columns,
            }));
        }
        (inputs.len() == names.len()).then_some(Self::Named(inputs))
    }
}
