//! A RabbitMQ of the tests' own: on loopback ports that were free, in a folder of its own, with
//! credentials that are nobody else's; gone when it is dropped.

mod environment;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use self::environment::environment;
use crate::certificate::certify;
use crate::ports::free_port;
use crate::sample::skipped;

/// How long the server may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
const USER: &str = "mill";

/// A running broker. Dropping it kills it.
#[derive(Debug)]
pub struct RabbitMq {
    folder: TempDir,
    program: PathBuf,
    ports: Ports,
    password: String,
    names: Option<Child>,
    server: Option<Child>,
}

/// Loopback ports of one broker.
#[derive(Debug, Clone, Copy)]
struct Ports {
    plain: u16,
    encrypted: u16,
    nodes: u16,
    names: u16,
}

impl RabbitMq {
    /// Starts one, ready to be used. `None`, said loudly, when Debian's `rabbitmq-server` is not
    /// installed; where `CI` is set that is a failure.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, &[])
    }

    /// The same with more lines in its configuration.
    #[must_use]
    pub fn start_with(test: &str, lines: &[&str]) -> Option<Self> {
        Self::start_defining(test, |_| lines.iter().map(ToString::to_string).collect())
    }

    /// Starts one whose users, queues and permissions are those that `deploy/rabbitmq` gives an
    /// administrator, and nothing beside; [`RabbitMq::address_of`] has the users' addresses.
    #[must_use]
    pub fn start_defined(test: &str) -> Option<Self> {
        Self::start_defining(test, |broker| {
            let file = broker.folder.path().join("definitions.json");
            let setup = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/rabbitmq/setup.sh");
            let mut command = Command::new(setup);
            command.arg(&file);
            for role in ["coordinator", "worker"] {
                let name = format!("LUMIMILL_{}_PASSWORD", role.to_uppercase());
                command.env(name, broker.password_of(role));
            }
            let ended = command.status().expect("setup.sh starts");
            assert!(ended.success(), "setup.sh: {ended}");
            vec![format!("load_definitions = {}", file.display())]
        })
    }

    fn start_defining(test: &str, define: impl Fn(&Self) -> Vec<String>) -> Option<Self> {
        let Some(program) = installed() else {
            let why = "Debian's package rabbitmq-server is not installed";
            assert!(std::env::var_os("CI").is_none(), "{why}");
            skipped(test, why);
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let ports = Ports::free();
        let password = format!("p-{:x}-{}", std::process::id(), ports.plain);
        certify(folder.path());
        let mut broker = Self {
            folder,
            program,
            ports,
            password,
            names: None,
            server: None,
        };
        let more = define(&broker);
        configure(broker.folder.path(), ports, &broker.password, more);
        broker.start_again();
        Some(broker)
    }

    /// Address with credentials.
    #[must_use]
    pub fn address(&self) -> String {
        self.address_as(USER, &self.password)
    }

    /// Address with these credentials.
    #[must_use]
    pub fn address_as(&self, user: &str, password: &str) -> String {
        format!("amqp://{user}:{password}@127.0.0.1:{}", self.ports.plain)
    }

    /// The port that does not.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.plain
    }

    /// The port that speaks TLS.
    #[must_use]
    pub fn encrypted_port(&self) -> u16 {
        self.ports.encrypted
    }

    /// Address of a role, `coordinator` or `worker`, of a broker that was started defined.
    #[must_use]
    pub fn address_of(&self, role: &str) -> String {
        let user = format!("lumimill-{role}");
        let address = self.address_as(&user, &self.password_of(role));
        format!("{address}/lumimill")
    }

    fn password_of(&self, role: &str) -> String {
        format!("{}-{role}", self.password)
    }

    /// Address of the port that speaks TLS, under the name that its certificate has.
    #[must_use]
    pub fn encrypted_address(&self) -> String {
        let port = self.ports.encrypted;
        format!("amqps://{USER}:{}@localhost:{port}", self.password)
    }

    /// The password, to look for where it must not be.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// PEM file with the certificate authority of the port that speaks TLS.
    #[must_use]
    pub fn authority_file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// What is in it.
    #[must_use]
    pub fn authority(&self) -> String {
        fs::read_to_string(self.authority_file()).expect("the authority's certificate")
    }

    /// Has `rabbitmqctl` do something, as an administrator does.
    pub fn control(&self, args: &[&str]) {
        let program = self.program.with_file_name("rabbitmqctl");
        let mut command = Command::new(program);
        command.envs(environment(self.folder.path(), self.ports));
        let ended = command.args(args).stdin(Stdio::null()).output();
        let ended = ended.expect("rabbitmqctl starts");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "rabbitmqctl {args:?}: {said}");
    }

    /// Kills the server as `kill -9` does.
    pub fn kill(&mut self) {
        end(self.server.take());
    }

    /// Starts the server again, with what it had on disk, and waits until it answers.
    pub fn start_again(&mut self) {
        self.kill();
        let folder = self.folder.path();
        if self.names.is_none() {
            // Ours and in the foreground; otherwise the server starts one that outlives it.
            let mut names = Command::new("epmd");
            names.args(["-port", &self.ports.names.to_string()]);
            names.args(["-address", "127.0.0.1"]);
            self.names = Some(spawn(&mut names, folder, "names.log"));
        }
        // The server dies with the test, even when the test is killed.
        let mut server = Command::new("setpriv");
        server.args(["--pdeathsig", "KILL"]).arg(&self.program);
        server.envs(environment(folder, self.ports));
        self.server = Some(spawn(&mut server, folder, "server.log"));
        self.wait();
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        while !answers(self.ports.plain) {
            let ended = self.server.as_mut().map(|server| server.try_wait());
            let gone = !matches!(ended, Some(Ok(None)));
            if gone || begun.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.path().join("server.log"));
                panic!(
                    "rabbitmq-server does not start: {}",
                    log.unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        end(self.server.take());
        end(self.names.take());
    }
}

