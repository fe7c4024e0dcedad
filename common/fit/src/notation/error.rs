//! What is wrong with a model, shown under its text.

use std::fmt;
use std::ops::Range;

/// A mistake in the text of a model. Displays as the message, the text, and carets under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationError {
    message: String,
    text: String,
    span: Range<usize>,
}

impl NotationError {
    pub(super) fn new(message: impl Into<String>, text: &str, span: Range<usize>) -> Self {
        Self {
            message: message.into(),
            text: text.to_owned(),
            span,
        }
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where, as a byte range of the text.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl fmt::Display for NotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is not printable takes one place, so that the carets stand where the mistake is.
        let shown: String = self
            .text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let before = self.text.get(..self.span.start).unwrap_or(&self.text);
        let marked = self.text.get(self.span.clone()).unwrap_or_default();
        let indent = " ".repeat(before.chars().count());
        let carets = "^".repeat(marked.chars().count().max(1));
        write!(f, "{}\n  {shown}\n  {indent}{carets}", self.message)
    }
}

impl std::error::Error for NotationError {}
