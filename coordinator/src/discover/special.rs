//! What makes an entry of `files` a pattern, and how patterns match.

use glob::MatchOptions;

/// What makes an entry a pattern.
pub(super) const SPECIAL: [char; 3] = ['*', '?', '['];
/// A `*` stays within its folder, and names with a leading dot are not meant.
pub(super) const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};
