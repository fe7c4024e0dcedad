//! What of a stage could not be read: to say where the rest of it is in the file, and nothing of what
//! depends on what is wrong.

use std::collections::BTreeSet;

use crate::section::Section;

/// Where the parts of a stage are in the file, and which names its unread parts may have given. Of a
/// campaign without mistakes, every part is where it is in its list, and nothing is unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Of `keep`.
    pub keep: Places,
    /// Of `labels`.
    pub labels: Places,
    /// Of `[[stage.model]]`.
    pub models: Places,
    /// Of `[[stage.metric]]`.
    pub metrics: Places,
    /// Words that may be names of what could not be read.
    pub unread: BTreeSet<String>,
    /// Whether some metric could not be read.
    pub metrics_are_unread: bool,
    /// Whether it fits, and it is not known what.
    pub fit_is_unread: bool,
    /// Whether it estimates a density, and it is not known which.
    pub kde_is_unread: bool,
    /// Whether it is not known what a row is.
    pub rows_are_unread: bool,
    /// Functions that its expressions may call: name and definition.
    pub functions: Vec<(String, String)>,
}

/// For each part that was read, which one of its list it is, from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(Vec<usize>);

impl Places {
    /// Where the part is that is `index` among those that were read.
    #[must_use]
    pub fn of(&self, index: usize) -> usize {
        self.0.get(index).copied().unwrap_or(index)
    }

    pub(super) fn add(&mut self, place: usize) {
        self.0.push(place);
    }
}

impl FromIterator<usize> for Places {
    fn from_iter<T: IntoIterator<Item = usize>>(places: T) -> Self {
        Self(places.into_iter().collect())
    }
}

impl Reading {
    /// Notes that something could not be read that has these words.
    pub(super) fn unread(&mut self, text: &str) {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let words = words.filter(|word| !word.is_empty());
        self.unread.extend(words.map(str::to_owned));
    }

    /// The same of a table with a name.
    pub(super) fn unread_table(&mut self, section: &mut Section<'_>) {
        if let Some(name) = section.value("name").and_then(toml::Value::as_str) {
            self.unread(name);
        }
    }
}
