//! The histograms that a text names, before anybody has them.

use std::collections::BTreeSet;

use super::token::{Word, tokens};

/// The names in `template(name)` or `template('any-name')` of a component, each once. What is wrong with its text is told by
/// whoever makes a model of it.
pub fn template_names(text: &str) -> BTreeSet<String> {
    let tokens = tokens(text).unwrap_or_default();
    let words: Vec<Word<'_>> = tokens.iter().map(|token| token.word).collect();
    let named = words.windows(4).filter_map(|words| match words {
        [
            Word::Name("template"),
            Word::Mark('('),
            Word::Name(name) | Word::Quoted(name),
            Word::Mark(')'),
        ] => Some((*name).to_owned()),
        _ => None,
    });
    named.collect()
}
