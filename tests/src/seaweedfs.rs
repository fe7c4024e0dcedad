//! A private SeaweedFS: real S3-compatible storage with real credentials, on loopback ports and
//! in a folder of its own, always stopped.

mod identities;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lumimill_common::store::{S3Address, S3Settings, S3Store};
use tempfile::TempDir;

use crate::certificate::certify;
use crate::ports::free_pair;
use crate::skipped;
use identities::identities;

/// The access key that it knows.
pub const ACCESS_KEY: &str = "lumimill-test-key";
/// The secret of [`ACCESS_KEY`].
pub const SECRET_KEY: &str = "7f0c2a-secret-of-the-tests-91be";
/// The bucket that is in it.
pub const BUCKET: &str = "campaigns";
/// Another bucket, which campaigns only read.
pub const INPUT_BUCKET: &str = "nano-input";

/// Time that the server has to start, in which a busy machine may do other things.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running server; stopped and removed when dropped.
#[derive(Debug)]
pub struct SeaweedFs {
    program: PathBuf,
    folder: TempDir,
    ports: Ports,
    server: Child,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    master: u16,
    volume: u16,
    filer: u16,
    s3: u16,
    encrypted: u16,
}

impl SeaweedFs {
    /// Starts a server with two buckets. `None`, said loudly, when there is no `weed` program
    /// (see `deploy/test.sh`); in continuous integration that is an error.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let Some(program) = std::env::var_os("LUMIMILL_WEED").map(PathBuf::from) else {
            assert!(
                std::env::var_os("CI").is_none(),
                "{test}: LUMIMILL_WEED names no `weed` program"
            );
            skipped(test, "LUMIMILL_WEED names no `weed` program");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("data")).expect("a folder for the server");
        certify(folder.path());
        fs::write(folder.path().join("s3.json"), identities()).expect("the server's credentials");
        let ports = Ports::free();
        let server = launch(&program, &folder, ports);
        let mut started = Self {
            program,
            folder,
            ports,
            server,
        };
        started.change_taken_ports();
        started.wait();
        for bucket in [BUCKET, INPUT_BUCKET] {
            started.make_bucket(bucket);
        }
        started.write();
        Some(started)
    }

    /// Free ports may be taken by somebody else before the server has them: it ends then, and is
    /// started with others.
    fn change_taken_ports(&mut self) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && ask(self.ports.s3, "GET", "/status", "").is_none() {
            let ended = self.server.try_wait().expect("the state of the server");
            if ended.is_some() && self.log().contains("address already in use") {
                self.ports = Ports::free();
                self.server = launch(&self.program, &self.folder, self.ports);
            } else if ended.is_some() {
                return;
            }
            sleep(Duration::from_millis(100));
        }
    }

    /// URL of the service.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.s3)
    }

    /// Port of the service that speaks plain HTTP.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.s3
    }

    /// Port of the service that speaks TLS.
    #[must_use]
    pub fn encrypted_port(&self) -> u16 {
        self.ports.encrypted
    }

    /// PEM file of the authority that signed the certificate of that port.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// Settings that the server accepts.
    #[must_use]
    pub fn settings(&self) -> S3Settings {
        self.settings_with(SECRET_KEY)
    }

    /// Settings with another secret.
    #[must_use]
    pub fn settings_with(&self, secret: &str) -> S3Settings {
        self.settings_changed(&[("AWS_SECRET_ACCESS_KEY", secret)])
    }

    /// Settings with other values of some variables.
    #[must_use]
    pub fn settings_changed(&self, changes: &[(&str, &str)]) -> S3Settings {
        let settings = S3Settings::read(&|name| {
            let changed = changes.iter().find(|(known, _)| *known == name);
            match (changed, name) {
                (Some((_, value)), _) => Some((*value).to_owned()),
                (None, "AWS_ACCESS_KEY_ID") => Some(String::from(ACCESS_KEY)),
                (None, "AWS_SECRET_ACCESS_KEY") => Some(String::from(SECRET_KEY)),
                (None, "LUMIMILL_S3_ENDPOINT") => Some(self.endpoint()),
                _ => None,
            }
        });
        settings.expect("settings of the tests")
    }

    /// What `coordinator` or `worker` has in its environment: keys that may do what their policy
    /// in `deploy/s3` says, in the folder `site` of the bucket.
    #[must_use]
    pub fn keys_of(&self, role: &str) -> [(&'static str, String); 2] {
        let (access, secret) = identities::keys(role);
        [
            ("AWS_ACCESS_KEY_ID", access),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ]
    }

    /// A store in a folder of the bucket.
    #[must_use]
    pub fn store(&self, folder: &str) -> S3Store {
        let address = format!("s3://{BUCKET}/{folder}");
        let address: S3Address = address.parse().expect("an address of the tests");
        S3Store::open(address, self.settings()).expect("a store of the tests")
    }

    /// Gives a command what it needs to reach the server.
    pub fn environment(&self, command: &mut Command) {
        command
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("LUMIMILL_S3_ENDPOINT", self.endpoint());
    }

    /// Uploads in parts that were neither finished nor taken back.
    #[must_use]
    pub fn unfinished_uploads(&self) -> Vec<String> {
        let path = format!("/buckets/{BUCKET}/.uploads/");
        let answer = ask(self.ports.filer, "GET", &path, "").expect("an answer of the filer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        if head.starts_with("HTTP/1.0 404") {
            return Vec::new();
        }
        let listing: serde_json::Value = serde_json::from_str(body).expect("a listing");
        let entries = listing["Entries"].as_array().cloned().unwrap_or_default();
        let path = |entry: &serde_json::Value| entry["FullPath"].to_string();
        entries.iter().map(path).collect()
    }

    /// Kills the server with no chance to put anything in order.
    pub fn kill(&mut self) {
        self.server.kill().expect("the server is killed");
        self.server.wait().expect("the server is gone");
    }

    /// Starts a server that was killed on what it left, and waits until it answers.
    pub fn start_again(&mut self) {
        self.server = launch(&self.program, &self.folder, self.ports);
        self.wait();
    }

    /// One after the other.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// Waits until the service answers and has a volume to write to.
    fn wait(&mut self) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.server.try_wait().expect("the state of the server") {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            let ready = [(self.ports.s3, "/status"), (self.ports.filer, "/buckets/")];
            if ready
                .iter()
                .all(|(port, path)| ask(*port, "GET", path, "").is_some())
            {
                return;
            }
            sleep(Duration::from_millis(100));
        }
        panic!("the server did not start in {PATIENCE:?}:\n{}", self.log());
    }

    /// A folder of the filer's `/buckets` is a bucket.
    fn make_bucket(&self, bucket: &str) {
        let until = Instant::now() + PATIENCE;
        let path = format!("/buckets/{bucket}/");
        while Instant::now() < until {
            let answer = ask(self.ports.filer, "POST", &path, "").unwrap_or_default();
            if answer.starts_with("HTTP/1.0 20") {
                return;
            }
            sleep(Duration::from_millis(200));
        }
        panic!("the server has no bucket:\n{}", self.log());
    }

    /// Writes something: a server without a volume, on a full disk say, answers all but this, and each
    /// test would wait for it to the end.
    fn write(&self) {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let answer = ask(self.ports.filer, "PUT", "/ready", "something").unwrap_or_default();
            if answer.starts_with("HTTP/1.0 201") {
                return;
            }
            sleep(Duration::from_millis(200));
        }
        panic!("the server writes nothing:\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for SeaweedFs {
    fn drop(&mut self) {
        // It may be dead already; then there is nothing left to stop.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let Ports {
            master,
            volume,
            filer,
            s3,
            ..
        } = self.ports;
        for (name, port) in [
            ("master", master),
            ("volume", volume),
            ("filer", filer),
            ("s3", s3),
        ] {
            // Sockets that the server makes outside its folder.
            let grpc = u32::from(port) + 10_000;
            let _ = fs::remove_file(format!("/tmp/seaweedfs-{name}-grpc-{grpc}.sock"));
        }
        let _ = fs::remove_file(format!("/tmp/seaweedfs-filer-{filer}.sock"));
        let _ = fs::remove_file(format!("/tmp/seaweedfs-s3-{s3}.sock"));
    }
}

