//! How many rows a model is given at a time.
//!
//! Of most models a row has the same bits in any batch, which a trial shows. Then the number is the
//! fastest of some, measured here and now, of which none makes the process grow by much: it shows in
//! no value. Else it is a fixed one, the same for everybody.

use std::time::{Duration, Instant};

use super::session::{Asked, Session, tried};
use crate::cpu_time::cpu_time;
use crate::resident::in_use;
use crate::score::tensor_values::TensorValues;

/// How many rows a model is given at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Batch {
    /// As many as is best.
    Any,
    /// So many, the last of which are repeated where there are fewer.
    Only(usize),
}

/// Batches of the trial, which are cut out of one.
const PIECES: [usize; 7] = [1, 2, 3, 5, 8, 16, 32];
/// A larger batch, that begins with the same rows.
const LARGER: usize = 259;
/// Rows at a time where bits depend on how many, and not on which.
const FIXED: usize = 64;
/// Sizes that are measured, in this order.
const SIZES: [usize; 6] = [1, 16, 64, 256, 1024, 4096];
/// What a batch may let the process grow by, in bytes.
const GROWTH: u64 = 64 << 20;
/// Rows that are few.
const SMALL: usize = 64;
/// Bytes of the inputs of a batch, at most.
const INPUT: usize = 16 << 20;
/// Larger batches are not tried when one takes so long.
const LONG: Duration = Duration::from_millis(200);
/// Runs of each size.
const RUNS: u32 = 3;

impl Batch {
    /// What a trial says of a model.
    ///
    /// # Errors
    /// Where it is to be given several rows that it does not keep apart, or gives no rows.
    pub(super) fn of(session: &mut Session, asked: &Asked) -> Result<Self, String> {
        match asked.declared() {
            Some(rows) if asked.mixes_rows() && rows > 1 => Err(format!(
                "it declares batches of {rows} rows, and has an operator whose values for a row depend \
                 on the rows beside it: export it for any number of rows"
            )),
            Some(rows) if rows <= 1 || keeps_rows_apart(session, asked, rows) => {
                Ok(Self::Only(rows.max(1)))
            }
            Some(rows) => Err(format!(
                "it declares batches of {rows} rows, and its values for a row depend on the rows \
                 beside it: export it for any number of rows"
            )),
            None if asked.mixes_rows() => Ok(Self::Only(1)),
            None if is_same_in_any(session, asked) => Ok(Self::Any),
            None if keeps_rows_apart(session, asked, FIXED) => Ok(Self::Only(FIXED)),
            None => bits(session, asked, &[1], &|place| place).map(|_| Self::Only(1)),
        }
    }

    /// What a person should know of it; `is_declared` when the model wants it so.
    pub(super) fn note(self, is_declared: bool) -> Option<String> {
        match self {
            Self::Only(1) if !is_declared => Some(String::from(
                "its values for a row depend on the rows beside it in a batch: rows are scored one \
                 at a time, which is slow",
            )),
            _ => None,
        }
    }
}

/// The bits of all outputs of made-up rows, in batches of these sizes, put together.
fn bits(
    session: &mut Session,
    asked: &Asked,
    sizes: &[usize],
    from: &dyn Fn(usize) -> usize,
) -> Result<Vec<Vec<u64>>, String> {
    let rows = sizes.iter().sum();
    let values = tried(asked, rows, from);
    let values: Vec<&TensorValues> = values.iter().collect();
    let mut all: Vec<Vec<u64>> = Vec::new();
    let mut start = 0;
    for size in sizes {
        let stop = start + size;
        session.run(asked, &values, start..stop, *size, |outputs| {
            let found = outputs.bits(*size)?;
            all.resize_with(found.len(), Vec::new);
            for (all, found) in all.iter_mut().zip(found) {
                all.extend(found);
            }
            Ok(())
        })?;
        start = stop;
    }
    Ok(all)
}

/// Whether each row has the same bits in every batch of a trial.
fn is_same_in_any(session: &mut Session, asked: &Asked) -> bool {
    let rows: usize = PIECES.iter().sum();
    let whole = bits(session, asked, &[rows], &|place| place);
    let pieces = bits(session, asked, &PIECES, &|place| place);
    let larger = bits(session, asked, &[LARGER], &|place| place);
    match (whole, pieces, larger) {
        (Ok(whole), Ok(pieces), Ok(larger)) => {
            let mut begun = whole.iter().zip(&larger);
            whole == pieces && begun.all(|(whole, larger)| larger.starts_with(whole))
        }
        _ => false,
    }
}

/// Whether each row has the same bits wherever it is in a batch of this size and whatever is beside
/// it.
fn keeps_rows_apart(session: &mut Session, asked: &Asked, rows: usize) -> bool {
    // By an odd number of places: by no multiple of the widths that engines work in. Others come
    // in for those that leave, as an order alone changes neither a sum nor a mean of the batch.
    let moved = (rows / 2) | 1;
    let before = bits(session, asked, &[rows], &|place| place);
    let after = bits(session, asked, &[rows], &|place| place + moved);
    match (before, after) {
        (Ok(before), Ok(after)) => before.iter().zip(&after).all(|(before, after)| {
            let width = before.len() / rows.max(1);
            let stayed = before.iter().skip(moved * width);
            stayed.eq(after.iter().take(rows.saturating_sub(moved) * width))
        }),
        _ => false,
    }
}

/// The fastest size here, as far as it is within bounds.
pub(super) fn best(session: &mut Session, asked: &Asked) -> usize {
    let width: usize = asked.inputs().iter().map(|input| input.columns.len()).sum();
    let most = (INPUT / 8 / width.max(1)).max(1);
    let mut best = (1, f64::INFINITY);
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        let before = in_use();
        let Some(time) = time_of(session, asked, size) else {
            break;
        };
        // What others take meanwhile may look like it; small ones take little.
        if size > SMALL && in_use().saturating_sub(before) > GROWTH {
            break;
        }
        let each = time.as_secs_f64() / size as f64;
        if each < best.1 {
            best = (size, each);
        }
        if time > LONG {
            break;
        }
    }
    best.0
}

/// The shortest of some runs.
fn time_of(session: &mut Session, asked: &Asked, size: usize) -> Option<Duration> {
    let values = tried(asked, size, &|row| row);
    let values: Vec<&TensorValues> = values.iter().collect();
    let mut shortest: Option<Duration> = None;
    for _ in 0..RUNS {
        let (start, cpu) = (Instant::now(), cpu_time());
        let ran = session.run(asked, &values, 0..size, size, |_| Ok(()));
        ran.ok()?;
        let time = match (cpu, cpu_time()) {
            (Some(before), Some(after)) if after > before => after - before,
            _ => start.elapsed(),
        };
        shortest = Some(shortest.map_or(time, |before| before.min(time)));
        if time > LONG {
            break;
        }
    }
    shortest
}
