//! Entries of `files`, and lists of them, which may name lists.

use std::collections::BTreeSet;
use std::path::Path;

use lumimill_common::small_file::SmallFile;
use lumimill_common::spelling::spelled_out;
use lumimill_common::userinfo;

use super::input_error::InputError;
use super::pattern;

const LIST: SmallFile = SmallFile {
    what: "a list of files",
    most: 256 << 20,
};
/// Files of one entry.
const MOST: usize = 10_000_000;
/// Bytes of one entry: the longest path of Linux.
const LONGEST: usize = 4096;

/// What an entry stands for.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    /// URLs and paths, relative to the folder of the campaign file unless absolute.
    pub(super) urls: Vec<String>,
    /// What is wrong with it.
    pub(super) wrong: Vec<InputError>,
}

/// What an entry of `files` stands for.
pub(super) fn expand(entry: &str, base: &Path) -> Expansion {
    let mut found = Expansion::default();
    let mut lists = Vec::new();
    found.add(entry, base, &mut lists);
    // A list that is named twice, or by itself, is read once.
    let mut read = BTreeSet::new();
    while let Some(list) = lists.pop() {
        if !read.insert(list.clone()) {
            continue;
        }
        if let Err(problem) = found.read(&list, base, &mut lists) {
            found.wrong.push(problem);
        }
    }
    if found.urls.is_empty() && found.wrong.is_empty() {
        found.wrong.push(InputError::List {
            list: entry.to_owned(),
            reason: String::from("it names no file, only lists that name one another"),
        });
    }
    found
}

impl Expansion {
    fn add(&mut self, entry: &str, base: &Path, lists: &mut Vec<String>) {
        if entry.len() > LONGEST {
            let entry = entry.chars().take(60).collect();
            return self.wrong.push(InputError::TooLong {
                entry,
                most: LONGEST,
            });
        }
        match entry.strip_prefix('@') {
            // A file may be called so.
            Some(_) if base.join(entry).is_file() => self.urls.push(entry.to_owned()),
            Some(list) => lists.push(list.trim_start().to_owned()),
            None => pattern::expand(entry, base, &mut self.urls, &mut self.wrong),
        }
    }

    /// Adds what a list names.
    fn read(&mut self, list: &str, base: &Path, lists: &mut Vec<String>) -> Result<(), InputError> {
        let wrong = |reason: String| InputError::List {
            list: format!("@{list}"),
            reason,
        };
        let text = LIST.read_text(&base.join(spelled_out(list)?));
        let text = text.map_err(|error| wrong(error.to_string()))?;
        if let Some(at) = userinfo::find(&text) {
            let before = text.get(..at).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            return Err(wrong(format!("line {line}: {}", userinfo::ADVICE)));
        }
        let lines = text.lines().map(str::trim);
        let mut named = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .peekable();
        if named.peek().is_none() {
            return Err(wrong(String::from("it names no file")));
        }
        for line in named {
            self.add(line, base, lists);
            if self.urls.len() > MOST {
                return Err(InputError::TooMany {
                    entry: format!("@{list}"),
                    most: MOST,
                });
            }
        }
        Ok(())
    }
}
