//! What is stored of a campaign that was done, and is not as it was: named, and set right by what
//! is said to do about it.

mod faults;
mod not_ours;
mod states;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use lumimill_tests::{CampaignFolder, Ended, Snapshot, snapshot};
use tempfile::TempDir;

use crate::lumimill;

/// A copy of a campaign of some shards that was done in one process.
struct Done {
    folder: TempDir,
}

/// How a command ended, and all that it said.
struct Said {
    code: i32,
    all: String,
}

impl Said {
    #[track_caller]
    fn with(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}", self.all);
        for word in words {
            assert!(
                self.all.contains(word),
                "expected {word:?} in\n{}",
                self.all
            );
        }
        self
    }

    #[track_caller]
    fn without(self, words: &[&str]) -> Self {
        for word in words {
            assert!(!self.all.contains(word), "{word:?} in\n{}", self.all);
        }
        self
    }
}

impl Done {
    fn new() -> Self {
        static BASE: OnceLock<CampaignFolder> = OnceLock::new();
        let base = BASE.get_or_init(|| {
            let folder = CampaignFolder::demo(2_400);
            folder.change("events = 10_000", "events = 400");
            let _ = lumimill().on("run", &folder.file()).expect_code(0);
            folder
        });
        let folder = tempfile::tempdir().unwrap();
        let from = format!("{}/.", base.path().display());
        let copied = Command::new("cp")
            .args(["-a", &from])
            .arg(folder.path())
            .status();
        assert!(copied.unwrap().success());
        Self { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("campaign.toml")
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("out/demo")
    }

    fn at(&self, key: &str) -> PathBuf {
        self.output().join(key)
    }

    fn snapshot(&self) -> Snapshot {
        snapshot(&self.output())
    }

    /// The shards, in order of their ids.
    fn shards(&self) -> Vec<String> {
        let markers = fs::read_dir(self.at("dimuon/_done")).unwrap();
        let names = markers.map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn table(&self, shard: usize) -> String {
        format!("dimuon/part-{}.parquet", self.shards()[shard])
    }

    fn marker(&self, shard: usize) -> String {
        format!("dimuon/_done/{}", self.shards()[shard])
    }

    /// Runs a command on the campaign file, which follows the first word.
    fn run(&self, line: &str) -> Said {
        let file = self.file();
        self.run_on(line, &file)
    }

    /// The same on something else that names it.
    fn run_on(&self, line: &str, target: &Path) -> Said {
        let mut words = line.split(' ');
        let verb = words.next().unwrap();
        let mut args = vec![verb, target.to_str().unwrap()];
        args.extend(words);
        let mut command = lumimill().command(&args);
        command.current_dir(self.folder.path());
        command.env("LUMIMILL_STORE", self.folder.path().join("out"));
        let Ended { code, out, err } = lumimill_tests::Program::finish(&mut command);
        let all = format!("{out}{err}");
        assert!(!all.contains("panicked"), "{line}\n{all}");
        Said { code, all }
    }

    /// Puts a folder with something in it into the place of an object.
    fn block(&self, key: &str) {
        let path = self.at(key);
        let _ = fs::remove_file(&path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("mine"), "x").unwrap();
    }

    /// The output is what it was.
    #[track_caller]
    fn assert_was(&self, expected: &Snapshot) {
        let now = self.snapshot();
        let names = |snapshot: &Snapshot| snapshot.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&now), names(expected));
        for (name, bytes) in expected {
            assert!(now[name] == *bytes, "{name} is not what it was");
        }
    }
}
