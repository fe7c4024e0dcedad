//! What a site says: where its broker and its store are, and who asks. From the environment, and
//! from one optional file that only its owner can read; never from a campaign or a message.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::small_file::SmallFile;
use crate::store::{Place, PlaceError};
use crate::userinfo;

/// Variable that names the optional file.
pub const FILE: &str = "LUMIMILL_SITE";
/// Variable with the broker's address, `amqps://user:password@host:port/vhost`.
pub const BROKER: &str = "LUMIMILL_BROKER";
/// Variable that names a PEM file with the authority that the broker's certificate is of.
pub(crate) const BROKER_AUTHORITY: &str = "LUMIMILL_BROKER_CA";
/// Variable with the place that campaigns are in, `s3://bucket/prefix` or a folder.
pub const STORE: &str = "LUMIMILL_STORE";
/// Settings that messages repeat.
const ADDRESSES: [&str; 5] = [
    STORE,
    BROKER_AUTHORITY,
    "LUMIMILL_S3_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_CA_BUNDLE",
];
/// The optional file.
const SETTINGS: SmallFile = SmallFile {
    what: "a site's settings",
    most: 64 << 10,
};
/// Files of certificates.
#[cfg(any(feature = "amqp", feature = "s3"))]
pub(crate) const AUTHORITIES: SmallFile = SmallFile {
    what: "a PEM file of authorities",
    most: 8 << 20,
};

/// The settings of a site. Shows nothing of them.
#[derive(Clone, Default)]
pub struct Site {
    file: BTreeMap<String, String>,
}

/// A site's settings that are missing or wrong. Values are not repeated: they may be secret.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The file cannot be used.
    #[error("the settings in {path} ({FILE}): {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A variable that is needed.
    #[error("{name} is not set: {expected}")]
    Missing {
        /// Its name.
        name: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A variable that holds something else.
    #[error("{name}: {reason}")]
    Wrong {
        /// Its name.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The store.
    #[error("{STORE}: {0}")]
    Store(#[from] PlaceError),
}

impl Site {
    /// Reads the file, where the environment names one.
    ///
    /// The file is TOML, one `NAME = "value"` a line; what the environment says goes first.
    ///
    /// # Errors
    /// Also where an address has a password in it that messages would repeat; that of the broker
    /// has to have one, and is never shown.
    pub fn load() -> Result<Self, SiteError> {
        let path = std::env::var_os(FILE).filter(|path| !path.is_empty());
        check_address(FILE, path.as_ref().and_then(|path| path.to_str()))?;
        let site = match path {
            None => Self::default(),
            Some(path) => Self::of_file(Path::new(&path))?,
        };
        for name in ADDRESSES {
            check_address(name, site.get(name).as_deref())?;
        }
        Ok(site)
    }

    fn of_file(path: &Path) -> Result<Self, SiteError> {
        let wrong = |reason: String| SiteError::File {
            path: path.to_owned(),
            reason,
        };
        let metadata = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
        only_the_owners(&metadata).map_err(wrong)?;
        let text = SETTINGS.read_text(path);
        let text = text.map_err(|error| wrong(error.to_string()))?;
        // What is said about a mistake would quote the line, and with it a password.
        let file = toml::from_str(&text);
        let file = file.map_err(|_| wrong(String::from("expected lines of NAME = \"value\"")))?;
        Ok(Self { file })
    }

    /// A setting; empty counts as not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let said = std::env::var(name).ok().filter(|value| !value.is_empty());
        let filed = || self.file.get(name).filter(|value| !value.is_empty());
        said.or_else(|| filed().cloned())
    }

    /// The place that campaigns are in.
    pub fn store(&self) -> Result<Place, SiteError> {
        let text = self.get(STORE).ok_or(SiteError::Missing {
            name: STORE,
            expected: "give the place that campaigns are in, s3://bucket/prefix or a folder",
        })?;
        let here = std::env::current_dir().unwrap_or_default();
        Ok(Place::read(&here, &text)?)
    }

    /// Whether a broker is named.
    #[must_use]
    pub fn has_broker(&self) -> bool {
        self.get(BROKER).is_some()
    }

    /// How to reach the broker, under a name that it lists.
    #[cfg(feature = "amqp")]
    pub fn broker(&self, name: &str) -> Result<crate::queue::AmqpSettings, SiteError> {
        let address = self.get(BROKER).ok_or(SiteError::Missing {
            name: BROKER,
            expected: "give the broker's address, amqps://user:password@host:port/vhost",
        })?;
        let settings = crate::queue::AmqpSettings::new(&address);
        let settings = settings.map_err(|error| SiteError::Wrong {
            name: BROKER,
            reason: error.to_string(),
        })?;
        let settings = settings.named(name);
        let Some(path) = self.get(BROKER_AUTHORITY) else {
            return Ok(settings);
        };
        let authority = AUTHORITIES.read_text(Path::new(&path));
        let authority = authority.map_err(|error| SiteError::Wrong {
            name: BROKER_AUTHORITY,
            reason: format!("{path}: {error}"),
        })?;
        Ok(settings.trusting(authority))
    }
}

fn check_address(name: &'static str, value: Option<&str>) -> Result<(), SiteError> {
    match value.and_then(userinfo::find) {
        None => Ok(()),
        Some(_) => Err(SiteError::Wrong {
            name,
            reason: userinfo::ADVICE.to_owned(),
        }),
    }
}

/// A file with passwords that others can read is refused, as `ssh` does.
#[cfg(unix)]
fn only_the_owners(metadata: &std::fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    match metadata.mode() & 0o077 {
        0 => Ok(()),
        _ => Err(format!(
            "others can read it (mode {:03o}): run chmod 600 on it",
            metadata.mode() & 0o777
        )),
    }
}

#[cfg(not(unix))]
fn only_the_owners(_: &std::fs::Metadata) -> Result<(), String> {
    Ok(())
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::Site;

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_file_of_the_owner_alone_is_read() {
        let (_folder, path) = file("LUMIMILL_TEST_ONLY = \"value\"\n", 0o600);
        let site = Site::of_file(&path).unwrap();
        assert_eq!(site.get("LUMIMILL_TEST_ONLY").as_deref(), Some("value"));
        assert_eq!(site.get("LUMIMILL_TEST_OTHER"), None);
        assert!(!format!("{site:?}").contains("value"));
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for value in ["s3://key:hunter2@bucket", "https://user:hunter2@host"] {
            let error = super::check_address(super::STORE, Some(value)).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains("LUMIMILL_STORE"), "{shown}");
        }
    }

    #[test]
    fn a_settings_file_without_an_end_is_refused() {
        let (_folder, path) = file("", 0o600);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(10 << 30).unwrap();
        let error = Site::of_file(&path).unwrap_err().to_string();
        assert!(
            error.contains("a site's settings has at most 65536"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_others_read_is_refused() {
        let (_folder, path) = file("LUMIMILL_TEST_ONLY = \"hunter2\"\n", 0o640);
        let error = Site::of_file(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        let (_folder, path) = file("LUMIMILL_BROKER = hunter2", 0o600);
        let error = Site::of_file(&path).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
