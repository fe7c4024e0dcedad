//! Objects of a BDT selection: their members as O2 finds them, and what is wrong with them.

use std::collections::BTreeMap;

use crate::ordered_json::Json;
use crate::section::Problem;
use crate::suggest::nearest;

/// Mistakes and remarks so far.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
}

impl Notes {
    pub(super) fn problem(&mut self, path: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            path: path.to_owned(),
            message: message.into(),
        });
    }

    pub(super) fn warn(&mut self, path: &str, message: &str) {
        self.warnings.push(format!("{path}: {message}"));
    }
}

/// An object and where it is.
#[derive(Clone)]
pub(super) struct Block<'a> {
    pub(super) path: String,
    pub(super) at: Vec<usize>,
    pub(super) members: &'a [(String, Json)],
}

impl<'a> Block<'a> {
    pub(super) fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// The first member of that name, as O2 finds it.
    pub(super) fn get(&self, key: &str) -> Option<(usize, &'a Json)> {
        let mut members = self.members.iter().enumerate();
        let (at, (_, value)) = members.find(|(_, (name, _))| name == key)?;
        Some((at, value))
    }

    pub(super) fn required(&self, key: &str, notes: &mut Notes) -> Option<&'a Json> {
        let found = self.get(key);
        if found.is_none() {
            notes.problem(&self.path_of(key), "is missing");
        }
        found.map(|(_, value)| value)
    }

    pub(super) fn number(&self, key: &str, notes: &mut Notes) -> Option<f64> {
        match self.required(key, notes)? {
            Json::Number(number) => number.as_f64(),
            other => {
                let message = format!("expected a number, found {}", other.kind());
                notes.problem(&self.path_of(key), message);
                None
            }
        }
    }

    pub(super) fn text(&self, key: &str, notes: &mut Notes) -> Option<&'a str> {
        match self.required(key, notes)? {
            Json::Text(text) => Some(text),
            other => {
                let message = format!("expected a string, found {}", other.kind());
                notes.problem(&self.path_of(key), message);
                None
            }
        }
    }

    pub(super) fn texts(&self, key: &str, notes: &mut Notes) -> Option<Vec<String>> {
        let path = self.path_of(key);
        let items = match self.required(key, notes)? {
            Json::List(items) => items,
            other => {
                notes.problem(
                    &path,
                    format!("expected a list of strings, found {}", other.kind()),
                );
                return None;
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Json::Text(text) => texts.push(text.clone()),
                other => {
                    let message = format!("expected a string, found {}", other.kind());
                    notes.problem(&format!("{path}[{index}]"), message);
                }
            }
        }
        if items.is_empty() {
            notes.problem(&path, "is empty");
        }
        (!texts.is_empty() && texts.len() == items.len()).then_some(texts)
    }

    /// The objects whose keys contain a word, in order.
    pub(super) fn blocks(&self, word: &str, notes: &mut Notes) -> Vec<Block<'a>> {
        let mut blocks = Vec::new();
        for (at, (name, value)) in self.members.iter().enumerate() {
            if !name.contains(word) {
                continue;
            }
            let path = self.path_of(name);
            match value.members() {
                Some(members) => {
                    let mut positions = self.at.clone();
                    positions.push(at);
                    blocks.push(Block {
                        path,
                        at: positions,
                        members,
                    });
                }
                None => notes.problem(&path, format!("expected an object, found {}", value.kind())),
            }
        }
        blocks
    }

    /// Says of members that nobody reads that this is so.
    pub(super) fn rest(&self, known: &[&str], word: Option<&str>, notes: &mut Notes) {
        let is_block = |name: &str| word.is_some_and(|word| name.contains(word));
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, _) in self.members {
            let count = counts.entry(name).or_default();
            *count += 1;
            let is_known = known.contains(&name.as_str());
            // Said once.
            match (is_known, is_block(name)) {
                (true, _) if *count == 2 => {
                    let message = "is there more than once: the first one counts, as for O2";
                    notes.warn(&self.path_of(name), message);
                }
                (_, true) if *count == 2 => {
                    let message = "is there more than once: all of them count, as for O2";
                    notes.warn(&self.path_of(name), message);
                }
                _ => {}
            }
            if is_known || is_block(name) {
                continue;
            }
            let near = nearest(name, known.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; is {near} meant?"));
            notes.warn(&self.path_of(name), &format!("nothing reads it{near}"));
        }
    }
}
