//! Small files from outside, such as campaigns, masks and lists: read whole, when they are files
//! or pipes, no larger than they may be, and without waiting for what never comes.
//!
//! Knows nothing of what is in them.

use std::fs::{File, FileType, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// How long a pipe may be silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that are taken from a pipe at a time.
const PIECE: usize = 16 << 10;
/// What some editors begin a text with; it is no part of it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A kind of file, and how large one may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallFile {
    /// What it is, with its article, such as `a campaign file`.
    pub what: &'static str,
    /// The most bytes that it may have.
    pub most: u64,
}

/// Why a file was not read. The path is for whoever asked to say.
#[derive(Debug, thiserror::Error)]
pub enum SmallFileError {
    /// What the operating system said.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// A folder.
    #[error("is a folder, expected {0}")]
    Folder(&'static str),
    /// A device or a socket, which may have no end.
    #[error("is a device or a socket, expected {0}")]
    Device(&'static str),
    /// A pipe that nobody writes to, or stopped writing to.
    #[error("is a pipe that nothing came through for {} s, expected {what}", .waited.as_secs())]
    Silent {
        /// What it should be.
        what: &'static str,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Too large.
    #[error("has {} bytes: {what} has at most {most}", size(.found))]
    Large {
        /// What it should be.
        what: &'static str,
        /// The most that one may have.
        most: u64,
        /// Its size, where it has one.
        found: Option<u64>,
    },
    /// Not text.
    #[error("is not UTF-8 text, as its byte {at} shows; expected {what}")]
    NotText {
        /// What it should be.
        what: &'static str,
        /// Place of the first byte that is none of a text, from 0.
        at: usize,
    },
}

fn size(found: &Option<u64>) -> String {
    found.map_or_else(|| String::from("too many"), |bytes| bytes.to_string())
}

impl SmallFile {
    /// The bytes of a file.
    ///
    /// # Errors
    /// What is neither a regular file nor a pipe, is too large, or cannot be read.
    pub fn read(self, path: &Path) -> Result<Vec<u8>, SmallFileError> {
        self.read_within(path, PATIENCE)
    }

    /// The text of a file, without a byte order mark.
    ///
    /// # Errors
    /// As [`Self::read`], and what is not UTF-8.
    pub fn read_text(self, path: &Path) -> Result<String, SmallFileError> {
        let text = String::from_utf8(self.read(path)?);
        let text = text.map_err(|error| SmallFileError::NotText {
            what: self.what,
            at: error.utf8_error().valid_up_to(),
        })?;
        match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => Ok(rest.to_owned()),
            None => Ok(text),
        }
    }

    fn read_within(self, path: &Path, patience: Duration) -> Result<Vec<u8>, SmallFileError> {
        let metadata = std::fs::metadata(path)?;
        match kind(metadata.file_type()) {
            Kind::Regular => self.regular(path, &metadata),
            Kind::Pipe => self.pipe(path, patience),
            Kind::Folder => Err(SmallFileError::Folder(self.what)),
            Kind::Other => Err(SmallFileError::Device(self.what)),
        }
    }

    /// Its size may be a lie, as below `/proc`, or change: it is not read further than may be.
    fn regular(self, path: &Path, metadata: &Metadata) -> Result<Vec<u8>, SmallFileError> {
        if metadata.len() > self.most {
            return Err(self.large(Some(metadata.len())));
        }
        let mut bytes = Vec::new();
        let mut file = File::open(path)?.take(self.most.saturating_add(1));
        file.read_to_end(&mut bytes)?;
        self.checked(bytes)
    }

    /// Opening a pipe and reading from it may never return: a thread does both, and is left
    /// behind when nothing comes.
    fn pipe(self, path: &Path, patience: Duration) -> Result<Vec<u8>, SmallFileError> {
        let (sender, pieces) = sync_channel(1);
        let owned = path.to_owned();
        thread::Builder::new()
            .name(String::from("pipe"))
            .spawn(move || send_pieces(&owned, &sender))?;
        let mut bytes = Vec::new();
        loop {
            match pieces.recv_timeout(patience) {
                Ok(piece) => bytes.extend(piece?),
                Err(RecvTimeoutError::Disconnected) => return self.checked(bytes),
                Err(RecvTimeoutError::Timeout) => {
                    let (what, waited) = (self.what, patience);
                    return Err(SmallFileError::Silent { what, waited });
                }
            }
            if bytes.len() as u64 > self.most {
                return Err(self.large(None));
            }
        }
    }

    fn checked(self, bytes: Vec<u8>) -> Result<Vec<u8>, SmallFileError> {
        match bytes.len() as u64 > self.most {
            true => Err(self.large(None)),
            false => Ok(bytes),
        }
    }

    fn large(self, found: Option<u64>) -> SmallFileError {
        let Self { what, most } = self;
        SmallFileError::Large { what, most, found }
    }
}

/// Sends what comes through a pipe, until its end or until nobody takes it.
fn send_pieces(path: &Path, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut file = match File::open(path) {
        Ok(file) => file,
        // Nobody is left to hear it when this fails, here and below.
        Err(error) => return drop(sender.send(Err(error))),
    };
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match file.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => {
                piece.truncate(count);
                sender.send(Ok(piece))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => return drop(sender.send(Err(error))),
        };
        if sent.is_err() {
            return;
        }
    }
}

enum Kind {
    Regular,
    Pipe,
    Folder,
    Other,
}

fn kind(kind: FileType) -> Kind {
    match (kind.is_file(), kind.is_dir(), is_pipe(kind)) {
        (true, _, _) => Kind::Regular,
        (_, true, _) => Kind::Folder,
        (_, _, true) => Kind::Pipe,
        _ => Kind::Other,
    }
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_: FileType) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    const NOTE: SmallFile = SmallFile {
        what: "a note",
        most: 100_000,
    };

