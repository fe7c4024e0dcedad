//! How much memory this process uses.

/// Memory that this process has resident, in bytes; 0 where the system does not say.
#[must_use]
pub(crate) fn in_use() -> u64 {
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * PAGE
}

#[cfg(test)]
mod tests {
    use super::in_use;

    #[test]
    fn this_process_uses_memory() {
        let used = in_use();
        assert!((1 << 20..1 << 40).contains(&used), "{used} bytes");
    }
}
