//! Certification files: golden JSON, `{"297050": [[12, 137], [193, 776]]}`.
//!
//! What can only be a mistake is refused, with every place; what has one meaning is
//! normalised, and said.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use thiserror::Error;

use super::{LumiMask, LumiRange};
use crate::event_id::{LumiSection, Run};

/// How many problems a message lists before it only counts.
const LISTED: usize = 8;
/// How much of a bad value a message quotes.
const QUOTED: usize = 40;

/// Why a text is not a mask.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MaskError {
    /// Not JSON at all.
    #[error("mask {name}: not JSON: {reason}")]
    NotJson {
        /// The mask's name, usually its file.
        name: String,
        /// What the JSON parser says, with line and column.
        reason: String,
    },
    /// JSON, but not an object of runs.
    #[error("mask {name}: {reason}: expected an object `{{\"run\": [[first, last], …]}}`")]
    NotAMask {
        /// The mask's name.
        name: String,
        /// What was found, with line and column.
        reason: String,
    },
    /// Runs or ranges that can only be mistakes; all of them.
    #[error("mask {name}: {}", Listed(.problems))]
    Problems {
        /// The mask's name.
        name: String,
        /// Every mistake, in the order of the file.
        problems: Vec<MaskProblem>,
    },
}

/// One mistake in a mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskProblem {
    /// The run key as written (long ones shortened).
    pub run: String,
    /// Which range of the run, from 0, when the mistake is in one.
    pub index: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for MaskProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {:?}", self.run)?;
        if let Some(index) = self.index {
            write!(f, ", range {index}")?;
        }
        write!(f, ": {}", self.what)
    }
}

struct Listed<'a>(&'a [MaskProblem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().take(LISTED).enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        match self.0.len().saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// Something in a mask that was put in order, and may not be what its author meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskNote {
    /// The run concerned.
    pub run: Run,
    /// Which range of the run, from 0.
    pub index: usize,
    /// What was done.
    pub kind: NoteKind,
}

/// What was normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// The run has an empty list: nothing of it is certified.
    NoRanges,
    /// The range starts before the one written above it: sorted.
    Unsorted,
    /// The range lies within another: dropped.
    Nested,
    /// The range overlaps another: merged.
    Overlapping,
    /// The range continues another without a gap: merged.
    Adjacent,
}

impl fmt::Display for MaskNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            NoteKind::NoRanges => return write!(f, "run {}: no ranges: ignored", self.run),
            NoteKind::Unsorted => "starts before the range above it: sorted",
            NoteKind::Nested => "lies within another range: dropped",
            NoteKind::Overlapping => "overlaps another range: merged",
            NoteKind::Adjacent => "continues another range: merged",
        };
        write!(f, "run {}, range {}: {what}", self.run, self.index)
    }
}

impl LumiMask {
    /// Reads a certification file. `name` (its path) is what errors call it.
    ///
    /// Unsorted, nested, overlapping and adjacent ranges are normalised, each with a note.
    ///
    /// # Errors
    /// Text that is not JSON, not an object of runs, or holds a repeated run, a run or lumi
    /// section that is not an integer from 1 to 4294967295, or an inverted range.
    pub fn parse(name: &str, text: &str) -> Result<(Self, Vec<MaskNote>), MaskError> {
        let runs = runs_of(name, text)?;
        let mut found = Found::default();
        let mut numbered = Vec::with_capacity(runs.len());
        for (written, value) in &runs {
            match run_number(written) {
                Some(run) => numbered.push((run, written, value)),
                None => found.problem(
                    written,
                    None,
                    "not a run: expected a number from 1 to 4294967295".to_owned(),
                ),
            }
        }
        // Stable, so that the second of two equal keys is the one refused.
        numbered.sort_by_key(|&(run, ..)| run);
        let mut previous = None;
        for (run, written, value) in numbered {
            if previous == Some(run) {
                found.problem(written, None, "appears more than once".to_owned());
            }
            previous = Some(run);
            found.ranges_of(run, written, value);
        }
        if found.problems.is_empty() {
            Ok((Self::from_ranges(found.ranges), found.notes))
        } else {
            Err(MaskError::Problems {
                name: name.to_owned(),
                problems: found.problems,
            })
        }
    }
}

