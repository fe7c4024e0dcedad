//! Files opened for their identity: size, and what tells them from what they were before.

use std::num::NonZeroUsize;
use std::path::Path;

use lumimill_common::hex::hex;
use lumimill_common::shard::FileIdentity;
use lumimill_worker::input::Location;

use super::input_error::InputError;
use super::input_file::InputFile;
use crate::side_by_side::side_by_side;

/// Files in remote storage that are opened at a time: each waits for one answer.
const AT_ONCE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// Identifies files, each of a URL or path and where that leads; results in the same order.
pub(super) fn all(named: &[(String, Location)]) -> Vec<Result<InputFile, InputError>> {
    let is_remote = |(_, location): &(String, Location)| matches!(location, Location::S3(_));
    let at_once = match named.iter().any(is_remote) {
        true => AT_ONCE,
        false => NonZeroUsize::MIN,
    };
    side_by_side(named, at_once, |(url, at)| identify(url, at))
}

fn identify(url: &str, location: &Location) -> Result<InputFile, InputError> {
    if let Location::File(path) = location {
        check_file(url, path)?;
    }
    let root = location.open()?;
    Ok(InputFile {
        identity: FileIdentity {
            url: url.to_owned(),
            size: root.size(),
            state: hex(&root.state()),
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
    if !metadata.is_file() {
        return Err(InputError::NotAFile { file: file() });
    }
    match metadata.len() {
        0 => Err(InputError::Empty { file: file() }),
        _ => Ok(()),
    }
}
