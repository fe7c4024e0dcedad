//! A sample of the rows of a shard: those of the events with the lowest hashes, whole events up to so
//! many rows. It depends on the events alone, not on their order or on how they come in batches.

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::ArrowError;
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use twox_hash::XxHash64;

/// Seed of the hash by which events are in the sample.
const SAMPLED: u64 = 1;

/// Run, lumi section and event.
pub(super) type EventKey = (u32, u32, u64);

/// Which row it is of which event, in the order of the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowKey {
    hash: u64,
    event: EventKey,
    number: u32,
}

/// Rows of the sample so far, and maybe some too many.
#[derive(Debug)]
pub(super) struct Sample {
    columns: Vec<String>,
    most: usize,
    keys: Vec<RowKey>,
    parts: Vec<RecordBatch>,
    /// Events from here on are not in the sample.
    end: Option<(u64, EventKey)>,
}

fn bytes_of((run, lumi, event): EventKey) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&run.to_le_bytes());
    bytes[4..8].copy_from_slice(&lumi.to_le_bytes());
    bytes[8..].copy_from_slice(&event.to_le_bytes());
    bytes
}

impl RowKey {
    /// Keys of rows, each of an event; those of one event are side by side.
    pub(super) fn of_rows(events: &[EventKey]) -> Vec<Self> {
        let mut keys: Vec<Self> = Vec::with_capacity(events.len());
        for event in events {
            let before = keys.last().filter(|before| before.event == *event);
            keys.push(match before {
                Some(before) => Self {
                    number: before.number.saturating_add(1),
                    ..*before
                },
                None => Self {
                    hash: XxHash64::oneshot(SAMPLED, &bytes_of(*event)),
                    event: *event,
                    number: 0,
                },
            });
        }
        keys
    }

    /// The hash of its event, and the event.
    pub(super) fn event(self) -> (u64, EventKey) {
        (self.hash, self.event)
    }

    /// Its place when a feature is shuffled.
    pub(super) fn shuffled(self, feature: &str) -> u64 {
        let mut bytes = [0; 20];
        bytes[..16].copy_from_slice(&bytes_of(self.event));
        bytes[16..].copy_from_slice(&self.number.to_le_bytes());
        let seed = XxHash64::oneshot(0, feature.as_bytes());
        XxHash64::oneshot(seed, &bytes)
    }
}

impl Sample {
    /// Of at most so many rows, of which these columns are kept.
    pub(super) fn of(columns: Vec<String>, most: usize) -> Self {
        Self {
            columns,
            most,
            keys: Vec::new(),
            parts: Vec::new(),
            end: None,
        }
    }

    /// Takes what is to be in the sample of these rows.
    pub(super) fn add(&mut self, rows: &RecordBatch, keys: &[RowKey]) -> Result<(), ArrowError> {
        let is_in = |key: &RowKey| self.end.is_none_or(|end| key.event() < end);
        let chosen = (0u32..).zip(keys).filter(|(_, key)| is_in(key));
        let (chosen, keys): (Vec<u32>, Vec<RowKey>) = chosen.map(|(row, key)| (row, *key)).unzip();
        if keys.is_empty() {
            return Ok(());
        }
        let fields = rows.schema_ref().fields().iter().enumerate();
        let read = fields.filter(|(_, field)| self.columns.contains(field.name()));
        let read: Vec<usize> = read.map(|(index, _)| index).collect();
        let rows = rows.project(&read)?;
        self.parts
            .push(take_record_batch(&rows, &UInt32Array::from(chosen))?);
        self.keys.extend(keys);
        match self.keys.len() > 2 * self.most {
            true => self.settle(),
            false => Ok(()),
        }
    }

