//! TTrees: their description, their branches and leaves, and the baskets that hold the data.
//!
//! Nothing outside knows of these; [`crate::tree`], [`crate::branch`] and [`crate::reader`]
//! show the same interface for every way in which ROOT stores columns.

mod basket;
mod branch_record;
mod interpretation;
mod leaf_record;
mod tree_record;

pub(crate) use basket::{Basket, BasketIndex, Site};
pub(crate) use interpretation::{Interpretation, interpret};
pub(crate) use tree_record::TreeRecord;

/// Whether objects of this class are trees that can be read.
pub(crate) fn is_tree_class(class: &str) -> bool {
    matches!(class, "TTree" | "TNtuple" | "TNtupleD")
}
