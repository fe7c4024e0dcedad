//! Which columns say what a row is of: by a role in their metadata, whatever they are called.
//!
//! Branches of a file have their roles by their names, as NanoAOD has them; columns that are kept
//! take them along, so that a table knows its run, lumi section and event under any name.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};

use crate::input::{EVENT, LUMI, RUN};

/// Name of the column of the data set.
pub(crate) const DATASET: &str = "dataset";

/// Key of the role in the metadata of a column.
pub(crate) const ROLE: &str = "role";

/// What a column says of the row that it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its run.
    Run,
    /// Its lumi section.
    Lumi,
    /// The number of its event.
    Event,
    /// Which row it is of those of its event.
    Candidate,
    /// The fold of its event.
    Fold,
    /// The data set that it is from.
    Dataset,
}

/// The roles by which rows are told apart, and which every table of rows keeps.
pub(crate) const KEYS: [Role; 5] = [
    Role::Run,
    Role::Lumi,
    Role::Event,
    Role::Candidate,
    Role::Fold,
];

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Lumi => "lumi",
            Self::Event => "event",
            Self::Candidate => "candidate",
            Self::Fold => "fold",
            Self::Dataset => "dataset",
        }
    }

    /// The role of a column.
    #[must_use]
    pub(crate) fn of(field: &Field) -> Option<Self> {
        let word = field.metadata().get(ROLE)?;
        let all = KEYS.into_iter().chain([Self::Dataset]);
        all.into_iter().find(|role| role.word() == word)
    }

    /// A column in this role.
    #[must_use]
    pub(crate) fn given_to(self, mut field: Field) -> Field {
        let role = (ROLE.to_owned(), self.word().to_owned());
        field.metadata_mut().extend([role]);
        field
    }

    /// The role of a branch of a file, by its name.
    fn of_branch(field: &Field) -> Option<Self> {
        match field.name().as_str() {
            RUN if field.data_type().is_integer() => Some(Self::Run),
            LUMI if field.data_type().is_integer() => Some(Self::Lumi),
            EVENT if field.data_type().is_integer() => Some(Self::Event),
            DATASET if matches!(field.data_type(), DataType::Dictionary(..)) => Some(Self::Dataset),
            _ => None,
        }
    }
}

/// The branches of a file, in their roles.
#[must_use]
pub(crate) fn with_roles(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let role = Role::of_branch(field);
        role.map_or_else(
            || Arc::clone(field),
            |role| Arc::new(role.given_to(field.as_ref().clone())),
        )
    });
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone())
}

/// The columns of a table, each role given once: to the first column that has it.
#[must_use]
pub(crate) fn each_role_once(fields: Vec<Field>) -> Vec<Field> {
    let mut given = Vec::new();
    let once = |mut field: Field| {
        if let Some(role) = Role::of(&field) {
            match given.contains(&role) {
                true => {
                    field.metadata_mut().remove(ROLE);
                }
                false => given.push(role),
            }
        }
        field
    };
    fields.into_iter().map(once).collect()
}

/// The name of the column in a role.
#[must_use]
pub(crate) fn column_of(schema: &Schema, role: Role) -> Option<&str> {
    let mut fields = schema.fields().iter();
    let found = fields.find(|field| Role::of(field) == Some(role));
    found.map(|field| field.name().as_str())
}

/// The columns of run, lumi section and event, where all are there.
#[must_use]
pub(crate) fn event_columns(schema: &Schema) -> Option<[String; 3]> {
    let column = |role| column_of(schema, role).map(str::to_owned);
    Some([
        column(Role::Run)?,
        column(Role::Lumi)?,
        column(Role::Event)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_given_by_the_name_of_a_branch_and_once() {
        let field = |name: &str, data_type| Field::new(name, data_type, false);
        let schema = with_roles(&Schema::new(vec![
            field("run", DataType::UInt32),
            field("luminosityBlock", DataType::UInt32),
            field("event", DataType::Float32),
            field("dataset", DataType::UInt8),
        ]));
        let roles: Vec<_> = schema
            .fields()
            .iter()
            .map(|field| Role::of(field))
            .collect();
        assert_eq!(roles, [Some(Role::Run), Some(Role::Lumi), None, None]);
        assert_eq!(event_columns(&schema), None);
        let run = schema.field(0).clone().with_name("r");
        let fields = vec![run, schema.field(0).clone()];
        let schema = Schema::new(each_role_once(fields));
        assert_eq!(column_of(&schema, Role::Run), Some("r"));
        assert_eq!(Role::of(schema.field(1)), None);
    }
}
