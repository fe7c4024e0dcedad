//! A campaign in a folder of its own, with generated input, to be changed by a test.

use std::fs;
use std::path::{Path, PathBuf};

use lumimill::demo::{dielectron, dstar, pid, pioneer, write_inputs};
use tempfile::TempDir;

/// A folder with a campaign file, data, mask and models; removed when dropped.
#[derive(Debug)]
pub struct CampaignFolder {
    folder: TempDir,
}

impl CampaignFolder {
    /// The demo's campaign on so many generated events.
    #[must_use]
    pub fn demo(events: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write_inputs(folder.path(), events, 7).expect("the demo's input is written");
        Self { folder }
    }

    /// The demo of particle identification on so many generated tracks.
    #[must_use]
    pub fn pid(tracks: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        pid::write_inputs(folder.path(), tracks, 7).expect("the demo's input is written");
        Self { folder }
    }

    /// The demo of dielectrons on so many generated pairs.
    #[must_use]
    pub fn dielectron(pairs: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        dielectron::write_inputs(folder.path(), pairs, 7).expect("the demo's input is written");
        Self { folder }
    }

    /// The demo of pion decays on so many generated events.
    #[must_use]
    pub fn pioneer(events: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        pioneer::write_inputs(folder.path(), events, 7).expect("the demo's input is written");
        Self { folder }
    }

    /// The demo of D* candidates, so many of data and as many of simulation.
    #[must_use]
    pub fn dstar(candidates: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        dstar::write_inputs(folder.path(), candidates, 7).expect("the demo's input is written");
        Self { folder }
    }

    /// Tables of so many generated dielectrons, with this campaign file.
    #[must_use]
    pub fn dielectrons(pairs: u64, text: &str) -> Self {
        let folder = Self::with_text(text);
        dielectron::write_tables(folder.path(), pairs, 7).expect("tables are written");
        folder
    }

    /// A folder with this campaign file and nothing else.
    #[must_use]
    pub fn with_text(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("campaign.toml"), text).expect("the campaign is written");
        Self { folder }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path in the folder.
    #[must_use]
    pub fn join(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The campaign file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.join("campaign.toml")
    }

    /// Output of the campaign.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.join("out/demo")
    }

    /// Replaces text of the campaign file, which must be there.
    pub fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.file()).expect("the campaign is read");
        assert!(text.contains(from), "the campaign has no {from:?}");
        fs::write(self.file(), text.replace(from, to)).expect("the campaign is written");
    }

    /// Writes a file of the folder.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.join(path);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    /// Copies a file into the folder.
    pub fn copy(&self, from: &Path, to: &str) {
        self.write(to, fs::read(from).expect("the file to copy is read"));
    }
}