    /// Puts the rows in order, and leaves out events that are too many.
    fn settle(&mut self) -> Result<(), ArrowError> {
        let Some(schema) = self.parts.first().map(RecordBatch::schema) else {
            return Ok(());
        };
        let mut order: Vec<(RowKey, u32)> = self.keys.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let mut kept = 0;
        for event in order.chunk_by(|(one, _), (other, _)| one.event() == other.event()) {
            if kept + event.len() > self.most {
                self.end = event.first().map(|(key, _)| key.event());
                break;
            }
            kept += event.len();
        }
        order.truncate(kept);
        let rows = UInt32Array::from_iter_values(order.iter().map(|(_, row)| *row));
        let all = concat_batches(&schema, &self.parts)?;
        self.parts = vec![take_record_batch(&all, &rows)?];
        self.keys = order.into_iter().map(|(key, _)| key).collect();
        Ok(())
    }

    /// The keys and the rows, in order; nothing where there are no rows.
    pub(super) fn rows(mut self) -> Result<Option<(Vec<RowKey>, RecordBatch)>, ArrowError> {
        self.settle()?;
        let rows = self.parts.pop().filter(|rows| rows.num_rows() > 0);
        Ok(rows.map(|rows| (self.keys, rows)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float32Array, UInt64Array};

    use super::*;

    /// Reference: `xxhash.xxh64_intdigest(struct.pack("<IIQ", 1, 2, 3), 1)`, and of
    /// `struct.pack("<IIQI", 1, 2, 3, 4)` with the seed `xxhash.xxh64_intdigest(b"pt", 0)`.
    #[test]
    fn hashes_are_those_that_python_computes() {
        let keys = RowKey::of_rows(&[(1, 2, 3); 5]);
        assert_eq!(keys[4].event().0, 10_720_973_268_374_522_734);
        assert_eq!(keys[4].shuffled("pt"), 16_252_540_022_535_031_239);
    }

    /// Events of one to four rows, and one of a hundred.
    fn rows() -> (Vec<EventKey>, RecordBatch) {
        let mut events: Vec<EventKey> = Vec::new();
        for event in 0..800u64 {
            let count = if event == 17 { 100 } else { 1 + event % 4 };
            events.extend((0..count).map(|_| (1, 1 + (event / 100) as u32, event)));
        }
        let numbers = UInt64Array::from_iter_values(events.iter().map(|event| event.2));
        let values = (0..events.len()).map(|row| row as f32);
        let columns: [(&str, ArrayRef); 2] = [
            ("event", Arc::new(numbers)),
            ("x", Arc::new(Float32Array::from_iter_values(values))),
        ];
        (events, RecordBatch::try_from_iter(columns).unwrap())
    }

    fn sampled(most: usize, cuts: &[usize], backwards: bool) -> (Vec<RowKey>, RecordBatch) {
        let (events, rows) = rows();
        let mut parts: Vec<(usize, usize)> = Vec::new();
        let mut start = 0;
        for cut in cuts.iter().copied().chain([events.len()]) {
            // Events are whole.
            let mut stop = cut;
            while stop < events.len() && stop > 0 && events[stop] == events[stop - 1] {
                stop += 1;
            }
            parts.push((start, stop));
            start = stop;
        }
        if backwards {
            parts.reverse();
        }
        let mut sample = Sample::of(vec![String::from("x")], most);
        for (start, stop) in parts {
            let keys = RowKey::of_rows(&events[start..stop]);
            let part = rows.slice(start, stop - start);
            sample.add(&part, &keys).unwrap();
        }
        sample.rows().unwrap().unwrap()
    }

    #[test]
    fn a_sample_does_not_depend_on_batches_or_on_their_order() {
        for most in [100, 150, 400, 10_000] {
            let (keys, rows) = sampled(most, &[], false);
            assert!(keys.len() <= most && keys.len() + 100 > most.min(2_000));
            assert!(keys.is_sorted() && rows.num_columns() == 1);
            for cuts in [
                vec![1, 300, 700, 710, 1_500],
                (1..60).map(|at| at * 30).collect(),
            ] {
                for backwards in [false, true] {
                    assert_eq!(
                        sampled(most, &cuts, backwards),
                        (keys.clone(), rows.clone())
                    );
                }
            }
        }
    }
}
