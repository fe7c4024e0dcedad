//! Edges of bins in JSON, which has no infinity: `"inf"` and `"-inf"`, as correctionlib writes them.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes edges, infinite ones as text.
pub(super) fn serialize<S: Serializer>(edges: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(edges.iter().copied().map(Edge))
}

/// Reads what [`serialize`] writes.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<f64>, D::Error> {
    let edges = Vec::<Edge>::deserialize(deserializer)?;
    Ok(edges.into_iter().map(|Edge(edge)| edge).collect())
}

struct Edge(f64);

impl Serialize for Edge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            f64::INFINITY => serializer.serialize_str("inf"),
            f64::NEG_INFINITY => serializer.serialize_str("-inf"),
            edge => serializer.serialize_f64(edge),
        }
    }
}

impl<'de> Deserialize<'de> for Edge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EdgeVisitor)
    }
}

struct EdgeVisitor;

impl Visitor<'_> for EdgeVisitor {
    type Value = Edge;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, \"inf\" or \"-inf\"")
    }

    fn visit_f64<E: Error>(self, edge: f64) -> Result<Edge, E> {
        Ok(Edge(edge))
    }

    fn visit_i64<E: Error>(self, edge: i64) -> Result<Edge, E> {
        Ok(Edge(edge as f64))
    }

    fn visit_u64<E: Error>(self, edge: u64) -> Result<Edge, E> {
        Ok(Edge(edge as f64))
    }

    fn visit_str<E: Error>(self, edge: &str) -> Result<Edge, E> {
        match edge {
            "inf" => Ok(Edge(f64::INFINITY)),
            "-inf" => Ok(Edge(f64::NEG_INFINITY)),
            other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
        }
    }
}
