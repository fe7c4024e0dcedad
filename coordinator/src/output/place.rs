//! Where the output of a campaign is: a folder of this machine, or S3-compatible storage.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumimill_common::store::{LocalStore, S3Address, Store};

use crate::campaign_file::Mistakes;

/// Where the output of one campaign is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A folder of a bucket.
    S3(S3Address),
}

impl Place {
    /// The place of a campaign below the `output` that its file, in folder `base`, says.
    pub fn of_campaign(base: &Path, output: &str, campaign: &str) -> Result<Self, Mistakes> {
        if !S3Address::is_meant(output) {
            return Ok(Self::Folder(base.join(output).join(campaign)));
        }
        let address = output.parse().and_then(|all: S3Address| all.join(campaign));
        address
            .map(Self::S3)
            .map_err(|error| Mistakes::new("output", vec![error.to_string()]))
    }

    /// A place that a person named; `None` when it is not a place but perhaps a campaign file.
    pub fn named(path: &Path) -> Result<Option<Self>, Mistakes> {
        match path.to_str().filter(|text| S3Address::is_meant(text)) {
            Some(text) => text.parse().map(|address| Some(Self::S3(address))).map_err(
                |error: lumimill_common::store::InvalidS3Address| {
                    Mistakes::new(path.display(), vec![error.to_string()])
                },
            ),
            None => Ok(path.is_dir().then(|| Self::Folder(path.to_owned()))),
        }
    }

    /// The store there, to look at; nothing is made.
    pub fn open(&self) -> Result<Arc<dyn Store>, Mistakes> {
        match self {
            Self::Folder(folder) => Ok(Arc::new(LocalStore::open(folder))),
            Self::S3(address) => remote::open(address),
        }
    }

    /// The store in S3-compatible storage, ready for writing.
    pub(super) async fn prepare(address: &S3Address) -> anyhow::Result<Arc<dyn Store>> {
        remote::prepare(address).await
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::S3(address) => address.fmt(f),
        }
    }
}

#[cfg(feature = "s3")]
mod remote {
    use std::sync::Arc;

    use lumimill_common::store::{S3Address, S3Settings, S3Store, Store, StoreError};

    use crate::campaign_file::Mistakes;

    fn connect(address: &S3Address) -> Result<S3Store, Mistakes> {
        S3Settings::from_environment()
            .and_then(|settings| S3Store::open(address.clone(), settings))
            .map_err(|error| Mistakes::new(address, vec![error.to_string()]))
    }

    pub(super) fn open(address: &S3Address) -> Result<Arc<dyn Store>, Mistakes> {
        Ok(Arc::new(connect(address)?))
    }

    /// Refused is a mistake that somebody must correct; anything else may pass.
    pub(super) async fn prepare(address: &S3Address) -> anyhow::Result<Arc<dyn Store>> {
        let store = connect(address)?;
        match store.prepare().await {
            Ok(true) => {}
            Ok(false) => eprintln!(
                "note: {address}: this service ignores conditional requests; two runs of one \
                 campaign at the same moment would not notice each other"
            ),
            Err(error @ StoreError::Transient { .. }) => return Err(error.into()),
            Err(error) => {
                let message = format!("the output cannot be written: {error}");
                return Err(Mistakes::new(address, vec![message]).into());
            }
        }
        Ok(Arc::new(store))
    }
}

#[cfg(not(feature = "s3"))]
mod remote {
    use std::sync::Arc;

    use lumimill_common::store::{S3Address, Store};

    use crate::campaign_file::Mistakes;

    pub(super) fn open(address: &S3Address) -> Result<Arc<dyn Store>, Mistakes> {
        let message = "this program was built without S3 (cargo feature `s3`)";
        Err(Mistakes::new(address, vec![message.to_owned()]))
    }

    pub(super) async fn prepare(address: &S3Address) -> anyhow::Result<Arc<dyn Store>> {
        Ok(open(address)?)
    }
}
