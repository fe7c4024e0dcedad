//! What is in the place of an object, or of a folder above it, and is neither: somebody put it
//! there, and somebody has to move it away.

use std::fs;
use std::path::Path;

/// What keeps an object from being put to a path, and what to do about it.
pub(super) fn obstacle(root: &Path, path: &Path) -> Option<String> {
    above(path).or_else(|| linked(root, path)).or_else(|| {
        let is_full = is_folder(path) && !is_empty(path);
        is_full.then(|| {
            String::from("it is a folder with something in it, expected a file: move it away")
        })
    })
}

/// A folder between a store and a path in it that is a link to another place. What is there is of somebody
/// else: nothing is written or removed through it.
pub(super) fn linked(root: &Path, path: &Path) -> Option<String> {
    let folders = path.ancestors().skip(1);
    let mut folders = folders.take_while(|folder| *folder != root && folder.starts_with(root));
    let link =
        folders.find(|folder| fs::symlink_metadata(folder).is_ok_and(|it| it.is_symlink()))?;
    // One that leads nowhere has words of its own.
    link.exists().then(|| {
        format!(
            "{} is a link to another folder, through which nothing is written or removed: put a folder \
             in its place (the campaign's own folder may be a link)",
            link.display()
        )
    })
}

/// Whether an empty folder has the place of an object. It is as good as none: a put replaces it.
pub(super) fn is_empty_folder(path: &Path) -> bool {
    is_folder(path) && is_empty(path)
}

/// What has the place of a folder above a path.
fn above(path: &Path) -> Option<String> {
    let there = path.ancestors().skip(1).find(|above| {
        let is_current = above.as_os_str().is_empty();
        is_current || fs::symlink_metadata(above).is_ok()
    })?;
    if there.as_os_str().is_empty() || there.is_dir() {
        return None;
    }
    let name = there.display();
    Some(match there.exists() {
        true => format!("{name} is a file, expected a folder: move it away"),
        false => format!("{name} is a link that leads nowhere: remove it, or make what it names"),
    })
}

/// Links are replaced, whatever they lead to.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
