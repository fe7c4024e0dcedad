//! Which names an expression may use, and what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType, Schema};

use super::function::Functions;
use super::int::Int;
use crate::unread;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A condition.
    Bool,
    /// A whole number.
    Int(Int),
    /// A number (f64).
    Float,
    /// A four-momentum.
    Vector,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "a bool",
            Self::Int(_) => "an int",
            Self::Float => "a float",
            Self::Vector => "a vector",
        })
    }
}

/// A column of the input: the kind of its values (none if expressions cannot use its type), and
/// its collection if it has one value per member.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) kind: Option<Kind>,
    pub(super) data_type: DataType,
    pub(super) collection: Option<Arc<str>>,
}

/// What a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowScope {
    Event,
    Each(Arc<str>),
    Pairs(Arc<str>),
}

/// The names in scope: input columns, what a row is, earlier results, and the user's functions.
///
/// In rows of members (`each`), a plain name means the member's column (`pt`: `Muon_pt`) before
/// an event column. Rows of pairs have `first`, `second` and their sum `pair`. The collection of
/// a list column is what stands before an underscore in its name, where `n` and that name
/// (`nMuon`) is a column too; else what stands before its first underscore.
#[derive(Debug, Clone)]
pub struct Scope {
    pub(super) columns: Arc<BTreeMap<String, Column>>,
    pub(super) rows: RowScope,
    pub(super) derived: Arc<BTreeMap<String, Kind>>,
    pub(super) aliases: Arc<BTreeMap<String, String>>,
    pub(super) functions: Functions,
    /// Whether an expression may have a value per member.
    pub(super) takes_lists: bool,
    /// Columns that are there and cannot be read, with the reasons.
    pub(super) unread: Arc<BTreeMap<String, String>>,
}

impl Scope {
    /// One row per entry of `schema`.
    pub fn events(schema: &Schema, functions: &Functions) -> Self {
        let counters: BTreeSet<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        let columns = schema.fields().iter().map(|field| {
            let (values, is_list) = match field.data_type() {
                DataType::List(item) | DataType::FixedSizeList(item, _) => (item.data_type(), true),
                other => (other, false),
            };
            let collection = is_list.then(|| collection_of(field.name(), &counters).into());
            let data_type = field.data_type().clone();
            (
                field.name().clone(),
                Column {
                    kind: kind_of(values),
                    data_type,
                    collection,
                },
            )
        });
        Self {
            columns: Arc::new(columns.collect()),
            rows: RowScope::Event,
            derived: Arc::default(),
            aliases: Arc::default(),
            functions: functions.clone(),
            takes_lists: false,
            unread: Arc::new(
                unread::all(schema)
                    .map(|(name, reason)| (name.to_owned(), reason.to_owned()))
                    .collect(),
            ),
        }
    }

    /// One row per member of `collection`.
    pub fn each(&self, collection: &str) -> Self {
        Self {
            rows: RowScope::Each(collection.into()),
            ..self.clone()
        }
    }

    /// One row per pair of members of `collection`.
    pub fn pairs(&self, collection: &str) -> Self {
        Self {
            rows: RowScope::Pairs(collection.into()),
            ..self.clone()
        }
    }

    /// The user's functions.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// Lets `name` stand for the input column `column`.
    pub fn alias(&mut self, name: &str, column: &str) {
        Arc::make_mut(&mut self.aliases).insert(name.to_owned(), column.to_owned());
    }

    /// Adds an earlier result, with one value per row.
    pub fn define(&mut self, name: &str, kind: Kind) {
        Arc::make_mut(&mut self.derived).insert(name.to_owned(), kind);
    }

    /// Adds an earlier result with a value per member of the collection that its name says.
    pub fn define_list(&mut self, name: &str, item: &DataType) {
        let collection = self.collection_named(name).to_owned();
        let column = Column {
            kind: kind_of(item),
            data_type: item.clone(),
            collection: Some(collection.into()),
        };
        Arc::make_mut(&mut self.columns).insert(name.to_owned(), column);
    }

