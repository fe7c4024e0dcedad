//! One table of a campaign file, read key by key, with every mistake noted on the way.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use toml::{Table, Value};

/// One mistake of a campaign file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// TOML path of the mistake, such as `stage[0].columns.m_mumu`.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Every mistake of a campaign file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignErrors(pub Vec<Problem>);

impl fmt::Display for CampaignErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 {
            "mistake"
        } else {
            "mistakes"
        };
        write!(f, "{} {noun} in the campaign", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n  {}", problem.to_string().replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

impl std::error::Error for CampaignErrors {}

/// Mistakes of one file, after which nobody reads on.
const MOST_PROBLEMS: usize = 1000;
/// Tables of one array, such as `[[stage]]`.
const MOST_TABLES: usize = 1000;

/// The mistakes found so far, shared by all sections of one file.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(crate) fn add(&self, path: String, message: String) {
        if !self.are_too_many() {
            self.0.borrow_mut().push(Problem { path, message });
        }
    }

    fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// Whether no more are noted.
    pub(crate) fn are_too_many(&self) -> bool {
        self.0.borrow().len() >= MOST_PROBLEMS
    }

    pub(crate) fn into_inner(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// A table and where it stands; [`Section::finish`] reports the keys that nobody asked for.
pub(crate) struct Section<'a> {
    path: String,
    number: usize,
    table: &'a Table,
    known: BTreeSet<String>,
    problems: &'a Problems,
}

impl<'a> Section<'a> {
    pub(crate) fn root(table: &'a Table, problems: &'a Problems) -> Self {
        Self::at(String::new(), 0, table, problems)
    }

    fn at(path: String, number: usize, table: &'a Table, problems: &'a Problems) -> Self {
        Self {
            path,
            number,
            table,
            known: BTreeSet::new(),
            problems,
        }
    }

