//! How S3-compatible storage is reached, from the environment only.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::site::Site;

/// Where the service is and who asks; shows nothing secret.
#[derive(Clone)]
pub struct S3Settings {
    pub(super) access_key: String,
    pub(super) secret: String,
    pub(super) session: Option<String>,
    pub(super) region: String,
    pub(super) endpoint: Option<String>,
    pub(super) ca_bundle: Option<PathBuf>,
    pub(super) page: i32,
    pub(super) part: u64,
    pub(super) patience: Duration,
}

/// Settings of S3-compatible storage that are missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot reach S3 storage: {0}")]
pub struct S3SettingsError(pub(super) String);

/// Objects that one request lists, at most; what the service allows.
const PAGE: i32 = 1000;
/// Size of the parts that large objects are sent in, in bytes; also the largest object that is
/// sent in one go.
const PART: u64 = 8 << 20;
/// Smallest part that services take, in bytes.
const SMALLEST_PART: u64 = 5 << 20;
/// For an answer to begin.
const PATIENCE: Duration = Duration::from_secs(30);

impl S3Settings {
    /// Reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, when they are set,
    /// `AWS_SESSION_TOKEN`, `AWS_REGION` (`us-east-1` otherwise), the URL of the service from
    /// `LUMIMILL_S3_ENDPOINT` or `AWS_ENDPOINT_URL` (Amazon's otherwise), and from
    /// `AWS_CA_BUNDLE` a PEM file of the authorities to trust in place of the system's.
    ///
    /// What the environment does not say may be in the site's file (see [`crate::site`]).
    pub fn from_environment() -> Result<Self, S3SettingsError> {
        let site = Site::load().map_err(|error| S3SettingsError(error.to_string()))?;
        Self::read(&|name| site.get(name))
    }

    /// The same, with another environment.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, S3SettingsError> {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &str| {
            given(name).ok_or_else(|| {
                S3SettingsError(format!(
                    "{name} is not set: give the key in the environment"
                ))
            })
        };
        let endpoint = given("LUMIMILL_S3_ENDPOINT").or_else(|| given("AWS_ENDPOINT_URL"));
        if let Some(url) = &endpoint {
            check_endpoint(url)?;
        }
        Ok(Self {
            access_key: needed("AWS_ACCESS_KEY_ID")?,
            secret: needed("AWS_SECRET_ACCESS_KEY")?,
            session: given("AWS_SESSION_TOKEN"),
            region: given("AWS_REGION").unwrap_or_else(|| String::from("us-east-1")),
            endpoint,
            ca_bundle: given("AWS_CA_BUNDLE").map(PathBuf::from),
            page: PAGE,
            part: PART,
            patience: PATIENCE,
        })
    }

    /// Lists so many objects a request, 1 to 1000.
    #[must_use]
    pub fn page(mut self, objects: u16) -> Self {
        self.page = i32::from(objects).clamp(1, PAGE);
        self
    }

    /// Sends large objects in parts of so many bytes, at least 5 MiB.
    #[must_use]
    pub fn part(mut self, bytes: u64) -> Self {
        self.part = bytes.max(SMALLEST_PART);
        self
    }

    /// Waits so long for an answer to begin, 30 s if not told otherwise. A sixth of it is for a
    /// connection, four times it for one attempt as a whole, eight times it for all of them, and a
    /// six hundredth is the longest pause before the second attempt.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The service as people know it.
    pub(super) fn service(&self) -> String {
        let endpoint = self.endpoint.clone();
        endpoint.unwrap_or_else(|| format!("the S3 service of {}", self.region))
    }

    /// Whether the endpoint is reached without TLS.
    pub(super) fn is_plain(&self) -> bool {
        matches!(&self.endpoint, Some(url) if url.starts_with("http://"))
    }

    /// Text of others with everything secret taken out.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        let secrets = [
            Some(&self.secret),
            self.session.as_ref(),
            Some(&self.access_key),
        ];
        for secret in secrets.into_iter().flatten() {
            text = text.replace(secret.as_str(), "***");
        }
        text
    }
}

/// A URL of http or https without a name and a password in it; the message does not repeat it.
fn check_endpoint(url: &str) -> Result<(), S3SettingsError> {
    let wrong = |what: &str| {
        Err(S3SettingsError(format!(
            "the endpoint {what}: expected a URL such as https://host:9000 in LUMIMILL_S3_ENDPOINT \
             or AWS_ENDPOINT_URL"
        )))
    };
    let Some(rest) = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
    else {
        return wrong("does not begin with http:// or https://");
    };
    if rest.contains('@') {
        return wrong("has a user name or a password in it");
    }
    match rest.is_empty() {
        true => wrong("names no host"),
        false => Ok(()),
    }
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("ca_bundle", &self.ca_bundle)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::S3Settings;

    fn read(changes: &[(&str, &str)]) -> Result<S3Settings, String> {
        let mut variables = vec![
            ("AWS_ACCESS_KEY_ID", "the-key"),
            ("AWS_SECRET_ACCESS_KEY", "the-secret"),
            ("AWS_SESSION_TOKEN", "the-token"),
        ];
        variables.extend(changes);
        let value = |name: &str| {
            let found = variables.iter().rev().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        S3Settings::read(&value).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_show_no_secret() {
        let settings = read(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:8333")]).unwrap();
        let shown = format!("{settings:?}");
        for secret in ["the-key", "the-secret", "the-token"] {
            assert!(!shown.contains(secret), "{shown}");
            let told = settings.without_secrets(&format!("refused {secret}!"));
            assert_eq!(told, "refused ***!");
        }
        assert!(shown.contains("http://127.0.0.1:8333"), "{shown}");
    }

    #[test]
    fn what_is_missing_is_named() {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let error = read(&[(name, "")]).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn endpoints_carry_no_password() {
        for bad in ["host:9000", "http://", "https://user:hunter2@host"] {
            let error = read(&[("LUMIMILL_S3_ENDPOINT", bad)]).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
