//! `deploy/cluster.sh` as a person runs it: it ends well, and leaves nothing behind.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lumimill_tests::{Program, skipped};
use tempfile::TempDir;

/// A folder to run it in, and what tells its processes from all others.
struct Trial {
    folder: TempDir,
    tag: String,
}

impl Trial {
    /// `None`, said loudly, without the servers that it needs.
    fn prepare(test: &str) -> Option<Self> {
        let weed = std::env::var_os("LUMIMILL_WEED").is_some();
        if !weed || !Path::new("/usr/lib/rabbitmq/lib").exists() {
            let why = "LUMIMILL_WEED or Debian's package rabbitmq-server is missing";
            assert!(std::env::var_os("CI").is_none(), "{test}: {why}");
            skipped(test, why);
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["bin", "private"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let lumimill = env!("CARGO_BIN_EXE_lumimill-under-test");
        symlink(lumimill, folder.path().join("bin/lumimill")).unwrap();
        let worker = env!("CARGO_BIN_EXE_worker-under-test");
        symlink(worker, folder.path().join("bin/lumimill-worker")).unwrap();
        let tag = format!("TRIAL={}", folder.path().display());
        Some(Self { folder, tag })
    }

    fn join(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn command(&self, args: &[&str]) -> Command {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/cluster.sh");
        let mut command = Command::new(script);
        let output = self.join("out");
        command
            .args(["--events", "8000", "--output", output.to_str().unwrap()])
            .args(args)
            .env("LUMIMILL_BIN", self.join("bin"))
            .env("TMPDIR", self.join("private"))
            .env("TRIAL", self.folder.path())
            // Must not go before the settings of the site.
            .env("AWS_SECRET_ACCESS_KEY", "of another site")
            .stdin(Stdio::null());
        command
    }

    /// The report and the tables are there; neither a process nor a secret is.
    #[track_caller]
    fn assert_done_and_gone(&self, said: &str) {
        assert!(self.join("out/demo/report/index.html").exists(), "{said}");
        let tables = fs::read_dir(self.join("out/demo/dimuon")).unwrap();
        assert!(tables.count() >= 2, "{said}");
        let private = fs::read_dir(self.join("private")).unwrap();
        assert_eq!(private.count(), 0, "{said}");
        let left = self.processes();
        assert!(left.is_empty(), "{left:?} is left");
    }

    /// What runs with the environment of this trial.
    fn processes(&self) -> Vec<String> {
        let mut found = Vec::new();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let read = |name: &str| {
                let bytes = fs::read(process.path().join(name)).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            };
            if read("environ").split('\0').any(|entry| entry == self.tag) {
                found.push(read("cmdline"));
            }
        }
        found
    }
}

#[test]
fn the_cluster_script_does_the_demo() {
    let Some(trial) = Trial::prepare("the_cluster_script_does_the_demo") else {
        return;
    };
    let ended = Program::finish(&mut trial.command(&[])).expect_code(0);
    let said = format!("{}{}", ended.out, ended.err);
    trial.assert_done_and_gone(&said);
    for expected in [
        "at its end",
        "report  ",
        "tables  ",
        "everything is stopped",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn the_cluster_script_keeps_a_site_and_its_secrets() {
    let Some(trial) = Trial::prepare("the_cluster_script_keeps_a_site_and_its_secrets") else {
        return;
    };
    let mut script = trial.command(&["--keep"]);
    let mut script = script.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(script.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        said.push_str(&line);
        said.push('\n');
        if line.starts_with("Metrics: ") {
            assert!(trial.processes().len() > 6, "{:?}", trial.processes());
            let site = said.split("export LUMIMILL_SITE=").nth(1).unwrap();
            assert_secret(Path::new(site.split_whitespace().next().unwrap()), &said);
            let id = script.id().to_string();
            let sent = Command::new("kill").args(["-TERM", &id]).status();
            assert!(sent.unwrap().success());
        }
    }
    assert_eq!(script.wait().unwrap().code(), Some(143), "{said}");
    trial.assert_done_and_gone(&said);
}

/// Nobody else can read the settings, and nobody is told their secrets.
#[track_caller]
fn assert_secret(file: &Path, said: &str) {
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{}", file.display());
    let text = fs::read_to_string(file).unwrap();
    let secret = text.split("AWS_SECRET_ACCESS_KEY = \"").nth(1).unwrap();
    let secret = secret.split('"').next().unwrap();
    assert!(secret.len() > 20);
    let password = text.split("lumimill-coordinator:").nth(1).unwrap();
    let password = password.split('@').next().unwrap();
    assert!(password.len() > 20);
    let log = fs::read_dir(file.parent().unwrap().join("log")).unwrap();
    let logs = log
        .flatten()
        .map(|entry| fs::read(entry.path()).unwrap_or_default());
    let logs: Vec<u8> = logs.flatten().collect();
    let logs = String::from_utf8_lossy(&logs);
    for secret in [secret, password] {
        assert!(!said.contains(secret) && !logs.contains(secret));
    }
}