/// A run key in plain decimal notation.
fn run_number(written: &str) -> Option<Run> {
    let plain = written.bytes().all(|byte| byte.is_ascii_digit()) && !written.starts_with('0');
    written.parse().ok().filter(|_| plain).map(Run::new)
}

#[derive(Default)]
struct Found {
    ranges: Vec<LumiRange>,
    notes: Vec<MaskNote>,
    problems: Vec<MaskProblem>,
}

impl Found {
    fn problem(&mut self, written: &str, index: Option<usize>, what: String) {
        self.problems.push(MaskProblem {
            run: shortened(written),
            index,
            what,
        });
    }

    fn ranges_of(&mut self, run: Run, written: &str, value: &Value) {
        let Value::Array(values) = value else {
            let what = format!("expected a list of ranges, found {}", quoted(value));
            return self.problem(written, None, what);
        };
        let mut of_run = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            match range_of(run, value) {
                Ok(range) => of_run.push((range, index)),
                Err(what) => self.problem(written, Some(index), what),
            }
        }
        if values.is_empty() {
            self.note(run, 0, NoteKind::NoRanges);
        }
        self.notes_on(run, &of_run);
        self.ranges
            .extend(of_run.into_iter().map(|(range, _)| range));
    }

    fn note(&mut self, run: Run, index: usize, kind: NoteKind) {
        self.notes.push(MaskNote { run, index, kind });
    }

    fn notes_on(&mut self, run: Run, written: &[(LumiRange, usize)]) {
        for pair in written.windows(2) {
            if let [(above, _), (range, index)] = pair
                && range.first < above.first
            {
                self.note(run, *index, NoteKind::Unsorted);
            }
        }
        let mut sorted = written.to_vec();
        sorted.sort_unstable();
        let mut reached: Option<LumiSection> = None;
        for (range, index) in sorted {
            if let Some(reached) = reached {
                if range.last <= reached {
                    self.note(run, index, NoteKind::Nested);
                } else if range.first <= reached {
                    self.note(run, index, NoteKind::Overlapping);
                } else if range.first.get() - 1 == reached.get() {
                    self.note(run, index, NoteKind::Adjacent);
                }
            }
            reached = reached.max(Some(range.last));
        }
    }
}

fn range_of(run: Run, value: &Value) -> Result<LumiRange, String> {
    let ends = match value {
        Value::Array(ends) => ends.as_slice(),
        _ => &[],
    };
    let [first, last] = ends else {
        return Err(format!("expected [first, last], found {}", quoted(value)));
    };
    let (first, last) = (lumi_of(first)?, lumi_of(last)?);
    LumiRange::try_new(run, first, last)
        .ok_or_else(|| format!("[{first}, {last}] is inverted: the first comes after the last"))
}

fn lumi_of(value: &Value) -> Result<LumiSection, String> {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .filter(|&number| number > 0)
        .map(LumiSection::new)
        .ok_or_else(|| {
            format!(
                "{} is not a lumi section: expected an integer from 1 to 4294967295",
                quoted(value)
            )
        })
}

fn quoted(value: &Value) -> String {
    shortened(&value.to_string())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The keys and values of the outer object in the order of the text, repeated keys included
/// (a JSON map would silently keep the last).
fn runs_of(name: &str, text: &str) -> Result<Vec<(String, Value)>, MaskError> {
    let name = || name.to_owned();
    let not_json = |error: serde_json::Error| MaskError::NotJson {
        name: name(),
        reason: error.to_string(),
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let runs = deserializer.deserialize_map(Runs).map_err(|error| {
        if error.is_data() {
            MaskError::NotAMask {
                name: name(),
                reason: error.to_string(),
            }
        } else {
            not_json(error)
        }
    })?;
    deserializer.end().map_err(not_json)?;
    Ok(runs)
}

struct Runs;

impl<'de> Visitor<'de> for Runs {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("runs and their lumi ranges")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut runs = Vec::new();
        while let Some(entry) = map.next_entry()? {
            runs.push(entry);
        }
        Ok(runs)
    }
}
