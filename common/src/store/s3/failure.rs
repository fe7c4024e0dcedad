//! What the service said, as transient or refused, in words and without secrets.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::settings::S3Settings;
use crate::store::StoreError;

/// Why a request failed after all its attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Failure {
    pub(super) transient: bool,
    /// HTTP status, when there was an answer.
    pub(super) status: Option<u16>,
    /// The service's name for it, such as `NoSuchKey`.
    pub(super) code: Option<String>,
    pub(super) reason: String,
}

/// What to say of a bucket that is not there.
pub(super) const NO_BUCKET: &str = "there is no such bucket: make it, or correct its name";

/// Codes that pass, whatever status they come with.
const PASSING: [&str; 7] = [
    "InternalError",
    "NoSuchUpload",
    "OperationAborted",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "ConditionalRequestConflict",
];

/// Our own code for an object that is larger than it may be.
const LARGE: &str = "LargeObject";

impl S3Failure {
    /// What is said of an object that is larger than it may be.
    pub(super) fn large(reason: String) -> Self {
        Self {
            transient: false,
            status: None,
            code: Some(LARGE.to_owned()),
            reason,
        }
    }

    pub(super) fn is(&self, status: u16, code: &str) -> bool {
        self.status == Some(status) && (self.code.is_none() || self.code.as_deref() == Some(code))
    }

    /// Whether it says that there is no such object, and not that there is no such bucket.
    pub(super) fn is_no_key(&self) -> bool {
        self.is(404, "NoSuchKey")
    }

    /// Whether it is about who asks, and not about what they ask for.
    fn is_denied(&self) -> bool {
        let no_bucket = self.code.as_deref() == Some("NoSuchBucket");
        matches!(self.status, Some(401 | 403)) || no_bucket || is_lasting(&self.reason)
    }

    /// The store's error: what was done, where and to what.
    pub(super) fn into_error(
        self,
        settings: &S3Settings,
        location: String,
        action: &'static str,
        key: &str,
    ) -> StoreError {
        let key = key.to_owned();
        if self.status.is_none() && self.code.as_deref() == Some(LARGE) {
            let reason = self.reason;
            return StoreError::Large {
                location,
                key,
                reason,
            };
        }
        let denied = self.is_denied();
        let mut reason = settings.without_secrets(&self.reason);
        if settings.is_plain() && self.status == Some(400) && self.code.is_none() {
            reason = format!("{reason}; {MAYBE_TLS}");
        }
        match self.transient {
            true => StoreError::Transient {
                location,
                action,
                key,
                reason,
            },
            false => StoreError::Refused {
                location,
                action,
                key,
                reason,
                denied,
            },
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for S3Failure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        if let SdkError::ServiceError(answer) = &error {
            let code = answer.err().code().map(str::to_owned);
            return answered(status.unwrap_or(0), code, answer.err().message());
        }
        let words = causes(&error);
        let transient = match &error {
            SdkError::ConstructionFailure(_) => false,
            SdkError::DispatchFailure(failure) => !failure.is_user() && !is_lasting(&words),
            _ => !is_refusal(status),
        };
        Self {
            transient,
            status,
            code: None,
            reason: advised(words),
        }
    }
}

/// Whether an answer without a readable reason is a refusal: it stays one, although the reason broke
/// off. What the service says of a request that came too late or too often passes.
pub(super) fn is_refusal(status: Option<u16>) -> bool {
    matches!(status, Some(400..=407 | 409..=428))
}

fn answered(status: u16, code: Option<String>, message: Option<&str>) -> S3Failure {
    let name = code.as_deref().unwrap_or("no code");
    let transient = matches!(status, 408 | 429 | 500..) && status != 501 || PASSING.contains(&name);
    // What is said about credentials may quote them: our words instead.
    let reason = match (status, name) {
        (_, "NoSuchBucket") => String::from(NO_BUCKET),
        (_, "RequestTimeTooSkewed" | "RequestExpired") => {
            format!("the service refuses the time of the request ({name}): {CLOCK}")
        }
        (401 | 403, _) => format!(
            "access denied ({name}): check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what \
             they may do with this bucket"
        ),
        _ => format!(
            "the service answered {status} ({name}): {}",
            message.unwrap_or("without a message")
        ),
    };
    S3Failure {
        transient,
        status: Some(status),
        code,
        reason,
    }
}

/// Words of failures that last until somebody changes something, and what.
const LASTING: [(&str, &str); 9] = [
    ("not valid yet", CLOCK_OR_CERTIFICATE),
    ("certificate expired", CLOCK_OR_CERTIFICATE),
    ("CertificateExpired", CLOCK_OR_CERTIFICATE),
    (
        "certificate",
        "the certificate of the service is not trusted: name a PEM file with its authority in \
         AWS_CA_BUNDLE, and reach the service by a name that is in the certificate",
    ),
    ("InvalidContentType", NO_TLS),
    ("corrupt message", NO_TLS),
    ("HTTP version", MAYBE_TLS),
    ("HandshakeFailure", NO_COMMON_TLS),
    ("ProtocolVersion", NO_COMMON_TLS),
];
/// What to say where two clocks differ.
const CLOCK: &str = "the clock of this machine differs from that of the service: set it, as by NTP";
const CLOCK_OR_CERTIFICATE: &str = "the certificate of the service is not valid at the time that \
     the clock of this machine shows: set the clock, as by NTP, or renew the certificate";
const NO_COMMON_TLS: &str = "the service and this program share no version of TLS";
const NO_TLS: &str = "this port does not speak TLS: use http:// or the port that does";
/// What to say of an answer without TLS that explains nothing.
const MAYBE_TLS: &str = "this port may speak TLS: use https://";

/// Whether a connection fails again until somebody changes something.
pub(super) fn is_lasting(words: &str) -> bool {
    LASTING.iter().any(|(word, _)| words.contains(word))
}

fn advised(words: String) -> String {
    match LASTING.iter().find(|(word, _)| words.contains(word)) {
        Some((_, advice)) => format!("{advice} ({words})"),
        None => words,
    }
}

/// An error and its causes, each said once.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{advised, answered};

