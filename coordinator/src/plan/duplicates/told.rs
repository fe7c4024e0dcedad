//! What is said of events that are there more than once.

use std::cmp::Reverse;
use std::fmt;

use lumimill_common::campaign::DuplicatePolicy;
use lumimill_common::count::counted;
use lumimill_common::event_id::{EventNumber, LumiSection, Run};
use serde::{Deserialize, Serialize};

/// Files named of a lumi section, or of all.
pub(super) const FILES: usize = 8;
/// Lumi sections that a message names.
const NAMED: usize = 10;

/// Events that are read more than once, or of which all but the first are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicates {
    /// What becomes of them.
    pub policy: DuplicatePolicy,
    /// How many there are.
    pub events: u64,
    /// Copies of them beside the first of each.
    pub copies: u64,
    /// Lumi sections that have any.
    pub lumis: u64,
    /// The lumi sections with the most, by number.
    pub listed: Vec<DuplicateLumi>,
}

/// A lumi section of which events are there more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuplicateLumi {
    /// Its run.
    pub run: Run,
    /// Its number.
    pub lumi: LumiSection,
    /// The files that have those events, or the first few of these files.
    pub files: Vec<String>,
    /// How many there are.
    pub duplicate_events: u64,
    /// Copies of them beside the first of each.
    pub copies: u64,
    /// The first few of them, by number.
    pub examples: Vec<EventNumber>,
}

impl fmt::Display for DuplicateLumi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, lumi, .. } = self;
        let examples: Vec<String> = self.examples.iter().map(ToString::to_string).collect();
        write!(
            f,
            "run {run}, lumi section {lumi}: {} more than once{}, such as {}, in {}",
            counted(self.duplicate_events, "event"),
            beside(self.duplicate_events, self.copies),
            examples.join(", "),
            self.files.join(" and ")
        )
    }
}

/// How many copies there are beside the first of each event; nothing of events that are there twice.
pub(crate) fn beside(events: u64, copies: u64) -> String {
    match copies == events {
        true => String::new(),
        false => format!(" ({} beside the first of each)", counted(copies, "copy")),
    }
}

/// Events that are there more than once, as a person is told.
#[derive(Debug)]
pub struct Twice {
    pub(super) of: String,
    pub(super) events: u64,
    /// Beside the first of each.
    pub(super) copies: u64,
    pub(super) is_all: bool,
    pub(super) lumis: u64,
    pub(super) listed: Vec<DuplicateLumi>,
    pub(super) files: Vec<String>,
    pub(super) same: Option<(String, String)>,
}

impl Twice {
    /// One line, where they are kept.
    pub(super) fn note(&self) -> String {
        let first = self.listed.first().map(|lumi| format!(", such as {lumi}"));
        format!(
            "{}: {} there more than once{}{}: each counts as often as it is there; [certification] \
             duplicates = \"first\" would count one of each",
            self.of,
            are(self.events),
            beside(self.events, self.copies),
            first.unwrap_or_default()
        )
    }
}

fn are(count: u64) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(count, "event"))
}

fn few(names: &[String]) -> String {
    let some = names
        .iter()
        .take(FILES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(FILES) {
        0 => some,
        more => format!("{some} and {}", counted(more, "more file")),
    }
}

impl fmt::Display for Twice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = if self.is_all { "" } else { "at least " };
        writeln!(
            f,
            "{}: {least}{} there more than once{}, in {} of {}",
            self.of,
            are(self.events),
            beside(self.events, self.copies),
            counted(self.lumis, "lumi section"),
            few(&self.files)
        )?;
        if let Some((first, second)) = &self.same {
            writeln!(
                f,
                "  {first} and {second} are the same file, by their headers"
            )?;
        }
        let mut worst: Vec<&DuplicateLumi> = self.listed.iter().collect();
        worst.sort_by_key(|lumi| Reverse(lumi.copies));
        for lumi in worst.iter().take(NAMED) {
            writeln!(f, "  {lumi}")?;
        }
        match self.lumis.saturating_sub(NAMED as u64) {
            0 => {}
            more => writeln!(f, "  and {}", counted(more, "more lumi section"))?,
        }
        f.write_str(
            "  take out what repeats other files, or set [certification] duplicates = \"first\", \
             which counts the first of each, or \"keep\"",
        )
    }
}
