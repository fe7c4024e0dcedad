//! How many markers are in a pack of them.

/// Numbers of markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackSizes {
    /// So many at least: fewer are read one by one.
    pub fewest: usize,
    /// About so many in most, and twice as many at most.
    pub typical: u16,
}

impl Default for PackSizes {
    fn default() -> Self {
        Self {
            fewest: 64,
            typical: 1024,
        }
    }
}
