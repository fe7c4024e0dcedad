//! A place in a store that a program brings along, as a simulation does.

use std::fmt;
use std::sync::Arc;

use super::Store;

/// Who opens the store of a folder.
type Open = dyn Fn(&str) -> Arc<dyn Store> + Send + Sync;

/// A folder of a store that nobody else knows how to open; of two, the same name means the same.
#[derive(Clone)]
pub struct OwnPlace {
    folder: String,
    open: Arc<Open>,
}

impl OwnPlace {
    /// The root of a store; whoever opens it is given a folder below it, or nothing for the root.
    pub fn new(open: impl Fn(&str) -> Arc<dyn Store> + Send + Sync + 'static) -> Self {
        Self {
            folder: String::new(),
            open: Arc::new(open),
        }
    }

    pub(super) fn join(&self, name: &str) -> Self {
        let folder = match self.folder.as_str() {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        Self {
            folder,
            open: self.open.clone(),
        }
    }

    /// Its name among its neighbours.
    pub(super) fn name(&self) -> Option<&str> {
        let last = self.folder.rsplit('/').next();
        last.filter(|name| !name.is_empty())
    }

    pub(super) fn open(&self) -> Arc<dyn Store> {
        (self.open)(&self.folder)
    }
}

impl PartialEq for OwnPlace {
    fn eq(&self, other: &Self) -> bool {
        self.folder == other.folder
    }
}

impl Eq for OwnPlace {}

impl fmt::Debug for OwnPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for OwnPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "own:{}", self.folder)
    }
}