    /// TOML path of a key of this table.
    pub(crate) fn path_of(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    pub(crate) fn problem(&self, key: &str, message: impl Into<String>) {
        self.problems.add(self.path_of(key), message.into());
    }

    /// A mistake of the table as a whole.
    pub(crate) fn problem_here(&self, message: impl Into<String>) {
        self.problems.add(self.path.clone(), message.into());
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    fn get(&mut self, key: &str) -> Option<&'a Value> {
        self.known.insert(key.to_owned());
        self.table.get(key)
    }

    fn wrong(&self, key: &str, expected: &str, found: &Value) {
        self.problem(
            key,
            format!("expected {expected}, found {}", found.type_str()),
        );
    }

    /// The value of a key, whatever its type.
    pub(crate) fn value(&mut self, key: &str) -> Option<&'a Value> {
        self.get(key)
    }

    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong(key, "a string", value);
        }
        text.map(str::to_owned)
    }

    pub(crate) fn required_text(&mut self, key: &str) -> Option<String> {
        if self.table.contains_key(key) {
            return self.text(key);
        }
        self.known.insert(key.to_owned());
        self.problem(key, "is missing");
        None
    }

    pub(crate) fn integer(&mut self, key: &str) -> Option<i64> {
        let value = self.get(key)?;
        let number = value.as_integer();
        if number.is_none() {
            self.wrong(key, "a whole number", value);
        }
        number
    }

    /// A list of strings; `None` when absent or wrong.
    pub(crate) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.get(key)?;
        let Some(items) = value.as_array() else {
            self.wrong(key, "a list of strings", value);
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => self.wrong(&format!("{key}[{index}]"), "a string", item),
            }
        }
        (texts.len() == items.len()).then_some(texts)
    }

    /// The strings of a list, each with its place in it; those that are something else are noted and
    /// left out. One string alone is one, too, and noted.
    pub(crate) fn listed(&mut self, key: &str) -> Vec<(usize, String)> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.wrong(key, "a list of strings", value);
            let alone = value.as_str().map(|text| (0, text.to_owned()));
            return alone.into_iter().collect();
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item.as_str() {
                Some(text) => texts.push((index, text.to_owned())),
                None => self.wrong(&format!("{key}[{index}]"), "a string", item),
            }
        }
        texts
    }

    /// What is read of a key that must be there.
    pub(crate) fn required<T>(
        &mut self,
        key: &str,
        read: impl Fn(&mut Self, &str) -> Option<T>,
    ) -> Option<T> {
        if self.table.contains_key(key) {
            return read(self, key);
        }
        self.known.insert(key.to_owned());
        self.problem(key, "is missing");
        None
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&mut self, key: &str) -> Option<u32> {
        let number = self.integer(key)?;
        let count = u32::try_from(number).ok();
        if count.is_none() {
            self.problem(key, format!("expected 0 to {}, found {number}", u32::MAX));
        }
        count
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.wrong(key, "true or false", value);
        }
        flag
    }

    /// A number; whole ones are numbers too.
    pub(super) fn float(&mut self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        let whole = value.as_integer().map(|number| number as f64);
        let number = value.as_float().or(whole);
        if number.is_none() {
            self.wrong(key, "a number", value);
        }
        number
    }

    /// A list of numbers; whole ones are numbers too.
    pub(crate) fn floats(&mut self, key: &str) -> Option<Vec<f64>> {
        let value = self.get(key)?;
        let Some(items) = value.as_array() else {
            self.wrong(key, "a list of numbers", value);
            return None;
        };
        let mut numbers = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let whole = item.as_integer().map(|number| number as f64);
            match item.as_float().or(whole) {
                Some(number) => numbers.push(number),
                None => self.wrong(&format!("{key}[{index}]"), "a number", item),
            }
        }
        (numbers.len() == items.len()).then_some(numbers)
    }

    /// Two numbers, `[low, high]`.
    pub(crate) fn range(&mut self, key: &str) -> Option<[f64; 2]> {
        let value = self.get(key)?;
        let number = |item: &Value| {
            let whole = item.as_integer().map(|whole| whole as f64);
            item.as_float().or(whole)
        };
        let items = value.as_array().map(Vec::as_slice);
        let range = match items {
            Some([low, high]) => number(low).zip(number(high)),
            _ => None,
        };
        if range.is_none() {
            let found = match items {
                Some(items) => format!("{} of {}", value.type_str(), items.len()),
                None => value.type_str().to_owned(),
            };
            self.problem(
                key,
                format!("expected two numbers, [low, high], found {found}"),
            );
        }
        range.map(|(low, high)| [low, high])
    }

    /// Mistakes of the file so far.
    pub(crate) fn mistakes(&self) -> usize {
        self.problems.count()
    }

    /// Which one it is of its list, from 0.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Parses text that was found at a key, noting the error there.
    pub(crate) fn parsed<T: FromStr>(&self, key: &str, text: &str) -> Option<T>
    where
        T::Err: fmt::Display,
    {
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.problem(key, error.to_string());
                None
            }
        }
    }

    /// One of a few words; `None` when absent or wrong.
    pub(crate) fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<_> = choices
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            self.problem(
                key,
                format!("expected {}, found \"{text}\"", words.join(" or ")),
            );
        }
        found.map(|(_, choice)| *choice)
    }

    /// One of a few words, which must be there.
    pub(crate) fn required_choice<T: Copy>(
        &mut self,
        key: &str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        if self.table.contains_key(key) {
            return self.choice(key, choices);
        }
        self.required_text(key)?;
        None
    }

    pub(crate) fn section(&mut self, key: &str) -> Option<Section<'a>> {
        let value = self.get(key)?;
        let table = value.as_table();
        if table.is_none() {
            self.wrong(key, "a table", value);
        }
        table.map(|table| Section::at(self.path_of(key), 0, table, self.problems))
    }

    /// A table, or several in a list, each with its key: `key`, or `key[0]`.
    pub(crate) fn one_or_several(&mut self, key: &str) -> Vec<(String, Section<'a>)> {
        match self.get(key) {
            None => Vec::new(),
            Some(Value::Array(_)) => {
                let tables = self.sections(key).into_iter();
                let placed = tables.map(|table| (format!("{key}[{}]", table.number()), table));
                placed.collect()
            }
            Some(_) => {
                let table = self.section(key).into_iter();
                table.map(|table| (key.to_owned(), table)).collect()
            }
        }
    }

    /// The tables of an array of tables, `[[key]]`.
    pub(crate) fn sections(&mut self, key: &str) -> Vec<Section<'a>> {
        let Some(value) = self.get(key) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.wrong(key, &format!("tables, each headed [[{key}]]"), value);
            return Vec::new();
        };
        if items.len() > MOST_TABLES {
            let found = items.len();
            self.problem(key, format!("has {found} tables, at most {MOST_TABLES}"));
            return Vec::new();
        }
        let mut sections = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let here = format!("{key}[{index}]");
            match item.as_table() {
                Some(table) => {
                    let path = self.path_of(&here);
                    sections.push(Section::at(path, index, table, self.problems));
                }
                None => self.wrong(&here, "a table", item),
            }
        }
        sections
    }

    /// Reports every key that was never asked for.
    pub(crate) fn finish(&self) {
        for key in self.table.keys().filter(|key| !self.known.contains(*key)) {
            if self.problems.are_too_many() {
                return;
            }
            let nearest = crate::suggest::nearest(key, self.known.iter().map(String::as_str));
            let hint = match nearest {
                Some(near) => format!("; did you mean {near}?"),
                None => {
                    let known: Vec<_> = self.known.iter().map(String::as_str).collect();
                    format!("; known here: {}", known.join(", "))
                }
            };
            self.problem(key, format!("unknown key{hint}"));
        }
    }
}
