//! The memory of all sessions together, with an end: what a model makes of a row may depend on its
//! values, so that no look at its file says how much that is.
#![expect(
    unsafe_code,
    reason = "the crate has no safe call that gives an environment an allocator with a limit"
)]

use std::ffi::CStr;
use std::fs;
use std::ptr;
use std::sync::OnceLock;

use ort::AsPointer;
use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::sys::OrtStatusPtr;

/// What of a machine's memory sessions may have, where nobody says how much there is.
const SHARE: (u64, u64) = (3, 4);
/// The key of the limit among those of an arena.
const LIMIT_KEY: &CStr = c"max_mem";

static LIMIT: OnceLock<u64> = OnceLock::new();

/// Has sessions that are made from now on use no more than so many bytes together.
pub(crate) fn keep_within(bytes: u64) {
    // The first one is that of the program.
    let _ = LIMIT.set(bytes);
}

/// Gives an environment, once, the memory that its sessions share.
pub(super) fn share_memory(environment: &Environment) -> Result<(), ort::Error> {
    let limit = LIMIT.get().copied().or_else(of_machine);
    let limit = limit.and_then(|bytes| usize::try_from(bytes).ok());
    let info = MemoryInfo::new(
        AllocationDevice::CPU,
        0,
        AllocatorType::Arena,
        MemoryType::Default,
    )?;
    let api = ort::api();
    let checked = |status: OrtStatusPtr| {
        // SAFETY: the status is what the library just returned, and is looked at once.
        unsafe { ort::Error::result_from_status(status) }
    };
    let (keys, values) = ([LIMIT_KEY.as_ptr()], [limit.unwrap_or(0)]);
    let mut arena = ptr::null_mut();
    // SAFETY: one key and one value are given, and both outlive the call.
    let made = unsafe { (api.CreateArenaCfgV2)(keys.as_ptr(), values.as_ptr(), 1, &raw mut arena) };
    checked(made)?;
    // SAFETY: all three are of the library, which copies what the last two say.
    let registered = unsafe {
        (api.CreateAndRegisterAllocator)(environment.ptr().cast_mut(), info.ptr(), arena)
    };
    let registered = checked(registered);
    // SAFETY: it was made above, and nobody else has it.
    unsafe { (api.ReleaseArenaCfg)(arena) };
    registered
}

/// A share of the memory that this process may have, as far as the system says it.
fn of_machine() -> Option<u64> {
    let all = fs::read_to_string("/proc/meminfo").ok();
    let all = all.as_deref().and_then(total);
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|text| text.trim().parse().ok());
    let bytes = all.into_iter().chain(group).min()?;
    Some(bytes / SHARE.1 * SHARE.0)
}

/// The bytes of all memory, of a text that says so in kibibytes.
fn total(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_machine_is_read() {
        let text = "MemTotal:       24592316 kB\nMemFree:          123 kB\n";
        assert_eq!(total(text), Some(24_592_316 << 10));
        assert_eq!(total("MemTotal: much"), None);
        assert_eq!(total(""), None);
    }
}
