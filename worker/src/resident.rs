//! How much memory this process uses: pages that are resident, and what the allocator has given out.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(
        unsafe_code,
        reason = "mallinfo2 of glibc has no safe wrapper, and is looked up, as it is not there before glibc 2.33"
    )
)]

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

/// Bytes that the allocator has given out and not got back; `None` where it does not say.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[must_use]
pub(crate) fn alive() -> Option<u64> {
    use std::ffi::{c_char, c_void};
    use std::mem::transmute;
    use std::ptr::null_mut;

    /// `struct mallinfo2` of `malloc.h`.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Sizes {
        of_heaps: [usize; 4],
        mapped: usize,
        most: usize,
        kept_small: usize,
        given_out: usize,
        kept: usize,
        at_the_top: usize,
    }
    type Look = unsafe extern "C" fn() -> Sizes;
    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    }
    // SAFETY: the name ends with a zero byte; a null handle (`RTLD_DEFAULT`) searches what is loaded.
    let found = unsafe { dlsym(null_mut(), c"mallinfo2".as_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: what has this name takes nothing, returns these ten sizes, and may be called at any time.
    let sizes = unsafe { transmute::<*mut c_void, Look>(found)() };
    u64::try_from(sizes.given_out.saturating_add(sizes.mapped)).ok()
}

/// Other allocators do not say.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[must_use]
pub(crate) fn alive() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::{alive, in_use};

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn what_is_given_out_is_alive_until_it_is_dropped() {
        const MOST: u64 = 1 << 30;
        let before = alive().unwrap();
        assert!((1..MOST).contains(&before), "{before} bytes");
        let block = vec![1u8; 512 << 20];
        let with_it = alive().unwrap();
        drop(block);
        let after = alive().unwrap();
        // Other tests allocate, too.
        assert!(with_it > before + (384 << 20), "{before}, then {with_it}");
        assert!(after + (384 << 20) < with_it, "{with_it}, then {after}");
    }

    #[test]
    fn this_process_uses_memory() {
        let used = in_use();
        assert!((1 << 20..1 << 40).contains(&used), "{used} bytes");
    }
}
