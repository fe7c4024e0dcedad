//! The column of folds.

use arrow_schema::{DataType, Field};

use crate::identity::Role;
use crate::score::FOLD;

/// The column of folds.
#[must_use]
pub(crate) fn fold_field() -> Field {
    Role::Fold.given_to(Field::new(FOLD, DataType::UInt8, false))
}
