//! Models whose tensors lie in other files, as exporters write large ones: put into one file, which
//! is what is hashed and travels.
//!
//! Knows no files: whoever asks reads them.

use std::collections::HashMap;

use prost::Message;

use super::message::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

/// More tensors than any model has in other files.
const FILES_LIMIT: usize = 64;
/// ONNX's number for values in another file.
const EXTERNAL: i32 = 1;

/// Where a tensor lies, without its values.
#[derive(Clone, PartialEq, prost::Message)]
struct Place {
    #[prost(int32, tag = "14")]
    data_location: i32,
}

/// The tensor of an attribute, without its values.
#[derive(Clone, PartialEq, prost::Message)]
struct PlaceOfAttribute {
    #[prost(message, optional, tag = "5")]
    t: Option<Place>,
}

/// A model with all of its tensors in it, of at most so many bytes; one that has them, and what is no
/// model, as it is. `read` gives a file by its path from the model's folder.
///
/// # Errors
/// When a path leads elsewhere, a file cannot be read or has not what the model says, or all together
/// are too large.
pub fn with_external_data(
    bytes: Vec<u8>,
    most: u64,
    read: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, String> {
    let Ok(mut model) = ModelProto::decode(bytes.as_slice()) else {
        return Ok(bytes);
    };
    let graph = model.graph.take().unwrap_or_default();
    let Ok(mut graph) = GraphProto::decode(graph.as_slice()) else {
        return Ok(bytes);
    };
    let mut files = Files {
        read,
        known: HashMap::new(),
        left: most.saturating_sub(bytes.len() as u64),
        most,
        found: false,
    };
    for initializer in &mut graph.initializer {
        if Place::decode(initializer.as_slice()).is_ok_and(|place| place.is_outside()) {
            *initializer = files.filled(initializer)?.encode_to_vec();
        }
    }
    for node in &mut graph.node {
        let Ok(mut known) = NodeProto::decode(node.as_slice()) else {
            continue;
        };
        let mut changed = false;
        for bytes in &mut known.attribute {
            let place = PlaceOfAttribute::decode(bytes.as_slice());
            if !place.is_ok_and(|of| of.t.is_some_and(|place| place.is_outside())) {
                continue;
            }
            let attribute = AttributeProto::decode(bytes.as_slice());
            let mut attribute = attribute.map_err(|error| error.to_string())?;
            if let Some(tensor) = &mut attribute.t {
                *tensor = files.filled(&tensor.encode_to_vec())?;
            }
            *bytes = attribute.encode_to_vec();
            changed = true;
        }
        if changed {
            *node = known.encode_to_vec();
        }
    }
    if !files.found {
        return Ok(bytes);
    }
    model.graph = Some(graph.encode_to_vec());
    Ok(model.encode_to_vec())
}

impl Place {
    fn is_outside(&self) -> bool {
        self.data_location == EXTERNAL
    }
}

/// The files that tensors lie in.
struct Files<'a> {
    read: &'a mut dyn FnMut(&str) -> Result<Vec<u8>, String>,
    known: HashMap<String, Vec<u8>>,
    /// Bytes that may still come in.
    left: u64,
    most: u64,
    found: bool,
}

impl Files<'_> {
    /// A tensor with its values.
    fn filled(&mut self, bytes: &[u8]) -> Result<TensorProto, String> {
        let tensor = TensorProto::decode(bytes).map_err(|error| error.to_string())?;
        let name = tensor.name.clone();
        self.taken(tensor).map_err(|reason| {
            format!("tensor {name:?} lies in another file (external data): {reason}")
        })
    }

    fn taken(&mut self, mut tensor: TensorProto) -> Result<TensorProto, String> {
        let entry = |key: &str| {
            let mut entries = tensor.external_data.iter();
            let found = entries.find(|entry| entry.key == key);
            found.map(|entry| entry.value.as_str())
        };
        let location = entry("location").unwrap_or_default();
        is_below(location)?;
        let number = |key: &str| match entry(key) {
            None | Some("") => Ok(None),
            Some(text) => match text.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(format!("its {key} is {text:?}, expected a number of bytes")),
            },
        };
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        let expected = size_of(&tensor)?;
        if let Some(length) = length
            && length != expected
        {
            return Err(format!(
                "{location} has {length} bytes for it, and its shape {:?} needs {expected}",
                tensor.dims
            ));
        }
        if expected > self.left {
            return Err(format!(
                "the model has more than the {} bytes that are read, with what lies in other files",
                self.most
            ));
        }
        self.left -= expected;
        let location = location.to_owned();
        let file = self.file(&location)?;
        let end = offset.saturating_add(expected);
        let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
        let values = range.and_then(|(start, end)| file.get(start..end));
        let values = values.ok_or_else(|| {
            let found = file.len();
            format!("{location} has {found} bytes, and its values are bytes {offset} to {end}")
        })?;
        tensor.raw_data = values.to_vec();
        tensor.data_location = 0;
        tensor.external_data.clear();
        self.found = true;
        Ok(tensor)
    }

    fn file(&mut self, location: &str) -> Result<&[u8], String> {
        if !self.known.contains_key(location) {
            if self.known.len() >= FILES_LIMIT {
                return Err(format!("it is of more than {FILES_LIMIT} files"));
            }
            let bytes = (self.read)(location).map_err(|error| {
                format!(
                    "{location}: {error}; keep it beside the model, or write the model as one file: \
                     onnx.save_model(onnx.load(\"m.onnx\"), \"whole.onnx\")"
                )
            })?;
            self.known.insert(location.to_owned(), bytes);
        }
        Ok(self.known.get(location).map_or(&[][..], Vec::as_slice))
    }
}

