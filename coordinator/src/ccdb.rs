//! Objects of ALICE's condition data bases: asked for by path and time from one of several hosts, and
//! kept with their tags, so that what has not changed is not sent again.

mod address;
mod cache;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use address::Address;
use cache::Cache;
use lumimill_common::store::{WebAnswer, web_get};

/// Bytes of an object, at most.
const MOST: usize = 256 << 20;
/// Time that an answer has.
const PATIENCE: Duration = Duration::from_secs(60);
/// Hosts that let one wait in vain, which are not asked again.
static SILENT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
/// Places that one object is looked for in, of one host.
const MOST_PLACES: usize = 10;

/// The bytes of an object, `ccdb+http://HOST[,HOST…]/PATH/TIMESTAMP`, with a negative timestamp for
/// now. Blocks.
///
/// # Errors
/// What each host said.
pub(crate) fn object(url: &str) -> Result<Vec<u8>, String> {
    let address: Address = url.parse()?;
    let mut failures = Vec::new();
    for host in &address.hosts {
        let silent = || SILENT.lock().unwrap_or_else(PoisonError::into_inner);
        if silent().contains(host) {
            failures.push(format!(
                "{host}: not asked again, as it did not answer before"
            ));
            continue;
        }
        let begun = Instant::now();
        match from_host(&address, host) {
            Ok(bytes) => return Ok(bytes),
            Err(failure) => failures.push(format!("{host}: {failure}")),
        }
        if begun.elapsed() >= PATIENCE {
            silent().insert(host.clone());
        }
    }
    Err(failures.join("; "))
}

fn from_host(address: &Address, host: &str) -> Result<Vec<u8>, String> {
    let cache = Cache::of(host, &address.path);
    let known = cache.as_ref().and_then(Cache::read);
    let url = address.url(host);
    let mut places = vec![url.clone()];
    let mut seen = Vec::new();
    let mut failures = Vec::new();
    while let Some(place) = (!places.is_empty()).then(|| places.remove(0)) {
        if seen.contains(&place) || seen.len() >= MOST_PLACES {
            failures.push(format!("{place}: a loop of redirects"));
            continue;
        }
        let tag = known.as_ref().map(|known| known.etag.as_str());
        let answer = web_get(&place, tag, MOST, PATIENCE);
        seen.push(place.clone());
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                failures.push(format!("{place}: {error}"));
                continue;
            }
        };
        match (answer.status, &known) {
            (200, _) => return Ok(kept(cache.as_ref(), answer)),
            (304, Some(known)) => return Ok(known.bytes.clone()),
            (304, None) => failures.push(format!("{place}: says that nothing changed since never")),
            (300..400, _) => redirect(&place, &answer, &mut places, &mut failures),
            (404, _) => failures.push(format!(
                "404: there is no object {} that is valid at {}",
                address.path, address.timestamp
            )),
            (status, _) => failures.push(format!("{place}: answers {status}")),
        }
    }
    Err(failures.join("; "))
}

/// The places that a redirect names, `Location` first, before those that are left.
fn redirect(place: &str, answer: &WebAnswer, places: &mut Vec<String>, failures: &mut Vec<String>) {
    if answer.locations.is_empty() {
        failures.push(format!("{place}: answers {} and no place", answer.status));
    }
    let mut named = Vec::new();
    for location in &answer.locations {
        match address::resolved(place, location) {
            Some(url) => named.push(url),
            None => failures.push(format!("{place}: leads to {location}, which is not asked")),
        }
    }
    places.splice(0..0, named);
}

/// The object of an answer, kept for the next time.
fn kept(cache: Option<&Cache>, answer: WebAnswer) -> Vec<u8> {
    if let (Some(cache), Some(etag)) = (cache, &answer.etag) {
        cache.write(etag, &answer.body);
    }
    answer.body
}
