//! Loopback ports for servers that are about to start.
//!
//! A port that the kernel chose may be given to somebody else's connection between the moment it is
//! let go and the moment its server takes it. These lie below those that the kernel gives away, and
//! no two callers of a process are given the same one.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::Mutex;

/// Ports for servers that listen on one.
const SINGLE: Range<u16> = 2_000..10_000;
/// Ports for servers that listen on this one and on the one [`BESIDE`] further.
const PAIRED: Range<u16> = 10_000..20_000;
const BESIDE: u16 = 10_000;

static LAST: Mutex<Option<Last>> = Mutex::new(None);

/// What was given away last.
#[derive(Clone, Copy)]
struct Last {
    single: u16,
    paired: u16,
}

/// A port that nobody listens on.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    next(SINGLE, |last| &mut last.single, is_free)
}

/// A port that nobody listens on, nor on the one 10,000 further.
pub(crate) fn free_pair() -> u16 {
    let both = |port| is_free(port) && is_free(port + BESIDE);
    next(PAIRED, |last| &mut last.paired, both)
}

fn next(range: Range<u16>, last: fn(&mut Last) -> &mut u16, fits: impl Fn(u16) -> bool) -> u16 {
    let mut held = LAST
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let last = last(held.get_or_insert_with(Last::of_this_process));
    for _ in range.clone() {
        *last = match *last + 1 {
            port if range.contains(&port) => port,
            _ => range.start,
        };
        if fits(*last) {
            return *last;
        }
    }
    panic!("no free port among {range:?}");
}

impl Last {
    /// Processes that run at the same time begin far from one another.
    fn of_this_process() -> Self {
        let far = std::process::id().wrapping_mul(2_654_435_761) >> 8;
        let within = |range: Range<u16>| {
            let width = u32::from(range.end - range.start);
            range.start + u16::try_from(far % width).unwrap_or(0)
        };
        Self {
            single: within(SINGLE),
            paired: within(PAIRED),
        }
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{free_pair, free_port};
    use std::collections::HashSet;

    #[test]
    fn no_port_is_given_twice() {
        let mut given = HashSet::new();
        for _ in 0..50 {
            assert!(given.insert(free_port()));
            let pair = free_pair();
            assert!(given.insert(pair) && given.insert(pair + 10_000));
        }
        assert!(given.iter().all(|port| *port < 32_768), "{given:?}");
    }
}
