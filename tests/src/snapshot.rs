//! Every file of a folder, byte for byte, to compare two runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Path below the folder and content.
pub type Snapshot = BTreeMap<String, Vec<u8>>;

/// Reads every file of a folder.
#[must_use]
pub fn snapshot(folder: &Path) -> Snapshot {
    let mut files = Snapshot::new();
    collect(folder, folder, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Snapshot) {
    for entry in fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .expect("below the root")
                .display()
                .to_string();
            files.insert(name, fs::read(&path).expect("a file that can be read"));
        }
    }
}
