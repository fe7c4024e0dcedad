//! Tells a port that speaks TLS from a broker that hangs up: a greeting in the clear is answered
//! by an alert there, which gets lost when the port closes before all of the greeting is read.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::AmqpSettings;

/// Time that the port has to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// As long as the head of a TLS record, so that nothing of it is left unread.
const GREETING: &[u8] = b"AMQP\0";
/// How an alert begins: its content type, and the major version of all of TLS (RFC 8446, 5.1).
const ALERT: [u8; 2] = [21, 3];

/// Whether the broker's port answers a greeting in the clear as TLS does; `false` when it does
/// not answer at all.
pub(super) async fn is_one(settings: &AmqpSettings) -> bool {
    let authority = settings.uri().authority;
    let asked = tokio::task::spawn_blocking(move || answer(&authority.host, authority.port));
    asked.await.ok().flatten() == Some(ALERT)
}

fn answer(host: &str, port: u16) -> Option<[u8; 2]> {
    let address = (host, port).to_socket_addrs().ok()?.next()?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(GREETING).ok()?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).ok()?;
    Some(answer)
}
