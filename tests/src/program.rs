//! Runs the program as a user does.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program under test.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
}

/// How a run of it ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; -1 when it was killed.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// Panics, showing all that was printed, unless the exit code is this one.
    #[track_caller]
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.out, self.err
        );
        self
    }

    /// Panics, showing all that was printed, unless every one of these is in the messages.
    #[track_caller]
    pub fn says(&self, texts: &[&str]) {
        for text in texts {
            assert!(
                self.err.contains(text),
                "expected {text:?} in\n{}",
                self.err
            );
        }
        assert!(!self.err.contains("panicked"), "it panicked:\n{}", self.err);
    }
}

impl Program {
    /// The program at a path.
    #[must_use]
    pub fn at(path: &str) -> Self {
        Self { path: path.into() }
    }

    /// A command for it, with arguments.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(args).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Ended {
        Self::finish(&mut self.command(args))
    }

    /// Runs a command to its end.
    #[must_use]
    pub fn finish(command: &mut Command) -> Ended {
        let output = command.output().expect("the program starts");
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts it, to be killed later.
    #[must_use]
    pub fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }

    /// Runs it on a campaign file.
    #[must_use]
    pub fn on(&self, verb: &str, campaign: &Path) -> Ended {
        self.run(&[verb, campaign.to_str().expect("a path in UTF-8")])
    }
}
