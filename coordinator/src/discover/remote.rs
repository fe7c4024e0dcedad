//! Entries of `files` in S3-compatible storage: URLs of objects, and patterns of them.

use super::input_error::InputError;

/// The URLs that an entry stands for.
#[cfg(feature = "s3")]
pub(super) fn expand(entry: &str) -> Result<Vec<String>, InputError> {
    use lumimill_common::store::S3Url;
    use lumimill_worker::input::storage;

    use super::special::SPECIAL;

    let failed = |error: &dyn std::error::Error| unsearchable(entry, &error.to_string());
    let url: S3Url = entry.parse().map_err(|error| failed(&error))?;
    let storage = storage().map_err(|error| failed(&error))?;
    match url.name().find(SPECIAL) {
        None => Ok(vec![entry.to_owned()]),
        Some(plain) => matches(storage, &url, plain),
    }
}

/// Without the feature, what is not looked for is said once an entry.
#[cfg(not(feature = "s3"))]
pub(super) fn expand(entry: &str) -> Result<Vec<String>, InputError> {
    Err(unsearchable(entry, lumimill_common::store::WITHOUT_S3))
}

/// The objects that a pattern stands for; its name has no special character before `plain`.
#[cfg(feature = "s3")]
fn matches(
    storage: &lumimill_common::store::S3Reader,
    url: &lumimill_common::store::S3Url,
    plain: usize,
) -> Result<Vec<String>, InputError> {
    let pattern = glob::Pattern::new(url.name()).map_err(|error| InputError::BadPattern {
        pattern: url.to_string(),
        reason: error.msg.to_owned(),
    })?;
    let prefix = url.name().get(..plain).unwrap_or_default();
    let literal = url.name().to_owned();
    let wanted =
        move |name: &str| name == literal || pattern.matches_with(name, super::special::MATCHING);
    let names = storage
        .list(url.bucket(), prefix, wanted)
        .map_err(|error| unsearchable(&url.to_string(), error.reason()))?;
    if names.is_empty() {
        return Err(InputError::NoMatch {
            pattern: url.to_string(),
            folder: format!("s3://{}", url.bucket()),
        });
    }
    // An object that is called like the pattern is what is meant.
    if names.iter().any(|name| name == url.name()) {
        return Ok(vec![url.to_string()]);
    }
    let url_of = |name: &String| format!("s3://{}/{name}", url.bucket());
    Ok(names.iter().map(url_of).collect())
}

fn unsearchable(entry: &str, reason: &str) -> InputError {
    InputError::Unsearchable {
        pattern: entry.to_owned(),
        reason: reason.to_owned(),
    }
}
