//! Where an object is: hosts, path, and the time that it is to be valid at.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// An object of a condition data base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The hosts in order, each with its scheme and no slash behind it.
    pub hosts: Vec<String>,
    /// The path of the object, without slashes around it.
    pub path: String,
    /// Milliseconds since 1970.
    pub timestamp: i64,
}

impl Address {
    /// What a host is asked for.
    #[must_use]
    pub(crate) fn url(&self, host: &str) -> String {
        format!("{host}/{}/{}", self.path, self.timestamp)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("{text}: {what}: expected ccdb+http://HOST/PATH, or several hosts with commas")
        };
        let rest = text
            .strip_prefix("ccdb+")
            .ok_or_else(|| wrong("is no CCDB"))?;
        let (scheme, rest) = rest
            .split_once("://")
            .ok_or_else(|| wrong("has no scheme"))?;
        let end = path_begins(rest).ok_or_else(|| wrong("has no path"))?;
        let (list, path) = rest.split_at(end);
        let hosts = list
            .split([',', ';'])
            .map(str::trim)
            .filter(|host| !host.is_empty());
        let hosts: Vec<String> = hosts
            .map(|host| match host.contains("://") {
                true => host.to_owned(),
                false => format!("{scheme}://{host}"),
            })
            .collect();
        let (path, timestamp) = path.rsplit_once('/').unwrap_or((path, ""));
        let timestamp: i64 = timestamp.parse().map_err(|_| wrong("has no timestamp"))?;
        let path = path.trim_matches('/').to_owned();
        if hosts.is_empty() || path.is_empty() {
            return Err(wrong("has no host or no path"));
        }
        let timestamp = if timestamp < 0 { now() } else { timestamp };
        Ok(Self {
            hosts,
            path,
            timestamp,
        })
    }
}

/// The first slash that is not of a scheme.
fn path_begins(text: &str) -> Option<usize> {
    let mut slashes = text.match_indices('/').map(|(at, _)| at);
    slashes.find(|&at| {
        let before = text.get(..at).unwrap_or_default();
        !before.ends_with(':') && !before.ends_with(":/")
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the data base asks for a time of day"
)]
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The URL that a redirect from `place` leads to; `None` where it is of something else than the web.
pub(super) fn resolved(place: &str, location: &str) -> Option<String> {
    if location.starts_with("http://") || location.starts_with("https://") {
        return Some(location.to_owned());
    }
    let (scheme, rest) = place.split_once("://")?;
    let host = rest.split('/').next()?;
    location
        .starts_with('/')
        .then(|| format!("{scheme}://{host}{location}"))
}

#[cfg(test)]
mod tests {
    use super::{Address, resolved};

    #[test]
    fn an_address_has_hosts_a_path_and_a_time() {
        let read: Address = "ccdb+http://a:80;https://b,c/Users/x/y.onnx/17"
            .parse()
            .unwrap();
        assert_eq!(read.hosts, ["http://a:80", "https://b", "http://c"]);
        assert_eq!((read.path.as_str(), read.timestamp), ("Users/x/y.onnx", 17));
        assert_eq!(read.url("http://c"), "http://c/Users/x/y.onnx/17");
        let now: Address = "ccdb+https://a//m/-1".parse().unwrap();
        assert!(now.timestamp > 1_700_000_000_000 && now.path == "m");
        for wrong in [
            "http://a/b/1",
            "ccdb+http://a",
            "ccdb+http:///b/1",
            "ccdb+http://a/b/c",
            "ccdb+http://a//1",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn redirects_lead_within_the_host_or_elsewhere_on_the_web() {
        let at = |location| resolved("http://a:1/b/c", location);
        assert_eq!(at("/download/1").as_deref(), Some("http://a:1/download/1"));
        assert_eq!(at("https://z/1").as_deref(), Some("https://z/1"));
        assert_eq!(at("alien:///alice/1"), None);
    }
}
