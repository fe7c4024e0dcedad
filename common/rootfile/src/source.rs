//! Where bytes come from: a file on disk, memory, or anything that answers ranged reads.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::error::Error;

/// A file of known size that gives any range of its bytes.
///
/// Contract: the content does not change while the file is open; `read_at` fills the whole
/// buffer or fails; reads from several threads at once do not disturb one another.
pub trait ReadAt: Send + Sync + fmt::Debug {
    /// The name that errors show: a path or a URL.
    fn name(&self) -> &str;

    /// The number of bytes in the file.
    fn size(&self) -> u64;

    /// Fills `buf` with the bytes at `offset`, exactly.
    ///
    /// # Errors
    /// Whatever kept the bytes from being read; `UnexpectedEof` when the file ends earlier.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Begins to read ranges that will be wanted soon, where that saves waiting for them, as far
    /// away; `None` where it does not.
    fn begin(&self, ranges: &[Range<u64>]) -> Option<Box<dyn Begun>> {
        let _ = ranges;
        None
    }

    /// What tells the content from what stood under the same name before, where whoever keeps it says
    /// so: a time of change, an ETag.
    fn version(&self) -> Option<String> {
        None
    }

    /// The largest gap, in bytes, that is cheaper to read than to make a second request for
    /// what follows. Right for a local disk; remote sources say more.
    fn worthwhile_gap(&self) -> u64 {
        16 * 1024
    }
}

/// Ranges on their way. What is dropped before it came is asked for no more.
pub trait Begun: Send + Sync + fmt::Debug {
    /// Waits for bytes and fills `buf` with them; `false` where they are not all within one of the
    /// ranges, or did not come: they are to be read anew.
    fn take(&self, offset: u64, buf: &mut [u8]) -> bool;
}

/// A file on a local disk.
#[derive(Debug)]
pub struct LocalFile {
    name: String,
    size: u64,
    changed: Option<String>,
    file: File,
}

impl LocalFile {
    /// Opens the file at `path` for reading.
    ///
    /// # Errors
    /// [`Error::Open`] when it is missing, is no regular file, or may not be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let failed = |source| Error::Open {
            file: name.clone(),
            source,
        };
        // Asked before it is opened: opening a pipe waits for somebody who writes to it.
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a folder",
            )));
        }
        if !metadata.is_file() {
            let kind = describe_kind(&metadata);
            let reason = format!("it is {kind}, expected a regular file");
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, reason)));
        }
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let changed = metadata.modified().ok();
        let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok(LocalFile {
            size: metadata.len(),
            changed: changed.map(|since| since.as_nanos().to_string()),
            file,
            name,
        })
    }
}

/// What is neither a file nor a folder.
#[cfg(unix)]
fn describe_kind(metadata: &std::fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match kind {
        _ if kind.is_fifo() => "a pipe (FIFO)",
        _ if kind.is_socket() => "a socket",
        _ if kind.is_char_device() || kind.is_block_device() => "a device",
        _ => "something else",
    }
}

#[cfg(not(unix))]
fn describe_kind(_: &std::fs::Metadata) -> &'static str {
    "something else"
}

impl ReadAt for LocalFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> Option<String> {
        self.changed.clone()
    }

    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, mut offset: u64, mut buf: &mut [u8]) -> io::Result<()> {
        while !buf.is_empty() {
            let read = std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buf = &mut buf[read..];
            offset += read as u64;
        }
        Ok(())
    }
}

/// A file whose bytes are in memory.
#[derive(Clone)]
pub struct MemoryFile {
    name: String,
    bytes: std::sync::Arc<[u8]>,
}

impl MemoryFile {
    /// A file called `name` in error messages, with these bytes.
    pub fn new(name: impl Into<String>, bytes: impl Into<std::sync::Arc<[u8]>>) -> Self {
        MemoryFile {
            name: name.into(),
            bytes: bytes.into(),
        }
    }
}

impl fmt::Debug for MemoryFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryFile({:?}, {} bytes)", self.name, self.bytes.len())
    }
}

impl ReadAt for MemoryFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(buf.len());
        let bytes = self
            .bytes
            .get(start..end)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(bytes);
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::LocalFile;

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket.root");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let pipe = folder.path().join("pipe.root");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let device = std::path::PathBuf::from("/dev/zero");
        for (path, what) in [(socket, "socket"), (pipe, "pipe"), (device, "device")] {
            let error = LocalFile::open(&path).unwrap_err();
            assert!(!error.is_transient(), "{error}");
            let text = error.to_string();
            assert!(
                text.contains(what) && text.contains("regular file"),
                "{text}"
            );
        }
    }
}
