//! A file that is read.

use lumimill_common::shard::FileIdentity;
use lumimill_worker::input::Location;

/// An input file that opened as a ROOT file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// What it is called in plans and reports; relative to the campaign file unless absolute.
    pub identity: FileIdentity,
    /// Where it is opened.
    pub location: Location,
}
