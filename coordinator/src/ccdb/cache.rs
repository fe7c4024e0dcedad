//! Objects that were fetched before, each with its tag, in the user's cache. What cannot be read or
//! written there is asked for as if it had never been.

use std::fs;
use std::path::PathBuf;

use lumimill_common::hex::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where an object is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cache {
    folder: PathBuf,
    name: String,
}

/// An object that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) etag: String,
    pub(super) bytes: Vec<u8>,
}

/// What is kept beside the bytes.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    etag: String,
    sha256: String,
}

impl Cache {
    /// The place of an object of a host; `None` where there is no home.
    pub(super) fn of(host: &str, path: &str) -> Option<Self> {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = || named("HOME").map(|home| PathBuf::from(home).join(".cache"));
        let cache = named("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
        let folder = cache.join("lumimill/ccdb");
        let name = hex(&Sha256::digest(format!("{host}/{path}")));
        Some(Self { folder, name })
    }

    pub(super) fn read(&self) -> Option<Known> {
        let record = fs::read(self.file("json")).ok()?;
        let record: Record = serde_json::from_slice(&record).ok()?;
        let bytes = fs::read(self.file("object")).ok()?;
        // Half of two writes at one moment, or damage.
        (sha256(&bytes) == record.sha256).then_some(Known {
            etag: record.etag,
            bytes,
        })
    }

    pub(super) fn write(&self, etag: &str, bytes: &[u8]) {
        let record = Record {
            etag: etag.to_owned(),
            sha256: sha256(bytes),
        };
        let Ok(record) = serde_json::to_vec(&record) else {
            return;
        };
        let put = |ending: &str, bytes: &[u8]| -> std::io::Result<()> {
            let scratch = self.file(&format!("{}-{ending}", std::process::id()));
            fs::write(&scratch, bytes)?;
            fs::rename(scratch, self.file(ending))
        };
        // A cache that cannot be written saves nothing, and harms nobody.
        let _ = fs::create_dir_all(&self.folder)
            .and_then(|()| put("object", bytes))
            .and_then(|()| put("json", &record));
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn what_was_kept_comes_back_unless_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache {
            folder: folder.path().join("a/b"),
            name: String::from("x"),
        };
        assert_eq!(cache.read(), None);
        cache.write("\"tag\"", b"bytes");
        let known = cache.read().unwrap();
        assert_eq!(
            (known.etag.as_str(), known.bytes.as_slice()),
            ("\"tag\"", &b"bytes"[..])
        );
        std::fs::write(cache.file("object"), "byteZ").unwrap();
        assert_eq!(cache.read(), None);
    }
}