    fn refused(path: &Path) -> String {
        let short = Duration::from_millis(200);
        NOTE.read_within(path, short).unwrap_err().to_string()
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        std::fs::write(&path, vec![7; 100_000]).unwrap();
        assert_eq!(NOTE.read(&path).unwrap().len(), 100_000);
        std::fs::write(&path, vec![7; 100_001]).unwrap();
        assert_eq!(
            refused(&path),
            "has 100001 bytes: a note has at most 100000"
        );
        assert!(refused(&folder.path().join("gone")).contains("No such file"));
    }

    #[test]
    fn what_has_no_end_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        File::create(&path).unwrap().set_len(10 << 30).unwrap();
        assert!(
            refused(&path).contains("10737418240 bytes"),
            "{}",
            refused(&path)
        );
        for (path, words) in [
            (folder.path(), "is a folder, expected a note"),
            (Path::new("/dev/zero"), "is a device or a socket"),
            (Path::new("/dev/null"), "is a device or a socket"),
        ] {
            assert!(refused(path).contains(words), "{}", refused(path));
        }
        let whole = NOTE.read(Path::new("/proc/self/status")).unwrap();
        assert!(!whole.is_empty(), "a file whose size says 0 is read");
    }

    #[test]
    fn a_pipe_is_read_within_its_limit_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert!(refused(&path).contains("is a pipe that nothing came through"));
        for (bytes, read) in [(100_000, true), (1_000_000, false)] {
            let mut writer = Command::new("head")
                .args(["-c", &bytes.to_string(), "/dev/zero"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let from = writer.stdout.take().unwrap();
            let fd = std::os::fd::AsRawFd::as_raw_fd(&from);
            let path = format!("/dev/fd/{fd}");
            assert_eq!(NOTE.read(Path::new(&path)).is_ok(), read, "{bytes}");
            drop(from);
            writer.wait().unwrap();
        }
    }

    #[test]
    fn text_is_utf_8_and_begins_with_its_first_letter() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all("\u{feff}name".as_bytes()).unwrap();
        assert_eq!(NOTE.read_text(file.path()).unwrap(), "name");
        file.write_all(b"\xff").unwrap();
        let error = NOTE.read_text(file.path()).unwrap_err().to_string();
        assert!(error.contains("its byte 7"), "{error}");
    }
}
