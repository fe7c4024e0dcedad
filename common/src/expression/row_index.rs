//! Which values a row has: of its entry, and of the members that it is made of.

use std::rc::Rc;
use std::sync::Arc;

use super::error::EvaluateError;

/// Which of a column's values, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Index {
    /// All of so many.
    All(usize),
    /// These.
    Chosen(Vec<u32>),
}

impl Index {
    /// How many values it picks.
    pub fn len(&self) -> usize {
        match self {
            Self::All(len) => *len,
            Self::Chosen(chosen) => chosen.len(),
        }
    }

    /// Whether it picks nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place of the value that it picks as the `nth`.
    pub fn at(&self, nth: usize) -> Option<usize> {
        match self {
            Self::All(len) => (nth < *len).then_some(nth),
            Self::Chosen(chosen) => chosen.get(nth).map(|at| *at as usize),
        }
    }

    pub(super) fn gather<T: Copy>(&self, values: &Rc<Vec<T>>) -> Rc<Vec<T>> {
        match self {
            Self::All(_) => Rc::clone(values),
            Self::Chosen(chosen) => Rc::new(chosen.iter().map(|at| values[*at as usize]).collect()),
        }
    }

    /// The largest place it picks.
    fn largest(&self) -> Option<usize> {
        match self {
            Self::All(all) => all.checked_sub(1),
            Self::Chosen(chosen) => chosen.iter().max().map(|at| *at as usize),
        }
    }

    /// The places in what `self` picks from, of what `inner` picks from `self`.
    fn compose(&self, inner: &Self) -> Self {
        match (self, inner) {
            (Self::All(_), _) => inner.clone(),
            (_, Self::All(_)) => self.clone(),
            (Self::Chosen(outer), Self::Chosen(inner)) => {
                Self::Chosen(inner.iter().map(|at| outer[*at as usize]).collect())
            }
        }
    }

    /// That all that it picks is among so many of these.
    pub(super) fn check(&self, len: usize, what: &'static str) -> Result<(), EvaluateError> {
        match self.largest() {
            Some(index) if index >= len => Err(EvaluateError::Index { index, len, what }),
            _ => Ok(()),
        }
    }
}

/// Rows made of the entries of a batch, and of members of one collection.
#[derive(Debug, Clone)]
pub struct RowIndex {
    /// Per row, its entry in the batch.
    pub(super) events: Arc<Index>,
    /// The members that rows use, as places in the flat values of the collection's columns.
    pub(super) members: Arc<Index>,
    /// One more than the largest of them.
    pub(super) reach: usize,
    /// Per slot (1 for `each`, 2 for pairs) and row, a place in `members`.
    pub(super) slots: Vec<Arc<Index>>,
    /// The same, as places in the flat values.
    pub(super) places: Vec<Arc<Index>>,
}

impl RowIndex {
    /// One row per entry of `events`.
    pub fn events(events: Index) -> Self {
        Self {
            events: Arc::new(events),
            members: Arc::new(Index::All(0)),
            reach: 0,
            slots: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Rows of members: per row its entry, and per slot and row a place in `members`, which are
    /// places in the flat values of the collection. All slots have as many rows as `events`.
    pub fn members(
        events: Index,
        members: Index,
        slots: Vec<Index>,
    ) -> Result<Self, EvaluateError> {
        for slot in &slots {
            slot.check(members.len(), "members")?;
            if slot.len() != events.len() {
                let (index, len) = (slot.len(), events.len());
                return Err(EvaluateError::Index {
                    index,
                    len,
                    what: "rows",
                });
            }
        }
        let places = slots
            .iter()
            .map(|slot| Arc::new(members.compose(slot)))
            .collect();
        Ok(Self {
            reach: members.largest().map_or(0, |at| at + 1),
            members: Arc::new(members),
            slots: slots.into_iter().map(Arc::new).collect(),
            places,
            ..Self::events(events)
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// Where a node's values are wanted: for every row, or for every entry of the batch (and, for
/// lists, every member).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    Rows,
    Events,
}
