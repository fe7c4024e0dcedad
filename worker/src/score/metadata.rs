//! The names of a model's features, where its metadata tells them.

/// Keys under which exporters write all names at once.
const LIST_KEYS: [&str; 4] = [
    "feature_names",
    "features",
    "input_features",
    "feature_name",
];

/// Feature names in the model's order, from `feature_0`, `feature_1`… or from one entry that
/// lists them as JSON or separated by commas.
pub(super) fn feature_names(metadata: &[(String, String)]) -> Option<Vec<String>> {
    numbered(metadata).or_else(|| listed(metadata))
}

fn value<'a>(metadata: &'a [(String, String)], key: &str) -> Option<&'a str> {
    metadata
        .iter()
        .find(|(found, _)| found == key)
        .map(|(_, value)| value.as_str())
}

fn numbered(metadata: &[(String, String)]) -> Option<Vec<String>> {
    let names: Vec<String> = (0..metadata.len())
        .map_while(|index| value(metadata, &format!("feature_{index}")))
        .map(str::to_owned)
        .collect();
    (!names.is_empty()).then_some(names)
}

fn listed(metadata: &[(String, String)]) -> Option<Vec<String>> {
    let text = LIST_KEYS
        .iter()
        .find_map(|key| value(metadata, key))?
        .trim();
    let names: Vec<String> = match serde_json::from_str::<Vec<String>>(text) {
        Ok(names) => names,
        // Anything else in brackets is a list of something that is not a name.
        Err(_) if text.starts_with(['[', '{']) => return None,
        Err(_) => text.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    (!names.is_empty() && names.iter().all(|name| !name.is_empty())).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(entries: &[(&str, &str)]) -> Vec<(String, String)> {
        entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn numbered_entries_are_put_in_order() {
        let found = feature_names(&metadata(&[
            ("feature_1", "eta"),
            ("author", "x"),
            ("feature_0", "pt"),
        ]));
        assert_eq!(found, Some(vec!["pt".to_owned(), "eta".to_owned()]));
    }

    #[test]
    fn lists_are_json_or_separated_by_commas() {
        let expected = Some(vec!["pt".to_owned(), "eta".to_owned()]);
        assert_eq!(
            feature_names(&metadata(&[("feature_names", r#"["pt", "eta"]"#)])),
            expected
        );
        assert_eq!(
            feature_names(&metadata(&[("features", "pt, eta")])),
            expected
        );
    }

    #[test]
    fn other_metadata_name_nothing() {
        assert_eq!(feature_names(&metadata(&[("author", "x")])), None);
        assert_eq!(feature_names(&metadata(&[("features", "[1, 2]")])), None);
        assert_eq!(feature_names(&metadata(&[("features", "")])), None);
    }
}
