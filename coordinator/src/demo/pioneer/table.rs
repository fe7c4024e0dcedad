//! Events as an Arrow batch: one value an event, and a list of what its hits have.

use std::sync::Arc;

use anyhow::Result;
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Int32Array, ListArray, RecordBatch, UInt32Array,
    UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lumimill_rootfile::write::COUNTER;

use super::event::Event;
use super::target::Hit;

/// A branch, and what it holds.
type Branch<T, V> = (&'static str, fn(&T) -> V);

/// Branches of an event that are floats, and what they hold.
const FLOATS: [Branch<Event, f64>; 7] = [
    ("calo_energy", |event| event.truth.calorimeter),
    ("true_stop_x", |event| event.truth.stop[0]),
    ("true_stop_y", |event| event.truth.stop[1]),
    ("true_stop_z", |event| event.truth.stop[2]),
    ("true_dir_x", |event| event.truth.positron[0]),
    ("true_dir_y", |event| event.truth.positron[1]),
    ("true_dir_z", |event| event.truth.positron[2]),
];

/// Those of its hits.
const HIT_FLOATS: [Branch<Hit, f64>; 4] = [
    ("Hit_coord", Hit::coordinate),
    ("Hit_z", Hit::z),
    ("Hit_time", |hit| hit.time),
    ("Hit_energy", |hit| hit.energy),
];
const HIT_INTS: [Branch<Hit, i32>; 4] = [
    ("Hit_view", Hit::view),
    ("Hit_pdg", |hit| hit.particle.pdg()),
    ("Hit_particles", |hit| hit.particles),
    ("Hit_source", |hit| hit.source),
];

/// The branches, in their order.
pub(super) fn schema() -> SchemaRef {
    let one = |name: &str, data_type| Field::new(name, data_type, false);
    let mut fields = vec![
        one("run", DataType::UInt32),
        one("luminosityBlock", DataType::UInt32),
        one("event", DataType::UInt64),
        one("is_direct", DataType::Boolean),
        one("pions", DataType::Int32),
    ];
    fields.extend(FLOATS.map(|(name, _)| one(name, DataType::Float32)));
    fields.push(one("nHit", DataType::Int32));
    let list = |name: &str, data_type| {
        let counter = [(COUNTER.to_owned(), "nHit".to_owned())];
        one(name, DataType::List(item(data_type))).with_metadata(counter)
    };
    fields.extend(HIT_FLOATS.map(|(name, _)| list(name, DataType::Float32)));
    fields.extend(HIT_INTS.map(|(name, _)| list(name, DataType::Int32)));
    Arc::new(Schema::new(fields))
}

fn item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, false))
}

/// The columns of some events.
pub(super) fn batch(events: &[Event]) -> Result<RecordBatch> {
    let sections = events.iter().map(|event| event.section);
    let numbers = events.iter().map(|event| event.number);
    let direct = events.iter().map(|event| Some(event.truth.is_direct));
    let pions = events.iter().map(|event| event.pions);
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from(vec![1; events.len()])),
        Arc::new(UInt32Array::from_iter_values(sections)),
        Arc::new(UInt64Array::from_iter_values(numbers)),
        Arc::new(direct.collect::<BooleanArray>()),
        Arc::new(Int32Array::from_iter_values(pions)),
    ];
    for (_, value) in FLOATS {
        let values = events.iter().map(|event| value(event) as f32);
        columns.push(Arc::new(Float32Array::from_iter_values(values)));
    }
    let counts = events.iter().map(|event| event.hits.len() as i32);
    columns.push(Arc::new(Int32Array::from_iter_values(counts)));
    let hits = || events.iter().flat_map(|event| &event.hits);
    let listed = |data_type, values: ArrayRef| {
        let ends = OffsetBuffer::from_lengths(events.iter().map(|event| event.hits.len()));
        ListArray::try_new(item(data_type), ends, values, None)
    };
    for (_, value) in HIT_FLOATS {
        let values = Float32Array::from_iter_values(hits().map(|hit| value(hit) as f32));
        columns.push(Arc::new(listed(DataType::Float32, Arc::new(values))?));
    }
    for (_, value) in HIT_INTS {
        let values = Int32Array::from_iter_values(hits().map(value));
        columns.push(Arc::new(listed(DataType::Int32, Arc::new(values))?));
    }
    Ok(RecordBatch::try_new(schema(), columns)?)
}
