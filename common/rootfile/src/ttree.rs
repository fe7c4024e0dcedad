//! TTrees: their description, their branches and leaves, and the baskets that hold the data.
//!
//! Nothing outside knows of these; [`crate::tree`], [`crate::branch`] and [`crate::reader`]
//! show the same interface for every way in which ROOT stores columns.

mod basket;
mod branch_list;
mod branch_record;
mod column_reader;
mod interpretation;
mod leaf_record;
mod range_reader;
mod tree_numbers;
mod tree_record;

pub(crate) use basket::BasketIndex;
pub(crate) use branch_list::list_branches;
pub(crate) use column_reader::ColumnReader;
pub(crate) use range_reader::RangeReader;
pub(crate) use tree_record::TreeRecord;

/// Whether objects of this class are TTrees.
pub(crate) fn is_ttree_class(class: &str) -> bool {
    matches!(class, "TTree" | "TNtuple" | "TNtupleD")
}
