use super::*;

const TRIGGER: &str = include_str!("../../tests/campaigns/doublemuon-2016g.toml");

#[test]
fn the_trigger_emulator_parses_as_written() {
    let campaign = Campaign::parse(TRIGGER).unwrap();
    assert_eq!(campaign.name.as_str(), "doublemuon-2016g");
    assert_eq!(
        campaign.shards,
        ShardPolicy {
            events: 200_000,
            max_attempts: 3,
            limit_minutes: 240
        }
    );
    let stage = &campaign.stages[0];
    assert_eq!(stage.datasets, ["DoubleMuon2016G"]);
    assert_eq!(
        stage.keep[1],
        Keep {
            column: "luminosityBlock".into(),
            name: "lumi".into()
        }
    );
    let names: Vec<_> = stage
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["m_mumu", "pt_mumu", "eta_mumu", "dR_mumu", "lead_iso"]
    );
    assert_eq!(stage.models[0].class, Some(1));
    assert!(matches!(
        &stage.rows,
        Rows::Pairs {
            charge: Charge::Opposite,
            ..
        }
    ));
}

#[test]
fn all_mistakes_are_reported_together_with_their_paths() {
    let text = r#"
name = "../escape"
outptu = "out"
[[dataset]]
name = "a"
kind = "dta"
files = "a.root"
[shards]
events = 0
[[stage]]
name = "s"
rows = { pairs = "Muon", chrage = "opposite" }
keep = ["run as"]
[[stage.model]]
name = "m"
inputs = ["x"]
"#;
    let errors = Campaign::parse(text).unwrap_err();
    let paths: Vec<_> = errors
        .0
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "name",
            "output",
            "dataset[0].kind",
            "dataset[0].files",
            "shards.events",
            "stage[0].rows.chrage",
            "stage[0].keep[0]",
            "stage[0].model[0]",
            "outptu",
        ]
    );
    let text = errors.to_string();
    assert!(text.contains("did you mean charge?"), "{text}");
    assert!(text.contains("did you mean output?"), "{text}");
}

#[test]
fn a_broken_file_names_the_line() {
    let text = Campaign::parse("name = ").unwrap_err().to_string();
    assert!(
        text.contains("not valid TOML") && text.contains("line 1"),
        "{text}"
    );
}

#[test]
fn a_password_in_a_url_is_refused_and_not_repeated() {
    for text in [
        "name = \"demo\"\noutput = \"s3://key:hunter2@bucket/x\"",
        "name = \"demo\"\n# once s3://key:hun/ter2@bucket/x\n",
        "name = \"demo\"\noutput = s3://key:hunter2@bucket/x",
        "name = \"demo\"\nfiles = [\"https://user:hunter2@host/a.root\"]",
    ] {
        let errors = Campaign::parse(text).unwrap_err();
        let shown = format!("{errors:?} {}", errors.0[0]);
        assert!(!shown.contains("hun"), "{shown}");
        assert!(shown.contains("line 2"), "{shown}");
    }
}

#[test]
fn a_campaign_of_mistakes_alone_is_refused_before_all_of_them_are_found() {
    let unknown: String = (0..50_000)
        .map(|number| format!("u{number} = 1\n"))
        .collect();
    let errors = Campaign::parse(&unknown).unwrap_err();
    assert_eq!(errors.0.len(), 1001);
    assert!(errors.0[1000].message.contains("1000 mistakes or more"));
    let errors = Campaign::parse(&"[[stage]]\n".repeat(100_000)).unwrap_err();
    let shown = errors.to_string();
    assert!(shown.contains("has 100000 tables, at most 1000"), "{shown}");
    let errors = Campaign::parse(&format!("x = {}", "[".repeat(1 << 18))).unwrap_err();
    assert!(errors.to_string().len() < 500, "{errors}");
}
