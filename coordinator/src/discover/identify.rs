//! Files opened for their identity: size, and what tells them from what they were before.

use std::num::NonZeroUsize;
use std::path::Path;

use lumimill_common::hex::hex;
use lumimill_common::shard::FileIdentity;
use lumimill_worker::input::Location;

use super::input_error::InputError;
use super::input_file::InputFile;
use crate::side_by_side::{FAR_AT_ONCE, side_by_side};

/// Identifies files, each of a URL or path and where that leads; results in the same order.
pub(super) fn all(named: &[(String, Location)]) -> Vec<Result<InputFile, InputError>> {
    let is_remote = |(_, location): &(String, Location)| matches!(location, Location::S3(_));
    let at_once = match named.iter().any(is_remote) {
        true => FAR_AT_ONCE,
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

/// How names of files in a folder end: as those of Parquet, where one is there and none of ROOT's.
fn kind_in(folder: &Path) -> &'static str {
    const LOOKED_AT: usize = 1_000;
    let names = std::fs::read_dir(folder).into_iter().flatten();
    let names = names.take(LOOKED_AT).flatten().map(|entry| entry.path());
    let (mut root, mut parquet) = (false, false);
    for name in names {
        let end = name.extension().unwrap_or_default();
        root |= end == "root";
        parquet |= end == "parquet";
    }
    match parquet && !root {
        true => "parquet",
        false => "root",
    }
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
        let kind = kind_in(path);
        return Err(InputError::Folder { file, kind });
    }
    if !metadata.is_file() {
        return Err(InputError::NotAFile { file: file() });
    }
    match metadata.len() {
        0 => Err(InputError::Empty { file: file() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::kind_in;

    /// It said `*.root` of a folder of Parquet files.
    #[test]
    fn a_folder_is_told_by_the_files_in_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(kind_in(folder.path()), "root");
        std::fs::write(folder.path().join("a.parquet"), []).unwrap();
        assert_eq!(kind_in(folder.path()), "parquet");
        std::fs::write(folder.path().join("b.root"), []).unwrap();
        assert_eq!(kind_in(folder.path()), "root");
    }
}
