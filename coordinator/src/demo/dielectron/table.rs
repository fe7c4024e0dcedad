//! The tables of a data frame, as Arrow batches.

use std::sync::Arc;

use anyhow::Result;
use arrow_array::{ArrayRef, Float32Array, Int32Array, RecordBatch, UInt8Array, UInt32Array};
use arrow_schema::{DataType, Field, Schema};

use super::pair::{LAST_OF_LEG, LEG, PAIR, Pair, VERTEX};

/// The pairs with all that is known of their legs.
pub(super) fn pairs(pairs: &[Pair]) -> Result<RecordBatch> {
    let mut table = Table::default();
    for (index, name) in PAIR.iter().enumerate() {
        table.floats(name, pairs.iter().map(|pair| pair.pair[index]));
    }
    let sign: Int32Array = pairs.iter().map(|pair| Some(pair.sign)).collect();
    table.add("fSign", DataType::Int32, Arc::new(sign));
    // All pairs pass the first filter, those of opposite charge the third.
    let filter = |pair: &Pair| Some(1 | u32::from(pair.sign == 0) << 2);
    let filter: UInt32Array = pairs.iter().map(filter).collect();
    table.add("fFilterMap", DataType::UInt32, Arc::new(filter));
    let decision: UInt32Array = pairs.iter().map(|pair| Some(pair.decision)).collect();
    table.add("fMcDecision", DataType::UInt32, Arc::new(decision));
    for leg in 0..2 {
        let numbered = |name: &str| format!("{name}{}", leg + 1);
        for (index, name) in LEG.iter().enumerate() {
            let values = pairs.iter().map(|pair| pair.legs[leg].values[index]);
            table.floats(&numbered(name), values);
            if *name == "fPhi" {
                let clusters = pairs.iter().map(|pair| Some(pair.legs[leg].its_clusters));
                let clusters: UInt8Array = clusters.collect();
                table.add(
                    &numbered("fITSClusterMap"),
                    DataType::UInt8,
                    Arc::new(clusters),
                );
            }
        }
        let last = pairs.iter().map(|pair| pair.legs[leg].last);
        table.floats(&numbered(LAST_OF_LEG), last);
    }
    for (index, name) in VERTEX.iter().enumerate() {
        table.floats(name, pairs.iter().map(|pair| pair.vertex[index]));
    }
    table.batch()
}

/// What stands beside them: the centrality, and scores that nobody has made yet.
pub(super) fn beside(pairs: &[Pair]) -> Result<RecordBatch> {
    let mut table = Table::default();
    table.floats("fCentFT0C", pairs.iter().map(|pair| pair.centrality));
    for name in ["fBdtBackground", "fBdtPrompt", "fBdtNonprompt"] {
        table.floats(name, pairs.iter().map(|_| -999.0));
    }
    table.batch()
}

#[derive(Default)]
struct Table {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
}

impl Table {
    fn add(&mut self, name: &str, data_type: DataType, column: ArrayRef) {
        self.fields.push(Field::new(name, data_type, false));
        self.columns.push(column);
    }

    fn floats(&mut self, name: &str, values: impl Iterator<Item = f64>) {
        let values = Float32Array::from_iter_values(values.map(|value| value as f32));
        self.add(name, DataType::Float32, Arc::new(values));
    }

    fn batch(self) -> Result<RecordBatch> {
        let schema = Arc::new(Schema::new(self.fields));
        Ok(RecordBatch::try_new(schema, self.columns)?)
    }
}
