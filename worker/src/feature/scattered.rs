//! Values that are known at some places, among those of all.

/// `values` at these `places` of `len`, and false elsewhere.
pub(super) fn scattered(places: &[u32], values: &[bool], len: usize) -> Vec<bool> {
    let mut all = vec![false; len];
    for (place, value) in places.iter().zip(values) {
        if let Some(at) = all.get_mut(*place as usize) {
            *at = *value;
        }
    }
    all
}
