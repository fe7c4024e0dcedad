use super::*;

fn parse(text: &str) -> Result<MetricSpec, Vec<String>> {
    toml::from_str::<RawMetric>(text)
        .map_err(|error| vec![error.to_string()])?
        .validate()
}

#[test]
fn the_forms_of_a_campaign_file() {
    let ranking = parse(r#"ranking = { label = "HLT", score = "s", per = "event" }"#).unwrap();
    assert_eq!(ranking.columns(), ["HLT", "s"]);
    assert!(ranking.needs_events());
    let MetricSpec::Ranking(spec) = &ranking else {
        panic!("{ranking:?}")
    };
    assert_eq!((spec.bins(), spec.range()), (32_768, None));
    assert!(spec.may_be_probability());
    let drift = parse(r#"drift = { by = "run", columns = ["s", "m"] }"#).unwrap();
    assert!(!drift.needs_events());
    let drift = drift.in_stage(&StageNames {
        labels: vec!["HLT".into()],
        ..StageNames::default()
    });
    assert_eq!(drift.columns(), ["run", "s", "m", "HLT"]);
    assert!(drift.needs_events());
    let text = r#"histogram = { column = "m", bins = 120, range = [0.0, 120.0], weight = "w" }"#;
    let histogram = parse(text).unwrap();
    assert_eq!(histogram.columns(), ["m", "w"]);
    for spec in [ranking, drift, histogram] {
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<MetricSpec>(&text).unwrap(), spec);
    }
}

#[test]
fn every_mistake_is_told_with_its_key() {
    let errors = parse(r#"histogram = { column = "", bins = 0, range = [1.0, 1.0] }"#).unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(
        errors[2].starts_with("histogram.range: [1, 1]"),
        "{errors:?}"
    );
    for text in [
        r#"ranking = { label = "a", score = "a" }"#,
        r#"ranking = { label = "a", score = "b", range = [0.0, inf] }"#,
        r#"ranking = { label = "a", score = "b", bins = 4000000000 }"#,
        r#"ranking = { label = "a", score = "b", per = "lumi" }"#,
        r#"ranking = { label = "a", score = "b", colour = 1 }"#,
        r#"histogram = { column = "m", bins = 100, range = [1e300, 1.0000000000000002e300] }"#,
        r#"drift = { by = "run", columns = [] }"#,
        r#"drift = { by = "run", columns = ["m", "m"] }"#,
        "",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    let both = "histogram = { column = \"m\", bins = 1, range = [0.0, 1.0] }\ndrift = { by = \"run\", columns = [\"m\"] }";
    assert!(parse(both).unwrap_err()[0].contains("exactly one"));
}
