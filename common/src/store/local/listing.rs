//! What is in a folder and the folders below it.

use std::fs;
use std::io::{self, ErrorKind};
use std::mem::take;
use std::path::Path;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::super::{Object, Visit};

/// Links to folders on the way to an object: those of a stage that was moved to another disk are
/// followed, and a link to a folder above is not followed for ever.
const LINKS: usize = 1;

/// Objects that are handed over at a time.
const AT_ONCE: usize = 1000;
/// How often so many may wait to be taken.
const AHEAD: usize = 4;

/// The folder that cannot be listed, and why.
type Failed = (String, io::Error);

/// Hands over every object below a folder. A large folder takes seconds, on a thread of its own: where all
/// of a process is on one thread, as in a simulation of time, nobody is kept from anything.
pub(super) async fn visit(root: &Path, folder: &str, each: Visit<'_>) -> Result<(), Failed> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return walk(root, folder, &mut |object| {
            each(object);
            true
        });
    }
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    let (root, start) = (root.to_owned(), folder.to_owned());
    let walking = spawn_blocking(move || {
        let mut found = Vec::new();
        walk(&root, &start, &mut |object| {
            found.push(object);
            found.len() < AT_ONCE || sender.blocking_send(take(&mut found)).is_ok()
        })?;
        // Nobody may want it any more.
        let _ = sender.blocking_send(found);
        Ok(())
    });
    while let Some(objects) = receiver.recv().await {
        objects.into_iter().for_each(&mut *each);
    }
    let walked = walking.await;
    walked.unwrap_or_else(|error| Err((folder.to_owned(), io::Error::other(error))))
}

/// Hands over objects below a folder while more is wanted, in the order of the system. Links are listed
/// as what they lead to, and not at all when they lead nowhere.
fn walk(
    root: &Path,
    folder: &str,
    wants_more: &mut dyn FnMut(Object) -> bool,
) -> Result<(), Failed> {
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
                if !wants_more(Object { key, size, md5 }) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
