//! (placeholder until run ranges land)
use serde::Serialize;
/// Runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRange(String);
impl std::str::FromStr for RunRange {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_owned()))
    }
}
