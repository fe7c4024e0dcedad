//! A whole site: broker, store, coordinator and workers as processes of their own, with their
//! logs; all of it gone when it is dropped.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lumimill_common::store::{Key, Store};
use tempfile::TempDir;

use crate::{BUCKET, CampaignFolder, Ended, Program, RabbitMq, SeaweedFs, Snapshot};

/// How long a campaign may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A site under test.
pub struct Cluster {
    /// The broker.
    pub broker: RabbitMq,
    /// The store.
    pub store: SeaweedFs,
    lumimill: Program,
    worker: Program,
    logs: TempDir,
    settings: BTreeMap<String, String>,
    processes: BTreeMap<String, Child>,
}

impl Cluster {
    /// A broker and a store, and nobody at work yet. `None` as for the servers themselves.
    #[must_use]
    pub fn start(test: &str, lumimill: Program, worker: Program) -> Option<Self> {
        let broker = RabbitMq::start(test)?;
        Self::start_on(test, broker, lumimill, worker)
    }

    /// The same with a broker that is there.
    #[must_use]
    pub fn start_on(
        test: &str,
        broker: RabbitMq,
        lumimill: Program,
        worker: Program,
    ) -> Option<Self> {
        let store = SeaweedFs::start(test)?;
        let settings = [
            ("LUMIMILL_BROKER", broker.address()),
            ("LUMIMILL_STORE", format!("s3://{BUCKET}/site")),
        ];
        Some(Self {
            broker,
            store,
            lumimill,
            worker,
            logs: tempfile::tempdir().expect("a folder for logs"),
            settings: settings
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            processes: BTreeMap::new(),
        })
    }

    /// Changes what processes that are started from now on are told by their environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// Forgets such a setting.
    pub fn unset(&mut self, name: &str) {
        self.settings.remove(name);
    }

    /// Generated events and a campaign on them that writes to this site, cut into many shards.
    #[must_use]
    pub fn campaign(&self, events: u64, shard_events: u64) -> CampaignFolder {
        let folder = CampaignFolder::demo(events);
        folder.change("events = 10_000", &format!("events = {shard_events}"));
        folder.change(
            "output = \"out\"",
            &format!("output = \"s3://{BUCKET}/site\""),
        );
        folder
    }

    /// The same with generated dielectrons and a BDT configuration.
    #[must_use]
    pub fn dielectrons(&self, pairs: u64, shard_pairs: u64) -> CampaignFolder {
        let folder = CampaignFolder::dielectron(pairs);
        folder.change("events = 10_000", &format!("events = {shard_pairs}"));
        folder.change(
            "output = \"out\"",
            &format!("output = \"s3://{BUCKET}/site\""),
        );
        folder
    }

