//! HTTP requests that fail on purpose: which, and how.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::framing::Head;

/// A request, as the proxy saw it.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Such as `PUT`.
    pub method: String,
    /// Path and query.
    pub target: String,
    headers: Vec<(String, String)>,
}

/// What becomes of a request instead of passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFault {
    /// The whole request is read and answered with a status and an error document as of S3.
    Answer {
        /// HTTP status.
        status: u16,
        /// Name of the error, such as `SlowDown`.
        code: &'static str,
    },
    /// The connection is reset after the head of the request; the server sees none of it.
    Reset,
    /// The server does what it was asked; its answer is lost and the connection reset.
    LoseAnswer,
}

impl HttpFault {
    /// The service is broken.
    pub const INTERNAL_ERROR: Self = Self::Answer {
        status: 500,
        code: "InternalError",
    };
    /// The service has too much to do.
    pub const SLOW_DOWN: Self = Self::Answer {
        status: 503,
        code: "SlowDown",
    };
    /// The service does not know what it is asked for.
    pub const NOT_IMPLEMENTED: Self = Self::Answer {
        status: 501,
        code: "NotImplemented",
    };
}

impl HttpRequest {
    /// Value of a header; names in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl From<&Head> for HttpRequest {
    fn from(head: &Head) -> Self {
        let [method, target, _] = &head.first;
        Self {
            method: method.clone(),
            target: target.clone(),
            headers: head.fields.clone(),
        }
    }
}

type Decision = dyn Fn(&HttpRequest) -> Option<HttpFault> + Send + Sync;

/// Decides about requests.
#[derive(Clone)]
pub(super) struct Judge(pub(super) Arc<Decision>);

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Judge")
    }
}

/// Faults for this share of all requests, any of the given ones, from a seed. After so many in a
/// row the same request passes: a client with one attempt more must get through, also beside others
/// that ask for the same.
pub fn at_random(
    seed: u64,
    share: f64,
    faults: Vec<HttpFault>,
    most_in_a_row: u32,
) -> impl Fn(&HttpRequest) -> Option<HttpFault> + Send + Sync + 'static {
    assert!(!faults.is_empty(), "no faults to choose from");
    let state = Mutex::new((seed, HashMap::<String, u32>::new()));
    move |request| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let (random, rows) = &mut *state;
        let (chance, choice) = (next(random), next(random));
        let row = rows.entry(call(request)).or_default();
        let passes = chance as f64 >= share * u64::MAX as f64 || *row >= most_in_a_row;
        *row = if passes { 0 } else { *row + 1 };
        let index = choice % faults.len() as u64;
        (!passes).then(|| faults[index as usize])
    }
}

/// What a request has in common with those that are its attempts.
fn call(request: &HttpRequest) -> String {
    let own = request.header("amz-sdk-invocation-id");
    let any = || format!("{} {}", request.method, request.target);
    own.map_or_else(any, str::to_owned)
}

/// The generator SplitMix64: G. L. Steele et al., OOPSLA 2014.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
