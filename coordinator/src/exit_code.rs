//! How the program ends, in one place.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked for is done.
    Done,
    /// Something unexpected went wrong; the message says what.
    Trouble,
    /// The command line, the campaign, its input or what is stored of it is wrong, or another run
    /// is under way; nothing was begun.
    Usage,
    /// Finished, but some shards failed (or, for `verify` and `fetch`, something is missing or
    /// damaged).
    FailedShards,
    /// Stopped from outside; a second run goes on from there.
    Stopped,
}

impl Exit {
    /// For `--help`.
    pub const HELP: &str = "\
Exit codes:
  0    everything is done
  1    something unexpected went wrong
  2    nothing was begun: wrong usage, campaign or input; a plan or control record that cannot be
       used; another run of the campaign is under way
  3    finished with failed shards, the first 20 named (verify, fetch: something missing or damaged)
  130  stopped; run again to go on";

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Trouble => 1,
            Self::Usage => 2,
            Self::FailedShards => 3,
            Self::Stopped => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
