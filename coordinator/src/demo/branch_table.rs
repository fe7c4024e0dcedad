//! The branches of the demo's `Events` tree, and the columns of a cluster being filled.
//!
//! Names and types follow NanoAOD v12; a branch `Muon_pt` is as long per event as `nMuon` says.

use anyhow::Result;
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Int32Array, ListArray, RecordBatch, UInt32Array,
    UInt64Array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lumimill_rootfile::write::COUNTER;
use std::sync::Arc;

use DataType::{Boolean, Float32, Int32, UInt32, UInt64};

/// Collections whose branches are as long as their counter, `n` and the name, says.
const COLLECTIONS: [&str; 3] = ["Muon", "Electron", "Jet"];

/// Every branch, in the order of the file; counters come before what they count.
const BRANCHES: &[(&str, DataType)] = &[
    ("run", UInt32),
    ("luminosityBlock", UInt32),
    ("event", UInt64),
    ("bunchCrossing", Int32),
    ("nMuon", Int32),
    ("Muon_pt", Float32),
    ("Muon_eta", Float32),
    ("Muon_phi", Float32),
    ("Muon_mass", Float32),
    ("Muon_charge", Int32),
    ("Muon_pfRelIso04_all", Float32),
    ("Muon_dxy", Float32),
    ("Muon_dz", Float32),
    ("Muon_sip3d", Float32),
    ("Muon_nTrackerLayers", Int32),
    ("Muon_looseId", Boolean),
    ("Muon_mediumId", Boolean),
    ("Muon_tightId", Boolean),
    ("nElectron", Int32),
    ("Electron_pt", Float32),
    ("Electron_eta", Float32),
    ("Electron_phi", Float32),
    ("Electron_mass", Float32),
    ("Electron_charge", Int32),
    ("Electron_cutBased", Int32),
    ("nJet", Int32),
    ("Jet_pt", Float32),
    ("Jet_eta", Float32),
    ("Jet_phi", Float32),
    ("Jet_mass", Float32),
    ("Jet_btagDeepFlavB", Float32),
    ("Jet_nConstituents", Int32),
    ("MET_pt", Float32),
    ("MET_phi", Float32),
    ("MET_sumEt", Float32),
    ("PV_npvs", Int32),
    ("PV_npvsGood", Int32),
    ("PV_z", Float32),
    ("fixedGridRhoFastjetAll", Float32),
    ("Flag_goodVertices", Boolean),
    ("HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ", Boolean),
    ("HLT_Mu17_Mu8", Boolean),
    ("HLT_Mu17_Mu8_DZ", Boolean),
    ("HLT_IsoMu24", Boolean),
    ("HLT_Mu50", Boolean),
];

/// A value of a branch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Flag(bool),
    Int(i32),
    UInt(u32),
    ULong(u64),
    Float(f64),
}

/// The columns of a cluster that is being filled, one vector a branch.
#[derive(Debug)]
pub(super) struct Cluster {
    columns: Vec<Vec<Value>>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            columns: vec![Vec::new(); BRANCHES.len()],
        }
    }
}

impl Cluster {
    /// Entries filled so far: those of the first branch.
    pub(super) fn entries(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Appends a value to a branch of the table; a name that is not there is a mistake in this
    /// module's callers, which the tests find as columns of unequal length.
    pub(super) fn push(&mut self, branch: &str, value: Value) {
        let position = BRANCHES.iter().position(|(name, _)| *name == branch);
        debug_assert!(position.is_some(), "no branch {branch}");
        if let Some(column) = position.and_then(|i| self.columns.get_mut(i)) {
            column.push(value);
        }
    }

    /// The columns as Arrow arrays: lists for collections.
    pub(super) fn into_batch(self) -> Result<RecordBatch> {
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(BRANCHES.len());
        for ((name, data_type), values) in BRANCHES.iter().zip(&self.columns) {
            let flat = array(data_type, values);
            arrays.push(match collection(name).and_then(|c| self.counts(c)) {
                Some(counts) => {
                    let item = Arc::new(Field::new("item", data_type.clone(), false));
                    Arc::new(ListArray::try_new(
                        item,
                        OffsetBuffer::from_lengths(counts),
                        flat,
                        None,
                    )?)
                }
                None => flat,
            });
        }
        Ok(RecordBatch::try_new(schema(), arrays)?)
    }

    fn counts(&self, collection: &str) -> Option<Vec<usize>> {
        let position = BRANCHES
            .iter()
            .position(|(name, _)| name.strip_prefix('n') == Some(collection))?;
        let count = |value: &Value| {
            if let Value::Int(n) = value {
                *n as usize
            } else {
                0
            }
        };
        self.columns
            .get(position)
            .map(|column| column.iter().map(count).collect())
    }
}

/// The Arrow schema of the tree, with the counter named where there is one.
pub(super) fn schema() -> SchemaRef {
    let field = |(name, data_type): &(&str, DataType)| match collection(name) {
        Some(collection) => {
            let item = Arc::new(Field::new("item", data_type.clone(), false));
            let list = Field::new(*name, DataType::List(item), false);
            list.with_metadata([(COUNTER.to_owned(), format!("n{collection}"))])
        }
        None => Field::new(*name, data_type.clone(), false),
    };
    Arc::new(Schema::new(BRANCHES.iter().map(field).collect::<Vec<_>>()))
}

/// The collection that a branch belongs to, if it is in one.
fn collection(branch: &str) -> Option<&'static str> {
    let (prefix, _) = branch.split_once('_')?;
    COLLECTIONS.into_iter().find(|name| *name == prefix)
}

fn array(data_type: &DataType, values: &[Value]) -> ArrayRef {
    macro_rules! of {
        ($array:ty, $variant:ident, $($convert:tt)*) => {
            Arc::new(values.iter().filter_map(|v| match *v {
                Value::$variant(x) => Some(Some(x $($convert)*)),
                _ => None,
            }).collect::<$array>())
        };
    }
    match data_type {
        Boolean => of!(BooleanArray, Flag,),
        Int32 => of!(Int32Array, Int,),
        UInt32 => of!(UInt32Array, UInt,),
        UInt64 => of!(UInt64Array, ULong,),
        _ => of!(Float32Array, Float, as f32),
    }
}
