//! What kind of thing went wrong: by it is decided whether a try counts, and whether it may be the
//! worker that is at fault.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of thing went wrong. Records and messages have its name, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum FailureKind {
    /// What is read cannot be, or not now.
    Input,
    /// A column is not what it should be.
    Column,
    /// A model, or what it makes of its features.
    Model,
    /// What is measured.
    Metric,
    /// A stage that the campaign does not have.
    Stage,
    /// A fit that has no result.
    Fit,
    /// What is written.
    Output,
    /// A job that says what cannot be.
    Job,
    /// A table that is read, of an earlier stage.
    Parent,
    /// What is not where a worker looks for it, or not for that worker to read: its input, or the
    /// campaign itself.
    Missing,
    /// A campaign's store, whatever it said.
    Store,
    /// A machine's own disk.
    Scratch,
    /// An attempt that gave way to others, for want of memory for all.
    Crowded,
    /// More memory than a job may have.
    Memory,
    /// More time than an attempt may take.
    Time,
    /// A worker that is too old for what a newer version wrote.
    Version,
    /// A worker that lacks what a plan says that evaluates its models.
    Engine,
    /// Nobody knows what became of it.
    Lost,
    /// A record of failures that cannot be read.
    Record,
    /// What should not be.
    Internal,
    /// What another version knows.
    Other,
}

impl FailureKind {
    const ALL: [Self; 21] = [
        Self::Input,
        Self::Column,
        Self::Model,
        Self::Metric,
        Self::Stage,
        Self::Fit,
        Self::Output,
        Self::Job,
        Self::Parent,
        Self::Missing,
        Self::Store,
        Self::Scratch,
        Self::Crowded,
        Self::Memory,
        Self::Time,
        Self::Version,
        Self::Engine,
        Self::Lost,
        Self::Record,
        Self::Internal,
        Self::Other,
    ];

    /// Its name, in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Column => "column",
            Self::Model => "model",
            Self::Metric => "metric",
            Self::Stage => "stage",
            Self::Fit => "fit",
            Self::Output => "output",
            Self::Job => "job",
            Self::Parent => "parent",
            Self::Missing => "missing",
            Self::Store => "store",
            Self::Scratch => "scratch",
            Self::Crowded => "crowded",
            Self::Memory => "memory",
            Self::Time => "time",
            Self::Version => "version",
            Self::Engine => "engine",
            Self::Lost => "lost",
            Self::Record => "record",
            Self::Internal => "internal",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<String> for FailureKind {
    /// Of a kind that only another version knows, it is known that there is one.
    fn from(name: String) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.name() == name).unwrap_or(Self::Other)
    }
}

impl From<FailureKind> for String {
    fn from(kind: FailureKind) -> Self {
        kind.name().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FailureKind;

    #[test]
    fn a_kind_is_what_its_name_says_and_that_of_another_version_is_one() {
        for kind in FailureKind::ALL {
            let text = format!("\"{}\"", kind.name());
            assert_eq!(serde_json::to_string(&kind).unwrap(), text);
            assert_eq!(serde_json::from_str::<FailureKind>(&text).unwrap(), kind);
        }
        let names: BTreeSet<&str> = FailureKind::ALL.map(FailureKind::name).into();
        assert_eq!(names.len(), FailureKind::Other as usize + 1, "all of them");
        let later: FailureKind = serde_json::from_str("\"eclipse\"").unwrap();
        assert_eq!(later, FailureKind::Other);
    }
}
