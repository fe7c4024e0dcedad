//! Whether a campaign's folder could be made and written, found before anything is done for it.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lumimill_common::store::Place;

use crate::campaign_file::Mistakes;

/// Bytes of a name in a folder; no file system that people use takes more.
const LONGEST_NAME: usize = 255;

/// Tries whether a place could be written; nothing of it stays. Of S3-compatible storage nothing is
/// tried.
///
/// # Errors
/// What stands in the way.
pub(crate) fn could_be_written(place: &Place) -> Result<(), Mistakes> {
    let Place::Folder(folder) = place else {
        return Ok(());
    };
    tried(folder).map_err(|reason| {
        let folder = folder.display();
        let message = format!("output: {folder} cannot be written: {reason}");
        Mistakes::new("output", vec![message])
    })
}

fn tried(folder: &Path) -> Result<(), String> {
    if folder.as_os_str().as_bytes().contains(&0) {
        return Err(String::from("no path can have the character \\u0000"));
    }
    let long = |name: &OsStr| name.len() > LONGEST_NAME;
    if let Some(name) = folder.iter().find(|name| long(name)) {
        let bytes = name.len();
        return Err(format!(
            "a name in it has {bytes} bytes, at most {LONGEST_NAME}"
        ));
    }
    let there = nearest(folder)?;
    if !there.is_dir() {
        let is_link = !there.exists();
        let there = there.display();
        return Err(match is_link {
            true => format!("{there} is a link that leads nowhere"),
            false => format!("{there} is a file, expected a folder"),
        });
    }
    let probe = there.join(format!(".lumimill-{}", std::process::id()));
    match fs::create_dir(&probe) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let there = there.display();
            Err(format!("no folder can be made in {there}: {error}"))
        }
        _ => {
            // Somebody else may have removed it: it is of no use to anyone.
            let _ = fs::remove_dir(&probe);
            Ok(())
        }
    }
}

/// The folder, or the nearest one above it that is there.
fn nearest(folder: &Path) -> Result<PathBuf, String> {
    for path in folder.ancestors() {
        // What is relative begins in the current folder.
        let path = match path.as_os_str().is_empty() {
            true => Path::new("."),
            false => path,
        };
        match fs::metadata(path) {
            Ok(_) => return Ok(path.to_owned()),
            // A link that leads nowhere.
            Err(_) if path.is_symlink() => return Ok(path.to_owned()),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
    }
    Ok(PathBuf::from("."))
}

#[cfg(test)]
mod tests {
    use lumimill_common::store::Place;

    use super::could_be_written;

    #[test]
    fn what_run_could_not_write_is_found_before_and_nothing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let tried = |name: &str| could_be_written(&Place::Folder(folder.path().join(name)));
        std::fs::write(folder.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
        let long = "x".repeat(300);
        for (name, words) in [
            ("o\0/c", "\\u0000"),
            (long.as_str(), "has 300 bytes, at most 255"),
            ("file/c", "is a file"),
            ("link/c", "is a link that leads nowhere"),
            ("/proc/1/c", "no folder can be made in /proc/1"),
            ("/proc/c", "no folder can be made in /proc"),
        ] {
            let mistakes = tried(name).unwrap_err().to_string();
            assert!(mistakes.contains(words), "{name:?}: {mistakes}");
        }
        assert!(tried("a/b/c").is_ok() && tried("").is_ok());
        assert!(could_be_written(&Place::Folder("out/c".into())).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
