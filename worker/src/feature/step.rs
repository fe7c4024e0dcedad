//! The steps of a program that leave entries out, in order.

/// What looks at columns of the entries: each step only at those that the one before left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// `where` is held against them.
    Where,
    /// Candidates are formed of them.
    Candidates,
    /// Rows are made of the candidates.
    Rows,
}
