//! Scratch space of one store: a folder of its own in the temporary folder, locked as long as its
//! process lives. What processes left that were killed is swept when another one begins.

use std::collections::hash_map::RandomState;
use std::fs::{self, DirBuilder, File};
use std::hash::BuildHasher;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

const PREFIX: &str = "lumimill-";
/// Held by its owner; a folder whose lock is free is nobody's.
const LOCK: &str = "lock";

/// A folder for files on their way to the store. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    lock: Mutex<Option<File>>,
}

impl Scratch {
    /// A folder that is not made yet.
    pub(super) fn within(parent: &Path) -> Self {
        let random = || RandomState::new().hash_one(std::process::id());
        let name = format!("{PREFIX}{:016x}{:016x}", random(), random());
        Self {
            path: parent.join(name),
            lock: Mutex::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder, for this user alone, where it is not there yet.
    pub(super) fn make(&self) -> io::Result<()> {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| self.path.parent().map_or((), sweep));
        let mut folder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        match folder.create(&self.path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
            made => made?,
        }
        // Without room for a lock the folder is swept by nobody, and works as well.
        if let Ok(lock) = self.locked() {
            *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
        }
        Ok(())
    }

    /// Found under its name by others only once it is held.
    fn locked(&self) -> io::Result<File> {
        let before = self.path.join("lock-to-be");
        let file = File::create(&before)?;
        file.try_lock()?;
        fs::rename(&before, self.path.join(LOCK))?;
        Ok(file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Its name is this store's alone; where it was never made there is nothing to remove.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders whose owners are dead. What cannot be looked at stays: it is not ours.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let free = File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if free {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{LOCK, Scratch, sweep};

    #[test]
    fn what_the_dead_left_is_swept() {
        let parent = tempfile::tempdir().unwrap();
        let living = Scratch::within(parent.path());
        living.make().unwrap();
        living.make().unwrap();
        fs::write(living.path().join("part"), "x").unwrap();
        let dead = parent.path().join("lumimill-dead");
        fs::create_dir(&dead).unwrap();
        File::create(dead.join(LOCK)).unwrap();
        let others = parent.path().join("lumimill-without-a-lock");
        fs::create_dir(&others).unwrap();
        sweep(parent.path());
        assert!(living.path().join("part").exists(), "its owner lives");
        assert!(!dead.exists(), "its owner is dead");
        assert!(others.exists(), "it may be in the making");
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }
}