    /// A command of the program, with the site's settings.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.lumimill.command(args);
        self.equip(&mut command);
        command
    }

    /// Runs the program to its end.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Ended {
        Program::finish(&mut self.command(args))
    }

    /// Starts a worker under a name; one of the same name is killed before.
    pub fn worker(&mut self, name: &str, args: &[&str]) {
        self.kill(name);
        let mut command = self.worker.command(args);
        self.equip(&mut command);
        self.spawn(name, command);
    }

    /// The same, and no file that it writes grows beyond so many KiB.
    pub fn worker_without_room(&mut self, name: &str, kib: u32, args: &[&str]) {
        self.kill(name);
        // What it logs goes by way of somebody who has room.
        let script =
            format!("exec 2> >(exec cat >&2); ulimit -f {kib}; trap '' XFSZ; exec \"$0\" \"$@\"");
        let mut command = Command::new("bash");
        let program = self.worker.command(&[]);
        command.args(["-c", &script]).arg(program.get_program());
        command.args(args).stdin(Stdio::null());
        self.equip(&mut command);
        self.spawn(name, command);
    }

    /// Starts a coordinator under a name; one of the same name is killed before.
    pub fn serve(&mut self, name: &str, args: &[&str]) {
        self.kill(name);
        let mut all = vec!["serve"];
        all.extend(args);
        self.begin(name, &all);
    }

    /// Starts a command of the program under a name.
    pub fn begin(&mut self, name: &str, args: &[&str]) {
        let command = self.command(args);
        self.spawn(name, command);
    }

    /// Gives a command the site's settings.
    pub fn equip(&self, command: &mut Command) {
        self.store.environment(command);
        command.envs(&self.settings);
    }

    /// Starts any command under a name.
    pub fn spawn(&mut self, name: &str, mut command: Command) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path(name))
            .expect("a log");
        command.stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("the program starts");
        self.processes.insert(name.to_owned(), child);
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.logs.path().join(name.replace('/', "_"))
    }

    /// What a process has logged, all that had its name together.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.log_path(name)).unwrap_or_default()
    }

    /// Every log.
    #[must_use]
    pub fn logs(&self) -> String {
        let mut logs = String::new();
        for entry in fs::read_dir(self.logs.path()).expect("the logs").flatten() {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            logs.push_str(&format!("--- {}\n{text}", entry.file_name().display()));
        }
        logs
    }

    /// Kills a process as `kill -9` does.
    pub fn kill(&mut self, name: &str) {
        if let Some(mut child) = self.processes.remove(name) {
            // It may have ended by itself; either way it is gone after the wait.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends a process a signal, such as `TERM`, `STOP` or `CONT`.
    pub fn signal(&self, name: &str, signal: &str) {
        let id = self.processes[name].id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &id])
            .status();
        assert!(sent.expect("kill starts").success(), "{name} is there");
    }

    /// The exit code of a process, once it has ended; -1 when it was killed.
    pub fn ended(&mut self, name: &str) -> Option<i32> {
        let child = self
            .processes
            .get_mut(name)
            .expect("a process of that name");
        let status = child.try_wait().expect("its state");
        status.map(|status| status.code().unwrap_or(-1))
    }

    /// Waits for the end of a process, and returns its exit code.
    #[track_caller]
    pub fn wait_for_end(&mut self, name: &str) -> i32 {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(code) = self.ended(name) {
                return code;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{name} does not end\n{}", self.logs());
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < until, "waited for {what}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Keys below a folder of the site; none while the store is down.
    #[must_use]
    pub fn keys(&self, folder: &str) -> Vec<String> {
        let store = self.store.store("site");
        let key: Key = folder.parse().expect("a key");
        let listed = runtime().block_on(async { store.list(&key).await });
        let listed = listed.unwrap_or_default();
        listed.iter().map(|object| object.key.to_string()).collect()
    }

    /// Removes all objects of a campaign, as if it had never been submitted.
    pub fn forget(&self, campaign: &str) {
        let store = self.store.store("site");
        let mut keys = self.keys(campaign);
        keys.extend(["active", "ended"].map(|state| format!("_campaigns/{state}/{campaign}")));
        runtime().block_on(async {
            for key in keys {
                let deleted = store.delete(&key.parse().expect("a key")).await;
                deleted.expect("the object is deleted");
            }
        });
    }

    /// Removes one object of the site.
    pub fn delete(&self, key: &str) {
        let store = self.store.store("site");
        let key: Key = key.parse().expect("a key");
        let deleted = runtime().block_on(async { store.delete(&key).await });
        deleted.expect("the object is deleted");
    }

    /// Puts an object of the site in the place of another one, as whoever has the key can.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let store = self.store.store("site");
        let key: Key = key.parse().expect("a key");
        let put = runtime().block_on(async { store.put(&key, bytes.to_vec()).await });
        put.expect("the object is written");
    }

    /// One object of the site.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        let store = self.store.store("site");
        let key: Key = key.parse().expect("a key");
        runtime().block_on(async { store.get(&key).await.ok().flatten() })
    }

    /// Objects of a campaign by their keys below it, without what only a site has.
    #[must_use]
    pub fn objects(&self, campaign: &str) -> Snapshot {
        let store = self.store.store("site");
        runtime().block_on(async {
            let mut objects = Snapshot::new();
            let key: Key = campaign.parse().expect("a key");
            for object in store.list(&key).await.expect("the objects") {
                let below = object.key.as_str()[campaign.len() + 1..].to_owned();
                let only_here = ["_control.json", "campaign.toml"].contains(&below.as_str());
                let folders = ["_models/", "_packs/", "_plans/", "_probe/"];
                if only_here || folders.iter().any(|folder| below.starts_with(folder)) {
                    continue;
                }
                let bytes = store.get(&object.key).await.expect("an object");
                objects.insert(below, bytes.expect("it was listed"));
            }
            objects
        })
    }

    /// Waits until a coordinator has brought the campaign to its end.
    #[track_caller]
    pub fn wait_for_campaign(&self, campaign: &str) {
        self.wait_until("the end of the campaign", |site| site.has_ended(campaign));
    }

    /// Whether somebody has brought a campaign to its end, and nobody gave it more to do. One that is
    /// listed with something in its entry is only being looked at, and not active meanwhile.
    #[must_use]
    pub fn has_ended(&self, campaign: &str) -> bool {
        let store = self.store.store("site");
        let [active, ended] = ["active", "ended"].map(|state| {
            let key: Key = format!("_campaigns/{state}/{campaign}")
                .parse()
                .expect("a key");
            key
        });
        runtime().block_on(async {
            let entry = store.get(&ended).await;
            entry.is_ok_and(|entry| entry.is_some_and(|entry| entry.is_empty()))
                && matches!(store.get(&active).await, Ok(None))
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let names: Vec<String> = self.processes.keys().cloned().collect();
        for name in names {
            // A process that was stopped does not die of the other signals.
            self.kill(&name);
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// What one undisturbed run of the program in a folder writes for a campaign of a site.
#[must_use]
pub fn undisturbed(lumimill: &Program, folder: &CampaignFolder) -> Snapshot {
    let text = fs::read_to_string(folder.file()).expect("the campaign");
    let line = text.lines().find(|line| line.starts_with("output = "));
    let alone = text.replace(line.expect("an output"), "output = \"alone\"");
    let path = folder.join("alone.toml");
    fs::write(&path, alone).expect("the campaign");
    // What an earlier configuration left, where this is not the first time.
    let _ = fs::remove_dir_all(folder.join("alone"));
    let _ = lumimill.on("run", &path).expect_code(0);
    let name = text.lines().find_map(|line| line.strip_prefix("name = "));
    let name = name.expect("a name").trim_matches('"');
    let mut objects = crate::snapshot(&folder.join("alone").join(name));
    objects.remove("campaign.toml");
    objects.remove("_lock");
    // A site has its models, too, and others than a run alone.
    objects.retain(|name, _| !name.starts_with("_models/"));
    objects
}
