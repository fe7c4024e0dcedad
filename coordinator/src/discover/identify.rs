//! Files opened for their identity: size and UUID, which are at their beginning.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use lumimill_common::shard::FileIdentity;
use lumimill_worker::input::Location;

use super::{InputError, InputFile};

/// Files in remote storage that are opened at a time: each waits for one answer.
const AT_ONCE: usize = 16;

/// Identifies files, each of a URL or path and where that leads; results in the same order.
pub(super) fn all(named: &[(String, Location)]) -> Vec<Result<InputFile, InputError>> {
    let remote = |(_, location): &&(String, Location)| matches!(location, Location::S3(_));
    let threads = named.iter().filter(remote).count().min(AT_ONCE);
    if threads < 2 {
        return named.iter().map(|(url, at)| identify(url, at)).collect();
    }
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some((url, location)) = named.get(number) else {
                        break;
                    };
                    let identified = identify(url, location);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.insert(number, identified);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_values().collect()
}

fn identify(url: &str, location: &Location) -> Result<InputFile, InputError> {
    if let Location::File(path) = location {
        check_file(url, path)?;
    }
    let root = location.open()?;
    let uuid = root.uuid();
    Ok(InputFile {
        identity: FileIdentity {
            url: url.to_owned(),
            size: root.size(),
            uuid: uuid.iter().map(|byte| format!("{byte:02x}")).collect(),
        },
        location: location.clone(),
    })
}

/// What is wrong with a file of this machine, in the words of the campaign.
fn check_file(url: &str, path: &Path) -> Result<(), InputError> {
    let file = || url.to_owned();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => InputError::Missing { file: file() },
        _ => InputError::Unreadable {
            file: file(),
            reason: error.to_string(),
        },
    })?;
    if metadata.is_dir() {
        let file = url.trim_end_matches('/').to_owned();
        return Err(InputError::Folder { file });
    }
    match metadata.len() {
        0 => Err(InputError::Empty { file: file() }),
        _ => Ok(()),
    }
}
