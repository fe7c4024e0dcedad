//! Sorting of many small numbers.

/// Sorts bins, those from the limit on as one: many small numbers by their digits.
pub(super) fn sort(bins: &mut [u64], limit: u64) {
    const DIGIT: u32 = 12;
    const DIGITS: usize = 1 << DIGIT;
    if bins.len() < DIGITS || limit >= 1 << (2 * DIGIT) {
        return bins.sort_unstable();
    }
    let mut sorted = vec![0; bins.len()];
    for shift in [0, DIGIT] {
        let digit = |bin: u64| (bin.min(limit) >> shift) as usize & (DIGITS - 1);
        // How many have each digit, and then where the next one of them belongs.
        let mut places = [0_usize; DIGITS];
        for bin in bins.iter() {
            places[digit(*bin)] += 1;
        }
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for bin in bins.iter() {
            let place = &mut places[digit(*bin)];
            sorted[*place] = *bin;
            *place += 1;
        }
        bins.copy_from_slice(&sorted);
    }
}

#[cfg(test)]
mod tests {
    use super::sort;

    #[test]
    fn many_bins_are_sorted_by_their_digits_as_few_are() {
        let bin = |row: u64| row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 42;
        for limit in [1 << 21, 3_000_000, (1 << 24) - 1, 1 << 24] {
            let mut bins: Vec<u64> = (0..6_000).map(bin).chain([u64::MAX, limit]).collect();
            let mut expected: Vec<u64> = bins.iter().copied().filter(|bin| *bin < limit).collect();
            expected.sort_unstable();
            sort(&mut bins, limit);
            assert_eq!(bins[..expected.len()], expected, "{limit}");
        }
    }
}
