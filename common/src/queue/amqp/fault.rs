//! What went wrong at the broker, in words that say what to do; and time limits for all of it.

use std::future::Future;
use std::time::Duration;

use lapin::types::ShortString;
use lapin::{Channel, Connection, Error, ErrorKind};

use super::super::QueueError;
use super::AmqpSettings;
use crate::silence::told;

/// The longest that the broker may take to answer anything, confirms included.
const PATIENCE: Duration = Duration::from_secs(30);

/// Reply codes of AMQP 0-9-1.
const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;
const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;

/// The broker as errors name it.
#[derive(Debug, Clone)]
pub(super) struct Site {
    broker: String,
    encrypted: bool,
}

impl Site {
    pub(super) fn new(settings: &AmqpSettings) -> Self {
        Self {
            broker: settings.to_string(),
            encrypted: settings.is_encrypted(),
        }
    }

    /// An error in our own words.
    pub(super) fn error(&self, action: &'static str, reason: String) -> QueueError {
        QueueError {
            broker: self.broker.clone(),
            action,
            reason,
            lasting: false,
        }
    }

    /// An error of the client library, explained.
    pub(super) fn fault(&self, action: &'static str, error: &Error) -> QueueError {
        let lasting = self.is_lasting(error);
        let hint = self.hint(action, error);
        QueueError {
            lasting,
            ..self.error(action, format!("{error}{hint}"))
        }
    }

    fn is_lasting(&self, error: &Error) -> bool {
        let code = reply_code(error);
        matches!(code, Some(ACCESS_REFUSED | NOT_ALLOWED))
            || self.is_certificate(error)
            || matches!(error.kind(), ErrorKind::ParsingError(_))
    }

    fn is_certificate(&self, error: &Error) -> bool {
        let text = error.to_string().to_lowercase();
        self.encrypted
            && ["certificate", "unknownissuer", "tls", "corrupt message"]
                .iter()
                .any(|word| text.contains(word))
    }

    fn hint(&self, action: &str, error: &Error) -> &'static str {
        match reply_code(error) {
            Some(ACCESS_REFUSED) if action == "connect" => "; check user name and password",
            Some(ACCESS_REFUSED) if action.starts_with("declare") => {
                "; the user lacks the permission to declare it: import \
                 deploy/rabbitmq/definitions.json, with a queue for each pool"
            }
            Some(ACCESS_REFUSED) => "; the user lacks the permission",
            Some(NOT_ALLOWED) => "; check the vhost and the user's permissions on it",
            _ if self.is_certificate(error) && is_of_another_time(error) => {
                "; the certificate is not valid at the time that the clock of this machine shows: \
                 set the clock, as by NTP, or renew the certificate"
            }
            _ if self.is_certificate(error) => {
                "; check that the port speaks TLS and that its certificate is of a trusted authority"
            }
            _ if action == "connect" && !self.encrypted && is_silence(error) => {
                "; check that the broker runs, and that the port is not its TLS port"
            }
            _ => "",
        }
    }

    /// Waits for an answer, but not for ever.
    pub(super) async fn in_time<T>(
        &self,
        action: &'static str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, QueueError> {
        let answer = self.answer(action, answer).await?;
        answer.map_err(|error| self.fault(action, &error))
    }

    /// Waits as long for an answer that may well be no.
    pub(super) async fn answer<T>(
        &self,
        action: &'static str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<Result<T, Error>, QueueError> {
        let late = |_| {
            let seconds = PATIENCE.as_secs();
            let reason = format!("no answer in {seconds} s; it may have happened or not");
            self.error(action, reason)
        };
        let answer = tokio::time::timeout(PATIENCE, answer);
        let answer = told(&self.broker, action, answer).await;
        answer.map_err(late)
    }

    pub(super) async fn open_channel(
        &self,
        connection: &Connection,
    ) -> Result<Channel, QueueError> {
        self.in_time("open a channel", connection.create_channel())
            .await
    }

    /// A name as AMQP has them: at most 255 bytes.
    pub(super) fn short(
        &self,
        action: &'static str,
        name: &str,
    ) -> Result<ShortString, QueueError> {
        ShortString::try_new(name).map_err(|error| self.error(action, format!("{name:?}: {error}")))
    }
}

/// Whether the broker says that there is no such queue or exchange.
pub(super) fn is_unknown(error: &Error) -> bool {
    reply_code(error) == Some(NOT_FOUND)
}

/// Whether the broker says that what is there was declared in another way.
pub(super) fn is_other(error: &Error) -> bool {
    reply_code(error) == Some(PRECONDITION_FAILED)
}

/// Whether the broker says that the user may not do that.
pub(super) fn is_refused(error: &Error) -> bool {
    reply_code(error) == Some(ACCESS_REFUSED)
}

/// Whether the connection or the channel had ended before anything was sent.
pub(super) fn is_gone(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..)
    )
}

/// Whether it is about when a certificate is valid.
fn is_of_another_time(error: &Error) -> bool {
    let text = error.to_string().to_lowercase();
    ["not valid yet", "notvalidyet", "expired"]
        .iter()
        .any(|word| text.contains(word))
}

/// Nothing came, or nothing that makes sense.
fn is_silence(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::IOError(_) | ErrorKind::MissingHeartbeatError | ErrorKind::ParsingError(_)
    )
}

fn reply_code(error: &Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}
