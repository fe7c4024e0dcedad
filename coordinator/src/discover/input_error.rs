//! Why an entry of `files`, or a file it stands for, cannot be used.

use lumimill_common::spelling::SpellingError;
use thiserror::Error;

/// Why an entry of `files`, or a file it stands for, cannot be used.
#[derive(Debug, Error)]
pub enum InputError {
    /// A remote file.
    #[error("{url}: reading {scheme}:// is not available in this version: copy or mount the file")]
    Remote {
        /// The URL.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// Not a pattern.
    #[error("{pattern}: not a file pattern: {reason}")]
    BadPattern {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pattern that stands for nothing.
    #[error("{pattern}: no file matches in {folder}")]
    NoMatch {
        /// The pattern as written.
        pattern: String,
        /// The folder that it is relative to.
        folder: String,
    },
    /// A pattern of objects that cannot be asked for, or an object whose URL is wrong.
    #[error("{pattern}: cannot be looked for: {reason}")]
    Unsearchable {
        /// The pattern or URL as written.
        pattern: String,
        /// What the storage, or its settings, said.
        reason: String,
    },
    /// A path that leads nowhere.
    #[error(transparent)]
    Path(#[from] SpellingError),
    /// An entry that stands for more files than anybody has.
    #[error("{entry}: stands for more than {most} files: name fewer, or split the dataset")]
    TooMany {
        /// The entry as written, or the beginning of it.
        entry: String,
        /// The most that it may.
        most: usize,
    },
    /// An entry that is longer than any path.
    #[error("{entry}…: is longer than a path may be ({most} bytes)")]
    TooLong {
        /// The beginning of the entry.
        entry: String,
        /// The most that it may have.
        most: usize,
    },
    /// A list that cannot be read.
    #[error("{list}: cannot read the list of files: {reason}")]
    List {
        /// The entry as written, with its `@`.
        list: String,
        /// What is wrong.
        reason: String,
    },
    /// No such file.
    #[error("{file}: no such file")]
    Missing {
        /// The file.
        file: String,
    },
    /// A folder where a file should be.
    #[error("{file}: is a folder: write \"{file}/*.{kind}\" for the files in it")]
    Folder {
        /// The folder.
        file: String,
        /// How the names of files in it end.
        kind: &'static str,
    },
    /// A pipe, a socket or a device, which may never end.
    #[error("{file}: is no regular file: copy what comes out of it to a file")]
    NotAFile {
        /// What it is called.
        file: String,
    },
    /// A file of no bytes.
    #[error("{file}: is empty (0 bytes): copy it again, or take it out")]
    Empty {
        /// The file.
        file: String,
    },
    /// The operating system refuses.
    #[error("{file}: cannot open: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// What it said.
        reason: String,
    },
    /// Not a file of events, or not a whole one; the message names it.
    #[error(transparent)]
    File(#[from] lumimill_worker::input::Error),
}
