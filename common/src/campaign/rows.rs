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

/// Rows of a flat table that are put together to events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grouping {
    /// Columns of whole numbers that are the same in all rows of an event.
    pub keys: Vec<String>,
    /// The collection that the rows of an event are members of.
    pub collection: String,
}

impl Grouping {
    /// What a column of the table is called in events.
    #[must_use]
    pub fn name_of(&self, column: &str) -> String {
        let Self { keys, collection } = self;
        let rest = column.strip_prefix(collection.as_str());
        let is_named = rest.is_some_and(|rest| rest.starts_with('_'));
        match is_named || keys.iter().any(|key| key == column) {
            true => column.to_owned(),
            false => format!("{collection}_{column}"),
        }
    }

    fn read(section: &mut Section<'_>) -> Option<Self> {
        let keys = section.required("group_by", Section::texts);
        let collection = section.required_text("collection");
        match section.value("sorted").map(toml::Value::as_bool) {
            Some(Some(true)) => {}
            _ => section.problem(
                "sorted",
                "expected true: rows of an event are together in each file, which is looked at when \
                 the campaign is planned",
            ),
        }
        section.finish();
        let (keys, collection) = (keys?, collection?);
        if keys.is_empty() {
            section.problem("group_by", "is empty: name at least one column");
            return None;
        }
        let is_name = |name: &String| {
            let mut letters = name.chars();
            letters.all(|c| c.is_ascii_alphanumeric()) && !name.is_empty()
        };
        if !is_name(&collection) {
            let message = format!("\"{collection}\" is no name of a collection, such as \"Hit\"");
            section.problem("collection", message);
            return None;
        }
        Some(Self { keys, collection })
    }
}

impl Rows {
    /// What one row is, and how rows of a table become events, where they do.
    pub(super) fn read(stage: &mut Section<'_>) -> Option<(Self, Option<Grouping>)> {
        let Some(value) = stage.value("rows") else {
            return Some((Self::Event, None));
        };
        if let Some(word) = value.as_str() {
            if matches!(word, "event" | "entry") {
                return Some((Self::Event, None));
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
        let mut section = stage.section("rows")?;
        if section.value("group_by").is_some() {
            let grouping = Grouping::read(&mut section)?;
            return Some((Self::Event, Some(grouping)));
        }
        Some((Self::read_table(&mut section)?, None))
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

const FORMS: &str = "\"event\", { each = \"Muon\" }, { pairs = \"Muon\", charge = \"opposite\" } or { \
                     group_by = [\"event\"], sorted = true, collection = \"Hit\" }";

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
