//! Numbers by chance, the same each time.

/// Numbers between 0 and 1 from a linear congruential generator.
pub(crate) fn uniform() -> impl FnMut() -> f32 {
    let mut state = 1_u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32
    }
}
