//! What one row of a stage is, and which input columns it keeps.

use std::str::FromStr;

use serde::Serialize;

use crate::section::Section;

/// Which pairs are kept, by the charges of their members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Charge {
    /// Charges of opposite sign.
    Opposite,
    /// Charges of the same sign.
    Same,
    /// Any two members.
    Any,
}

/// What one row of a stage is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rows {
    /// One row an event (written `"event"` or `"entry"`).
    Event,
    /// One row for each member of a collection that passes `condition`.
    Each {
        /// Name of the collection, such as `Muon`.
        collection: String,
        /// Condition on the member.
        condition: Option<String>,
    },
    /// One row for each pair of members that both pass `condition`.
    Pairs {
        /// Name of the collection, such as `Muon`.
        collection: String,
        /// Requirement on the charges of the two.
        charge: Charge,
        /// Condition on each member.
        condition: Option<String>,
    },
}

impl Rows {
    pub(super) fn read(stage: &mut Section<'_>) -> Option<Self> {
        let Some(value) = stage.value("rows") else {
            return Some(Self::Event);
        };
        if let Some(word) = value.as_str() {
            if matches!(word, "event" | "entry") {
                return Some(Self::Event);
            }
            stage.problem("rows", format!("expected {FORMS}, found \"{word}\""));
            return None;
        }
        if !value.is_table() {
            stage.problem(
                "rows",
                format!("expected {FORMS}, found {}", value.type_str()),
            );
            return None;
        }
        Self::read_table(&mut stage.section("rows")?)
    }

    fn read_table(section: &mut Section<'_>) -> Option<Self> {
        let condition = section.text("where");
        let each = section.text("each");
        let pairs = section.text("pairs");
        let charges = [
            ("opposite", Charge::Opposite),
            ("same", Charge::Same),
            ("any", Charge::Any),
        ];
        let charge = section.choice("charge", &charges);
        if each.is_some() && section.value("charge").is_some() {
            section.problem("charge", "goes with pairs only");
        }
        section.finish();
        match (each, pairs) {
            (Some(collection), None) => Some(Self::Each {
                collection,
                condition,
            }),
            (None, Some(collection)) => {
                let charge = charge.unwrap_or(Charge::Any);
                Some(Self::Pairs {
                    collection,
                    charge,
                    condition,
                })
            }
            _ => {
                section.problem_here(format!("expected {FORMS}"));
                None
            }
        }
    }
}

const FORMS: &str = "\"event\", { each = \"Muon\" } or { pairs = \"Muon\", charge = \"opposite\" }";

/// An input column that is copied to the output, under its own name or another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// Name of the input column.
    pub column: String,
    /// Name in the output.
    pub name: String,
}

impl Keep {
    /// Whether it stands for every column that it matches (`Hit_*`), each under its own name.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.column.contains(['*', '?'])
    }
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [column] => Ok(Self {
                column: (*column).to_owned(),
                name: (*column).to_owned(),
            }),
            [column, "as", _] if column.contains(['*', '?']) => Err(format!(
                "\"{column}\" is a pattern, which keeps the names of its columns"
            )),
            [column, "as", name] => Ok(Self {
                column: (*column).to_owned(),
                name: (*name).to_owned(),
            }),
            _ => Err(format!(
                "expected \"column\" or \"column as name\", found \"{text}\""
            )),
        }
    }
}