/// Refuses what is no path of a file below the model's folder.
fn is_below(location: &str) -> Result<(), String> {
    let plain = |part: &str| !part.is_empty() && part != ".." && part != ".";
    let is_plain = location.split('/').all(plain)
        && !location.contains(['\\', '\0', ':'])
        && !location.starts_with('~');
    match is_plain {
        true => Ok(()),
        false => Err(format!(
            "{location:?} is no file below the model's folder: it must be a relative path without .."
        )),
    }
}

/// Bytes of a tensor's values.
fn size_of(tensor: &TensorProto) -> Result<u64, String> {
    let each = match tensor.data_type {
        2 | 3 | 9 => 1,
        4 | 5 | 10 | 16 => 2,
        1 | 6 | 12 => 4,
        7 | 11 | 13 => 8,
        other => return Err(format!("it is of element type {other}")),
    };
    let size = tensor.dims.iter().try_fold(each, |size: u64, dim| {
        size.checked_mul(u64::try_from(*dim).ok()?)
    });
    size.ok_or_else(|| String::from("its dimensions are negative or overflow"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::message::StringStringEntryProto;
    use super::*;
    use crate::score::onnx::parse;

    fn network() -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graph_models");
        std::fs::read(folder.join("network.onnx")).unwrap()
    }

    /// The model with its weights in another file, each told by `told` of its offset and length.
    fn apart(told: &dyn Fn(usize, usize) -> Vec<(&'static str, String)>) -> (Vec<u8>, Vec<u8>) {
        let mut model = ModelProto::decode(network().as_slice()).unwrap();
        let graph = model.graph.take().unwrap();
        let mut graph = GraphProto::decode(graph.as_slice()).unwrap();
        let mut data = vec![7; 16];
        for bytes in &mut graph.initializer {
            let mut tensor = TensorProto::decode(bytes.as_slice()).unwrap();
            let values = std::mem::take(&mut tensor.raw_data);
            assert!(!values.is_empty());
            tensor.data_location = EXTERNAL;
            let entries = told(data.len(), values.len()).into_iter();
            tensor.external_data = entries
                .map(|(key, value)| StringStringEntryProto {
                    key: key.to_owned(),
                    value,
                })
                .collect();
            data.extend(values);
            *bytes = tensor.encode_to_vec();
        }
        model.graph = Some(graph.encode_to_vec());
        (model.encode_to_vec(), data)
    }

    fn usual(offset: usize, length: usize) -> Vec<(&'static str, String)> {
        vec![
            ("location", String::from("weights/m.data")),
            ("offset", offset.to_string()),
            ("length", length.to_string()),
        ]
    }

    #[test]
    fn weights_in_another_file_are_put_into_the_model() {
        let (model, data) = apart(&usual);
        let mut asked = Vec::new();
        let mut read = |location: &str| {
            asked.push(location.to_owned());
            Ok(data.clone())
        };
        let whole = with_external_data(model, 1 << 20, &mut read).unwrap();
        assert_eq!(asked, ["weights/m.data"], "once");
        let constants = |bytes: &[u8]| parse(bytes).unwrap().constants;
        assert_eq!(constants(&whole), constants(&network()));
        // What has nothing elsewhere stays as it is, whatever it is.
        let mut never = |_: &str| Err(String::from("not asked"));
        for bytes in [network(), b"text".to_vec(), Vec::new()] {
            let same = with_external_data(bytes.clone(), 1 << 20, &mut never);
            assert_eq!(same, Ok(bytes));
        }
    }

    #[test]
    fn a_model_reads_no_file_but_those_below_its_folder() {
        for location in [
            "../m.data",
            "/etc/passwd",
            "a/../../b",
            "",
            ".",
            "a//b",
            "C:\\m",
            "s3://a/b",
            "~/m",
            "a\0b",
        ] {
            let (model, _) = apart(&|_, _| vec![("location", location.to_owned())]);
            let mut never = |_: &str| panic!("{location:?} was read");
            let said = with_external_data(model, 1 << 20, &mut never).unwrap_err();
            assert!(
                said.contains("is no file below the model's folder"),
                "{said}"
            );
        }
    }

    #[test]
    fn what_other_files_do_not_have_is_said() {
        let said =
            |told: &dyn Fn(usize, usize) -> Vec<(&'static str, String)>, most, cut: usize| {
                let (model, data) = apart(told);
                let mut read = |_: &str| Ok(data[..data.len() - cut].to_vec());
                with_external_data(model, most, &mut read).unwrap_err()
            };
        let most = 1 << 20;
        let text = said(&usual, most, 1);
        assert!(
            text.contains("weights/m.data has 175 bytes, and its values are bytes 112 to 176"),
            "{text}"
        );
        let text = said(&usual, 300, 0);
        assert!(
            text.contains("more than the 300 bytes that are read"),
            "{text}"
        );
        let text = said(&|offset, length| usual(offset, length + 4), most, 0);
        assert!(
            text.contains("has 100 bytes for it, and its shape [3, 8] needs 96"),
            "{text}"
        );
        let text = said(
            &|_, _| vec![("location", "a".into()), ("offset", "-1".into())],
            most,
            0,
        );
        assert!(text.contains("its offset is \"-1\""), "{text}");
        let text = said(&|_, length| usual(usize::MAX, length), most, 0);
        assert!(
            text.contains("its values are bytes 18446744073709551615 to"),
            "{text}"
        );
        let (model, _) = apart(&usual);
        let mut gone = |_: &str| Err(String::from("No such file"));
        let text = with_external_data(model, most, &mut gone).unwrap_err();
        assert!(
            text.contains("weights/m.data: No such file; keep it beside the model"),
            "{text}"
        );
    }
}
