//! Where the broker is and how to log in; the password stays in here.

use std::fmt;

use lapin::uri::{AMQPScheme, AMQPUri};

/// Milliseconds that a connection may take to be made.
const CONNECTION_TIMEOUT: u64 = 10_000;
/// Seconds of silence after which the other side counts as gone.
const HEARTBEAT: u16 = 30;

/// Where the broker is, how to log in, and whom to trust. Shown without credentials.
#[derive(Clone)]
pub struct AmqpSettings {
    uri: AMQPUri,
    authority: Option<String>,
    name: String,
}

/// An address that is not a broker's. It is not repeated here: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBroker {
    /// Not an address at all.
    #[error(
        "the broker's address cannot be read: expected amqp://user:password@host:port/vhost or \
         amqps://…, with special letters percent-encoded"
    )]
    Address,
    /// Nobody to log in as.
    #[error(
        "the broker's address has no user name and password: expected \
         amqp://user:password@host:port/vhost"
    )]
    Credentials,
    /// More than one `@`: which part is the password cannot be told, and it must be in no message.
    #[error(
        "the broker's address has more than one @: in a user's name or password, write @ as %40 and / \
         as %2F"
    )]
    Encoding,
}

impl AmqpSettings {
    /// Settings from an address, `amqp[s]://user:password@host:port/vhost`; `%2f` or nothing is
    /// the vhost `/`.
    pub fn new(address: &str) -> Result<Self, InvalidBroker> {
        if address.matches('@').count() > 1 {
            return Err(InvalidBroker::Encoding);
        }
        let mut uri: AMQPUri = address.parse().map_err(|_| InvalidBroker::Address)?;
        let (_, rest) = address.split_once("://").ok_or(InvalidBroker::Address)?;
        let (login, host) = rest.rsplit_once('@').ok_or(InvalidBroker::Credentials)?;
        if !login.contains(':') {
            return Err(InvalidBroker::Credentials);
        }
        if host.starts_with([':', '/', '[']) || host.is_empty() {
            // What reads addresses would take another host than the one that was meant.
            return Err(InvalidBroker::Address);
        }
        if uri.vhost.is_empty() {
            uri.vhost = String::from("/");
        }
        uri.query
            .connection_timeout
            .get_or_insert(CONNECTION_TIMEOUT);
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self {
            uri,
            authority: None,
            name: String::from("lumimill"),
        })
    }

    /// Trusts this certificate authority (PEM) beside those of the system.
    #[must_use]
    pub fn trusting(mut self, authority: String) -> Self {
        self.authority = Some(authority);
        self
    }

    /// The name under which the broker lists the connection.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub(super) fn uri(&self) -> AMQPUri {
        self.uri.clone()
    }

    pub(super) fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.uri.scheme == AMQPScheme::AMQPS
    }
}

impl fmt::Display for AmqpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri {
            scheme, authority, ..
        } = &self.uri;
        write!(f, "{scheme}://{}:{}", authority.host, authority.port)
    }
}

impl fmt::Debug for AmqpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AmqpSettings({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{AmqpSettings, InvalidBroker};

    #[test]
    fn credentials_are_never_shown() {
        let settings = AmqpSettings::new("amqps://marie:s%3Acret@broker.example:5671/mill");
        let settings = settings.expect("an address");
        assert_eq!(settings.to_string(), "amqps://broker.example:5671");
        assert!(!format!("{settings:?}").contains("cret"));
        let wrong = AmqpSettings::new("amqp://marie:secret@broker example");
        assert!(!format!("{wrong:?}").contains("secret"));
    }

    #[test]
    fn an_address_names_user_password_and_host() {
        for (address, error) in [
            ("", InvalidBroker::Address),
            ("http://a:b@host", InvalidBroker::Address),
            ("amqp://a:b@[::1]:5672", InvalidBroker::Address),
            ("amqp://host:5672", InvalidBroker::Credentials),
            ("amqp://marie@host", InvalidBroker::Credentials),
            (
                "amqp://marie:pa@ssword/x@host:5672",
                InvalidBroker::Encoding,
            ),
        ] {
            assert_eq!(AmqpSettings::new(address).err(), Some(error), "{address:?}");
        }
        assert!(AmqpSettings::new("amqp://a:b@127.0.0.1:5672/%2f").is_ok());
    }
}