impl Ports {
    fn free() -> Self {
        Self {
            plain: free_port(),
            encrypted: free_port(),
            nodes: free_port(),
            names: free_port(),
        }
    }
}

/// The script that starts the server without a wrapper that wants to be its user.
fn installed() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/rabbitmq/lib").ok()?;
    let program = |version: fs::DirEntry| version.path().join("sbin/rabbitmq-server");
    versions.flatten().map(program).find(|path| path.exists())
}

fn configure(folder: &Path, ports: Ports, password: &str, more: Vec<String>) {
    let path = folder.display();
    let Ports {
        plain, encrypted, ..
    } = ports;
    let mut lines = vec![
        format!("listeners.tcp.1 = 127.0.0.1:{plain}"),
        format!("listeners.ssl.1 = 127.0.0.1:{encrypted}"),
        format!("ssl_options.cacertfile = {path}/authority.pem"),
        format!("ssl_options.certfile = {path}/server.pem"),
        format!("ssl_options.keyfile = {path}/server.key"),
        format!("default_user = {USER}"),
        format!("default_pass = {password}"),
        String::from("disk_free_limit.absolute = 100MB"),
    ];
    lines.extend(more);
    lines.push(String::new());
    fs::write(folder.join("rabbitmq.conf"), lines.join("\n")).expect("the configuration");
    fs::write(folder.join("plugins"), "[].\n").expect("the plugins");
    fs::create_dir_all(folder.join("home")).expect("a home");
}

fn spawn(command: &mut Command, folder: &Path, log: &str) -> Child {
    let log = fs::File::create(folder.join(log)).expect("a log");
    let errors = log.try_clone().expect("a log");
    command.stdin(Stdio::null()).stdout(log).stderr(errors);
    command.spawn().expect("the program starts")
}

fn end(child: Option<Child>) {
    if let Some(mut child) = child {
        // It may have ended by itself; either way it is gone after the wait.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Whether an AMQP server answers the greeting of a client.
fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let greet = || -> std::io::Result<()> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        stream.read_exact(&mut [0; 8])
    };
    greet().is_ok()
}
