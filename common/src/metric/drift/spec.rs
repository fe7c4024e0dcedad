//! `drift` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::check::{check_name, check_names, done};
use crate::metric::kind::Kind;
use crate::section::Section;

/// How columns move with a key such as the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDrift {
    /// The integer column whose values are compared with one another.
    pub by: String,
    /// Numeric columns.
    pub columns: Vec<String>,
    /// Labels whose fired fraction is followed; the stage's labels unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

/// A validated `drift`.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftSpec {
    by: String,
    columns: Vec<String>,
    labels: Option<Vec<String>>,
}

impl DriftSpec {
    /// The integer column whose values are compared with one another.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// The numeric columns that are followed.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The labels whose fired fraction is followed.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.labels.as_deref().unwrap_or_default()
    }
}

impl Kind for DriftSpec {
    type Raw = RawDrift;

    fn read(section: &mut Section<'_>) -> Option<RawDrift> {
        let by = section.required_text("by");
        let columns = section.required("columns", Section::texts);
        let labels = section.texts("labels");
        Some(RawDrift {
            by: by?,
            columns: columns?,
            labels,
        })
    }

    fn try_new(raw: &RawDrift) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "drift.by", &raw.by);
        if raw.columns.is_empty() && raw.labels.as_ref().is_none_or(Vec::is_empty) {
            errors.push("drift.columns: empty; name at least one column".into());
        }
        check_names(&mut errors, "drift.columns", &raw.columns);
        check_names(
            &mut errors,
            "drift.labels",
            raw.labels.as_deref().unwrap_or_default(),
        );
        let raw = raw.clone();
        done(
            errors,
            Self {
                by: raw.by,
                columns: raw.columns,
                labels: raw.labels,
            },
        )
    }

    fn to_raw(&self) -> RawDrift {
        RawDrift {
            by: self.by.clone(),
            columns: self.columns.clone(),
            labels: self.labels.clone(),
        }
    }

    fn hash(&self) -> FieldHash {
        let Self {
            by,
            columns,
            labels,
        } = self;
        let mut hash = FieldHash::of("drift");
        hash.text("by", by)
            .texts("columns", columns)
            .texts("labels", labels.as_deref().unwrap_or_default());
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let by = std::iter::once(&self.by);
        by.chain(&self.columns).chain(self.labels()).collect()
    }

    fn needs_events(&self) -> bool {
        !self.labels().is_empty()
    }

    fn follow(&mut self, stage_labels: &[String]) {
        self.labels.get_or_insert_with(|| stage_labels.to_vec());
    }

    fn most_bytes(&self) -> u64 {
        0
    }
}

impl fmt::Display for DriftSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let followed = self.columns.iter().chain(self.labels());
        let followed: Vec<&str> = followed.map(String::as_str).collect();
        write!(f, "drift of {} by {}", followed.join(", "), self.by)
    }
}
