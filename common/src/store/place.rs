//! Where objects are: a folder of this machine, or S3-compatible storage.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{InvalidS3Address, LocalStore, OwnPlace, S3Address, Store, StoreError};
use crate::spelling::{SpellingError, spelled_out};

/// A folder, or a folder of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A folder of a bucket.
    S3(S3Address),
    /// A folder of a store that the program brings along.
    Own(OwnPlace),
}

/// What is said where S3 is asked for in a program that cannot.
#[cfg(not(feature = "s3"))]
pub const WITHOUT_S3: &str = "this program was built without S3 (cargo feature `s3`)";

/// Why a place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Not an address.
    #[error(transparent)]
    Address(#[from] InvalidS3Address),
    /// Not a path that leads anywhere.
    #[error(transparent)]
    Path(#[from] SpellingError),
    /// Settings are missing or wrong.
    #[error("{place}: {reason}")]
    Settings {
        /// The place.
        place: Place,
        /// What is missing.
        reason: String,
    },
    /// It cannot be written.
    #[error("the output cannot be written: {0}")]
    Store(#[from] StoreError),
}

impl PlaceError {
    /// Whether the same may work later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

impl Place {
    /// The place that a text means: `s3://bucket/prefix`, or a folder, relative to `base`, from
    /// home, or as a `file:` URL.
    pub fn read(base: &Path, text: &str) -> Result<Self, PlaceError> {
        if S3Address::is_meant(text) {
            return Ok(Self::S3(text.parse()?));
        }
        let folder = spelled_out(text)?;
        match folder.contains("://") {
            // It is none, and that is what is said.
            true => Ok(Self::S3(text.parse()?)),
            false => Ok(Self::Folder(base.join(folder))),
        }
    }

    /// A place inside this one.
    pub fn join(&self, name: &str) -> Result<Self, PlaceError> {
        match self {
            Self::Folder(folder) => Ok(Self::Folder(folder.join(name))),
            Self::S3(address) => Ok(Self::S3(address.join(name)?)),
            Self::Own(place) => Ok(Self::Own(place.join(name))),
        }
    }

    /// Names of it among its neighbours: of a folder as it is written, and as it is called where
    /// that is a link; none of a place that has none, such as a whole bucket.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let last = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
        match self {
            Self::Folder(folder) => {
                let real = folder.canonicalize().ok();
                let names = [last(folder), real.as_deref().and_then(last)];
                names.into_iter().flatten().collect()
            }
            Self::S3(address) => address.name().map(str::to_owned).into_iter().collect(),
            Self::Own(place) => place.name().map(str::to_owned).into_iter().collect(),
        }
    }

    /// The store there, to look at; nothing is made.
    pub fn open(&self) -> Result<Arc<dyn Store>, PlaceError> {
        match self {
            Self::Folder(folder) => Ok(Arc::new(LocalStore::open(folder))),
            Self::S3(address) => remote::open(self, address),
            Self::Own(place) => Ok(place.open()),
        }
    }

    /// The store there, ready for writing beside others who do; `false` beside it when the
    /// service ignores conditional requests.
    pub async fn prepare(&self) -> Result<(Arc<dyn Store>, bool), PlaceError> {
        match self {
            Self::Folder(folder) => Ok((Arc::new(LocalStore::create(folder)?), true)),
            Self::S3(address) => remote::prepare(self, address).await,
            Self::Own(place) => Ok((place.open(), true)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::S3(address) => address.fmt(f),
            Self::Own(place) => place.fmt(f),
        }
    }
}

#[cfg(feature = "s3")]
mod remote {
    use std::sync::Arc;

    use super::super::{S3Address, S3Settings, S3Store, Store};
    use super::{Place, PlaceError};

    fn connect(place: &Place, address: &S3Address) -> Result<S3Store, PlaceError> {
        S3Settings::from_environment()
            .and_then(|settings| S3Store::open(address.clone(), settings))
            .map_err(|error| PlaceError::Settings {
                place: place.clone(),
                reason: error.to_string(),
            })
    }

    pub(super) fn open(place: &Place, address: &S3Address) -> Result<Arc<dyn Store>, PlaceError> {
        Ok(Arc::new(connect(place, address)?))
    }

    pub(super) async fn prepare(
        place: &Place,
        address: &S3Address,
    ) -> Result<(Arc<dyn Store>, bool), PlaceError> {
        let store = connect(place, address)?;
        let conditional = store.prepare().await?;
        Ok((Arc::new(store), conditional))
    }
}

#[cfg(not(feature = "s3"))]
mod remote {
    use std::sync::Arc;

    use super::super::{S3Address, Store};
    use super::{Place, PlaceError, WITHOUT_S3};

    pub(super) fn open(place: &Place, _: &S3Address) -> Result<Arc<dyn Store>, PlaceError> {
        Err(PlaceError::Settings {
            place: place.clone(),
            reason: String::from(WITHOUT_S3),
        })
    }

    pub(super) async fn prepare(
        place: &Place,
        address: &S3Address,
    ) -> Result<(Arc<dyn Store>, bool), PlaceError> {
        Ok((open(place, address)?, true))
    }
}
