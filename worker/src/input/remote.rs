//! Input in S3-compatible storage, as something that a file is read from.

use std::io;
use std::sync::Arc;

use lumimill_rootfile::{Error, ReadAt};

#[cfg(feature = "s3")]
pub use storage::storage;

/// Opens an object by its URL.
pub(super) fn open(url: &str) -> Result<Arc<dyn ReadAt>, Error> {
    source(url).map_err(|source| Error::Open {
        file: url.to_owned(),
        source,
    })
}

#[cfg(not(feature = "s3"))]
fn source(_url: &str) -> io::Result<Arc<dyn ReadAt>> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        lumimill_common::store::WITHOUT_S3,
    ))
}

#[cfg(feature = "s3")]
fn source(url: &str) -> io::Result<Arc<dyn ReadAt>> {
    use lumimill_common::store::S3Url;

    let wrong = |error: &dyn std::error::Error| {
        io::Error::new(io::ErrorKind::InvalidInput, error.to_string())
    };
    let address: S3Url = url.parse().map_err(|error| wrong(&error))?;
    // Another worker may have settings, or right ones.
    let storage = storage()
        .map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error.to_string()))?;
    let found = storage
        .open(&address)
        .map_err(|error| storage::failed(&error))?;
    let missing = || io::Error::new(io::ErrorKind::NotFound, "there is no such object");
    let object = storage::Remote::new(url, found.ok_or_else(missing)?);
    Ok(Arc::new(super::tail::TailCache::new(object)))
}

#[cfg(feature = "s3")]
mod storage {
    use std::io;
    use std::ops::Range;
    use std::sync::OnceLock;

    use lumimill_common::store::{
        S3Begun, S3Object, S3Reader, S3Settings, S3SettingsError, StoreError,
    };
    use lumimill_rootfile::{Begun, ReadAt};

    /// Bytes that come faster along with others than with a request of their own: what a
    /// connection of 30 MB/s brings in 17 ms.
    const WORTHWHILE_GAP: u64 = 512 << 10;

    /// The storage that the environment names, read once: settings that are wrong stay wrong.
    pub fn storage() -> Result<&'static S3Reader, S3SettingsError> {
        static STORAGE: OnceLock<Result<S3Reader, S3SettingsError>> = OnceLock::new();
        let made = STORAGE.get_or_init(|| S3Settings::from_environment().and_then(S3Reader::new));
        made.as_ref().map_err(Clone::clone)
    }

    /// An object, under the name that the campaign has for it.
    #[derive(Debug)]
    pub(super) struct Remote {
        name: String,
        object: S3Object,
    }

    impl Remote {
        pub(super) fn new(name: &str, object: S3Object) -> Self {
            Self {
                name: name.to_owned(),
                object,
            }
        }
    }

    impl ReadAt for Remote {
        fn name(&self) -> &str {
            &self.name
        }

        fn size(&self) -> u64 {
            self.object.size()
        }

        fn version(&self) -> Option<String> {
            self.object.etag().map(str::to_owned)
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
            let read = self.object.read_at(offset, buf);
            read.map_err(|error| failed(&error))
        }

        fn begin(&self, ranges: &[Range<u64>]) -> Option<Box<dyn Begun>> {
            Some(Box::new(OnTheWay(self.object.begin(ranges))))
        }

        fn worthwhile_gap(&self) -> u64 {
            WORTHWHILE_GAP
        }
    }

    /// Ranges of one.
    #[derive(Debug)]
    struct OnTheWay(S3Begun);

    impl Begun for OnTheWay {
        fn take(&self, offset: u64, buf: &mut [u8]) -> bool {
            self.0.take(offset, buf)
        }
    }

    /// An error whose kind says whether it may pass, or is about who asks.
    pub(super) fn failed(error: &StoreError) -> io::Error {
        let kind = match error.is_transient() {
            true => io::ErrorKind::Other,
            false if error.is_denied() => io::ErrorKind::PermissionDenied,
            false => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error.reason().to_owned())
    }
}