impl Ports {
    /// Ports that nobody has, and with them their twins 10000 above, which the server takes too.
    fn free() -> Self {
        Self {
            master: free_pair(),
            volume: free_pair(),
            filer: free_pair(),
            s3: free_pair(),
            encrypted: free_pair(),
        }
    }
}

fn launch(program: &PathBuf, folder: &TempDir, ports: Ports) -> Child {
    let path = |name: &str| folder.path().join(name);
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path("log"));
    let log = log.expect("the server's log");
    let mut command = Command::new(program);
    command
        .current_dir(folder.path())
        .arg("-logtostderr")
        .arg("server")
        .args([
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
        ])
        .args([
            "-filer",
            "-s3",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.autoCreateBucket=false",
        ])
        .args(["-volume.max=40", "-master.volumeSizeLimitMB=100"])
        // By itself it refuses to write where one percent of the disk is left, and says so to nobody.
        .arg("-volume.minFreeSpace=64MiB")
        .arg(format!("-dir={}", path("data").display()))
        .arg(format!("-s3.config={}", path("s3.json").display()))
        .arg(format!("-master.port={}", ports.master))
        .arg(format!("-volume.port={}", ports.volume))
        .arg(format!("-filer.port={}", ports.filer))
        .arg(format!("-s3.port={}", ports.s3))
        .arg(format!("-s3.port.https={}", ports.encrypted))
        .arg(format!("-s3.cert.file={}", path("server.pem").display()))
        .arg(format!("-s3.key.file={}", path("server.key").display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.spawn().expect("weed starts")
}

/// One HTTP request; `None` when nobody answers.
fn ask(port: u16, method: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.take(64 << 10).read_to_string(&mut answer).ok()?;
    (!answer.is_empty()).then_some(answer)
}
