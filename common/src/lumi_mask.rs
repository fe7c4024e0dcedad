//! (placeholder until masks land)
/// Mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LumiMask {}
impl LumiMask {
    /// Json.
    #[must_use]
    pub fn to_json(&self) -> String {
        String::new()
    }
}
