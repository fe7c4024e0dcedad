//! `display` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::check::{check_name, check_names, done};
use crate::metric::kind::Kind;
use crate::section::Section;

/// Entries that are drawn unless told, and at most.
const ENTRIES: u32 = 4;
const MOST_ENTRIES: u32 = 24;
/// Classes, at most: each has a colour.
const MOST_CLASSES: usize = 6;
/// Members of an entry that are shown, at most.
pub(super) const MOST_MEMBERS: usize = 500;
/// Bytes of a member.
const MEMBER: u64 = 24;

/// Pictures of a few entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDisplay {
    /// The list whose values are on the horizontal axis, such as `Hit_z`.
    pub x: String,
    /// The one on the vertical axis, of the same collection.
    pub y: String,
    /// A list of whole numbers: members of each have a panel of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<String>,
    /// A list that says how large members are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Of each class the list that says whether it is true of a member.
    pub truth: Vec<String>,
    /// Of each class the list of its scores.
    pub scores: Vec<String>,
    /// What the classes are called.
    pub names: Vec<String>,
    /// Columns of whole numbers that name an entry.
    pub key: Vec<String>,
    /// How many entries are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
}

/// A validated `display`.
#[derive(Debug, Clone, PartialEq)]
pub struct DisplaySpec {
    raw: RawDisplay,
}

impl DisplaySpec {
    /// The lists of both coordinates.
    #[must_use]
    pub fn axes(&self) -> [&str; 2] {
        [&self.raw.x, &self.raw.y]
    }

    /// The list that says in which panel a member is.
    #[must_use]
    pub fn panel(&self) -> Option<&str> {
        self.raw.panel.as_deref()
    }

    /// The list that says how large members are drawn.
    #[must_use]
    pub fn size(&self) -> Option<&str> {
        self.raw.size.as_deref()
    }

    /// Of each class the list that says whether it is true.
    #[must_use]
    pub fn truth(&self) -> &[String] {
        &self.raw.truth
    }

    /// Of each class the list of its scores.
    #[must_use]
    pub fn scores(&self) -> &[String] {
        &self.raw.scores
    }

    /// What the classes are called.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.raw.names
    }

    /// The columns that name an entry.
    #[must_use]
    pub fn key(&self) -> &[String] {
        &self.raw.key
    }

    /// How many entries are drawn.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.raw.entries.unwrap_or(ENTRIES) as usize
    }
}

/// The collection that a list is of, by its name.
fn collection(list: &str) -> Option<&str> {
    list.split_once('_').map(|(collection, _)| collection)
}

impl Kind for DisplaySpec {
    type Raw = RawDisplay;

    fn read(section: &mut Section<'_>) -> Option<RawDisplay> {
        let [x, y] = ["x", "y"].map(|key| section.required_text(key));
        let [panel, size] = ["panel", "size"].map(|key| section.text(key));
        let lists = ["truth", "scores", "names", "key"];
        let [truth, scores, names, key] = lists.map(|key| section.required(key, Section::texts));
        let entries = section.count("entries");
        Some(RawDisplay {
            x: x?,
            y: y?,
            panel,
            size,
            truth: truth?,
            scores: scores?,
            names: names?,
            key: key?,
            entries,
        })
    }

    fn try_new(raw: &RawDisplay) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "display.x", &raw.x);
        check_name(&mut errors, "display.y", &raw.y);
        check_names(&mut errors, "display.truth", &raw.truth);
        check_names(&mut errors, "display.scores", &raw.scores);
        check_names(&mut errors, "display.names", &raw.names);
        check_names(&mut errors, "display.key", &raw.key);
        let classes = raw.names.len();
        if !(1..=MOST_CLASSES).contains(&classes) {
            errors.push(format!(
                "display.names: {classes} classes, expected 1 to {MOST_CLASSES}"
            ));
        }
        for (key, found) in [("truth", &raw.truth), ("scores", &raw.scores)] {
            if found.len() != classes {
                let found = found.len();
                errors.push(format!("display.{key}: {found} lists for {classes} names"));
            }
        }
        if raw.key.is_empty() {
            errors.push("display.key: name the columns that tell entries apart, such as run, lumi and event".to_owned());
        }
        if let Some(entries) = raw
            .entries
            .filter(|many| !(1..=MOST_ENTRIES).contains(many))
        {
            errors.push(format!(
                "display.entries: {entries} is not between 1 and {MOST_ENTRIES}"
            ));
        }
        if let Some(of) = collection(&raw.x) {
            let spec = Self { raw: raw.clone() };
            let lists = spec.columns().into_iter().skip(raw.key.len());
            for other in lists.filter(|list| collection(list) != Some(of)) {
                errors.push(format!(
                    "display: {other} is not of {of}, the collection of x = {:?}",
                    raw.x
                ));
            }
        } else {
            errors.push(format!(
                "display.x: {:?} is no list of a collection, such as Hit_z",
                raw.x
            ));
        }
        done(errors, Self { raw: raw.clone() })
    }

    fn to_raw(&self) -> RawDisplay {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        let RawDisplay {
            x,
            y,
            panel,
            size,
            truth,
            scores,
            names,
            key,
            entries: _,
        } = &self.raw;
        let mut hash = FieldHash::of("display");
        hash.text("x", x)
            .text("y", y)
            .text_if("panel", panel.as_ref())
            .text_if("size", size.as_ref())
            .texts("truth", truth)
            .texts("scores", scores)
            .texts("names", names)
            .texts("key", key)
            .number("entries", self.entries() as u64);
        hash
    }

    /// Keys first, then the lists.
    fn columns(&self) -> Vec<&String> {
        let RawDisplay { x, y, key, .. } = &self.raw;
        key.iter()
            .chain([x, y])
            .chain(&self.raw.panel)
            .chain(&self.raw.size)
            .chain(&self.raw.truth)
            .chain(&self.raw.scores)
            .collect()
    }

    fn over(&self) -> Option<&str> {
        collection(&self.raw.x)
    }

    fn most_bytes(&self) -> u64 {
        self.entries() as u64 * MOST_MEMBERS as u64 * MEMBER
    }
}

impl fmt::Display for DisplaySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y] = self.axes();
        write!(f, "display of {} entries, {y} over {x}", self.entries())
    }
}
