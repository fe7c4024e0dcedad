//! Code of others, held: where it panics, that is an error of what it was given, and nothing is written of it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether panics of this thread are errors to whoever called.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Runs code of others, whose panics are errors.
///
/// # Errors
/// What a panic says; empty where it says nothing. What is shared with `work` may be half done then.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    be_quiet();
    let before = IS_CAUGHT.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_CAUGHT.set(before);
    done.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        text.unwrap_or_default()
    })
}

/// Has all other panics told as before.
fn be_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_CAUGHT.get() {
                before(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_says_is_the_error_within_another_one_too() {
        let outer = caught(|| {
            let inner = caught(|| -> () { panic!("axis {}", 3) });
            assert_eq!(inner, Err(String::from("axis 3")));
            assert!(IS_CAUGHT.get());
            panic!("after it");
        });
        assert_eq!(outer, Err::<(), _>(String::from("after it")));
        assert!(!IS_CAUGHT.get());
        assert_eq!(caught(|| 7), Ok(7));
    }
}