    #[test]
    fn what_may_pass_is_told_from_what_will_not() {
        for (status, code, transient) in [
            (500, "InternalError", true),
            (503, "SlowDown", true),
            (429, "TooManyRequests", true),
            (409, "ConditionalRequestConflict", true),
            (400, "RequestTimeout", true),
            (403, "SignatureDoesNotMatch", false),
            (404, "NoSuchBucket", false),
            (412, "PreconditionFailed", false),
            (501, "NotImplemented", false),
        ] {
            let failure = answered(status, Some(code.to_owned()), None);
            assert_eq!(failure.transient, transient, "{status} {code}");
        }
    }

    #[test]
    fn handshakes_that_break_off_are_told_from_those_in_vain() {
        for (words, lasting) in [
            ("io error: tls handshake eof", false),
            ("connection reset by peer", false),
            ("invalid peer certificate: UnknownIssuer", true),
            ("received fatal alert: HandshakeFailure", true),
        ] {
            assert_eq!(super::is_lasting(words), lasting, "{words}");
        }
    }

    #[test]
    fn a_clock_that_is_hours_off_is_named() {
        let said = Some("AKIAEXAMPLE");
        let failure = answered(403, Some(String::from("RequestTimeTooSkewed")), said);
        assert!(failure.reason.contains("the clock of this machine"));
        assert!(!failure.transient && failure.is_denied());
        for words in [
            "invalid peer certificate: certificate not valid yet: verification time 5 (UNIX)",
            "invalid peer certificate: certificate expired: verification time 5 (UNIX)",
        ] {
            let advice = advised(words.to_owned());
            assert!(advice.contains("the clock of this machine"), "{advice}");
        }
    }

    #[test]
    fn what_is_about_who_asks_is_told_from_what_is_about_the_object() {
        for (status, code, denied) in [
            (403, "AccessDenied", true),
            (401, "ExpiredToken", true),
            (404, "NoSuchBucket", true),
            (412, "PreconditionFailed", false),
            (501, "NotImplemented", false),
        ] {
            let failure = answered(status, Some(code.to_owned()), None);
            assert_eq!(failure.is_denied(), denied, "{status} {code}");
        }
        let failure = super::S3Failure {
            transient: false,
            status: None,
            code: None,
            reason: advised(String::from("invalid peer certificate: UnknownIssuer")),
        };
        assert!(failure.is_denied());
    }

    #[test]
    fn what_is_said_about_credentials_is_not_repeated() {
        let said = Some("the key AKIAEXAMPLE with string to sign …");
        let failure = answered(403, Some(String::from("SignatureDoesNotMatch")), said);
        assert!(
            !failure.reason.contains("AKIAEXAMPLE"),
            "{}",
            failure.reason
        );
        assert!(
            failure.reason.contains("AWS_SECRET_ACCESS_KEY"),
            "{}",
            failure.reason
        );
    }
}
