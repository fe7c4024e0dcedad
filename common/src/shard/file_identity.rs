//! Which file it is, whatever may stand under its name later.

use serde::{Deserialize, Serialize};

/// Identity of an input file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileIdentity {
    /// Path or URL, as the campaign names it: relative to the campaign file unless absolute.
    pub url: String,
    /// Size in bytes.
    pub size: u64,
    /// What tells it from the same file before it was written to again: 32 hexadecimal digits, a
    /// hash of where the file says what it holds, and when it was written.
    pub state: String,
}
