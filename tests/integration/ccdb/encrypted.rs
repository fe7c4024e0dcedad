//! A condition data base behind TLS.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lumimill_tests::{certify, free_port};
use tempfile::TempDir;

use super::MODELS;

/// An encrypted server of files that are whole answers, each asked for at time 1700.
pub(super) struct Encrypted {
    server: Child,
    folder: TempDir,
    /// Name and port.
    pub(super) host: String,
}

impl Encrypted {
    pub(super) fn start(objects: &[Vec<u8>]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certify(folder.path());
        for (name, object) in MODELS.iter().zip(objects) {
            let place = folder.path().join("m").join(name);
            fs::create_dir_all(&place).unwrap();
            let length = object.len();
            let mut answer = format!(
                "HTTP/1.1 200 OK\r\nETag: \"{name}\"\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            )
            .into_bytes();
            answer.extend(object);
            fs::write(place.join("1700"), answer).unwrap();
        }
        let port = free_port();
        let server = Command::new("openssl")
            .args(["s_server", "-quiet", "-HTTP", "-cert", "server.pem"])
            .args([
                "-key",
                "server.key",
                "-accept",
                &format!("127.0.0.1:{port}"),
            ])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the server does not start");
            thread::sleep(Duration::from_millis(20));
        }
        let host = format!("localhost:{port}");
        Self {
            server,
            folder,
            host,
        }
    }

    /// PEM file of who vouches for it.
    pub(super) fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