    /// The collection that a list column of this name belongs to.
    pub fn collection_named<'a>(&self, name: &'a str) -> &'a str {
        let known = |prefix: &str| self.columns.contains_key(&format!("n{prefix}"));
        collection_by(name, &known)
    }

    /// The same, where an expression may also have a value per member of a collection.
    #[must_use]
    pub fn with_lists(&self) -> Self {
        Self {
            takes_lists: true,
            ..self.clone()
        }
    }

    /// Whether the input has a list column of `collection`.
    pub fn has_collection(&self, collection: &str) -> bool {
        self.collections().any(|known| known == collection)
    }

    /// The collections of the input, with repetitions.
    pub fn collections(&self) -> impl Iterator<Item = &str> {
        self.columns
            .values()
            .filter_map(|column| column.collection.as_deref())
    }

    /// The list column of `collection` for its member `name`.
    pub fn member_column(&self, collection: &str, name: &str) -> Option<&str> {
        self.member(collection, name).map(|(column, _)| column)
    }

    /// The collection that a list column belongs to.
    pub fn collection_of(&self, column: &str) -> Option<&str> {
        self.columns.get(column)?.collection.as_deref()
    }

    /// The column that counts the members of `collection` (`nMuon`), where the input has one.
    pub fn counter_of(&self, collection: &str) -> Option<&str> {
        let (name, column) = self.columns.get_key_value(&format!("n{collection}"))?;
        let counts = matches!(column.kind, Some(Kind::Int(_))) && column.collection.is_none();
        counts.then_some(name.as_str())
    }

    /// The list columns of `collection`.
    pub fn columns_of<'a>(&'a self, collection: &'a str) -> impl Iterator<Item = &'a str> {
        let of = move |(name, column): (&'a String, &Column)| {
            (column.collection.as_deref() == Some(collection)).then_some(name.as_str())
        };
        self.columns.iter().filter_map(of)
    }

    /// The column of `collection` for its member `name`.
    pub(super) fn member(&self, collection: &str, name: &str) -> Option<(&str, &Column)> {
        let (full, column) = self
            .columns
            .get_key_value(&format!("{collection}_{name}"))?;
        (column.collection.as_deref() == Some(collection)).then_some((full.as_str(), column))
    }

    /// The names of the members of `collection`.
    pub(super) fn members<'a>(&'a self, collection: &'a str) -> impl Iterator<Item = &'a str> {
        self.columns.iter().filter_map(move |(name, column)| {
            let of = column
                .collection
                .as_deref()
                .filter(|of| *of == collection)?;
            name.strip_prefix(of)?.strip_prefix('_')
        })
    }

    /// Every plain name that could have been meant.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.columns.keys().map(String::as_str).collect();
        names.extend(self.derived.keys().map(String::as_str));
        names.extend(self.aliases.keys().map(String::as_str));
        match &self.rows {
            RowScope::Event => {}
            RowScope::Each(collection) => names.extend(self.members(collection)),
            RowScope::Pairs(_) => names.extend(["first", "second", "pair"]),
        }
        names
    }
}

/// The kind of a value of an Arrow type, if expressions can use it.
fn kind_of(data_type: &DataType) -> Option<Kind> {
    match data_type {
        DataType::Boolean => Some(Kind::Bool),
        DataType::UInt32 => Some(Kind::Int(Int::U32)),
        DataType::Int64 => Some(Kind::Int(Int::I64)),
        DataType::UInt64 => Some(Kind::Int(Int::U64)),
        _ if data_type.is_integer() => Some(Kind::Int(Int::I32)),
        DataType::Float32 | DataType::Float64 => Some(Kind::Float),
        _ => None,
    }
}

/// The collection that the list column `name` belongs to, in a file with these columns.
pub fn collection_of<'a>(name: &'a str, columns: &BTreeSet<&str>) -> &'a str {
    collection_by(name, &|prefix| {
        columns.contains(format!("n{prefix}").as_str())
    })
}

fn collection_by<'a>(name: &'a str, is_counted: &dyn Fn(&str) -> bool) -> &'a str {
    let prefixes = || {
        name.match_indices('_')
            .map(|(at, _)| &name[..at])
            .filter(|p| !p.is_empty())
    };
    prefixes()
        .rev()
        .find(|prefix| is_counted(prefix))
        .or_else(|| prefixes().next())
        .unwrap_or(name)
}

/// The collection of what has a value per group, where the members of `collection` say in `column`
/// which group they are in: `Group` of `Hit_group`, `TimeGroup` of `Hit_time_group`.
pub fn collection_of_groups(collection: &str, column: &str) -> String {
    let rest = column
        .strip_prefix(collection)
        .and_then(|rest| rest.strip_prefix('_'));
    let mut name = String::new();
    for word in rest.unwrap_or(column).split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_counted_prefix_is_the_collection() {
        let columns = ["nMuon", "nProton_multiRP", "Muon_pt"]
            .into_iter()
            .collect();
        assert_eq!(collection_of("Muon_pfRelIso04_all", &columns), "Muon");
        assert_eq!(
            collection_of("Proton_multiRP_arm", &columns),
            "Proton_multiRP"
        );
        assert_eq!(collection_of("Jet_pt", &columns), "Jet");
        assert_eq!(collection_of("PSWeight", &columns), "PSWeight");
        assert_eq!(collection_of("_odd", &columns), "_odd");
    }
}
