//! The shape of a column: bins that need no range.

/// Values of 16 bits.
pub(super) const SHAPE_BINS: u32 = 1 << 16;

/// The leading 16 bits of a value as an `f32`, mapped so that their order is that of the values.
pub(super) fn shape_bin(value: f64) -> u64 {
    let bits = ((value + 0.0) as f32).to_bits();
    let ordered = if bits >> 31 == 1 {
        !bits
    } else {
        bits | (1 << 31)
    };
    u64::from(ordered >> 16)
}
