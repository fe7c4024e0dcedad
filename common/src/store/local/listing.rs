//! What is in a folder and the folders below it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::super::Object;

/// Links to folders on the way to an object: those of a stage that was moved to another disk are
/// followed, and a link to a folder above is not followed for ever.
const LINKS: usize = 1;

/// Every object below a folder, in ascending order of keys; or the folder that cannot be listed,
/// and why. Links are listed as what they lead to, and not at all when they lead nowhere.
pub(super) fn objects_below(root: &Path, folder: &str) -> Result<Vec<Object>, (String, io::Error)> {
    let mut objects = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, links)) = folders.pop() {
        let failed = |error| (folder.clone(), error);
        let entries = match fs::read_dir(root.join(&folder)) {
            Err(found) if found.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            let is_link = entry.file_type().map_err(failed)?.is_symlink();
            let links = links + usize::from(is_link);
            let metadata = match fs::metadata(entry.path()) {
                Err(_) if is_link => continue,
                // It was removed meanwhile.
                Err(found) if found.kind() == ErrorKind::NotFound => continue,
                metadata => metadata.map_err(failed)?,
            };
            if metadata.is_dir() {
                if links <= LINKS {
                    folders.push((path, links));
                }
            } else if let Ok(key) = path.parse() {
                let size = metadata.len();
                let md5 = None;
                objects.push(Object { key, size, md5 });
            }
        }
    }
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(objects)
}
