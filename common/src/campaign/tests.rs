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
            limit_minutes: 240,
            accept: Share::ALL,
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

#[test]
fn metrics_keep_their_numbers_whatever_is_wrong_with_others() {
    let text = r#"
name = "c"
output = "out"
[[dataset]]
name = "a"
kind = "mc"
files = ["a.root"]
[[stage]]
name = "s"
keep = ["event", "MET_pt", "MET_pt aS met"]
[[stage.metric]]
ranking = { labell = "MET_pt", score = 3, per = "lumi", range = [0] }
[[stage.metric]]
histogram = { column = "MET_pt", bins = 10, range = [0, 1] }
[[stage.metric]]
histogram = { column = "MET_p", bins = 10, range = [0, 1] }
[[stage.metric]]
histogram = { column = "nothing", bins = 10, range = [0, 1] }
[[stage.metric]]
histogram = { column = "met", bins = 10, range = [0, 1] }
"#;
    let errors = Campaign::parse(text).unwrap_err();
    let said: Vec<String> = errors.0.iter().map(Problem::to_string).collect();
    let expected = [
        "stage[0].keep[2]: expected \"column\" or \"column as name\", found \"MET_pt aS met\"",
        "stage[0].metric[0].ranking.label: is missing",
        "stage[0].metric[0].ranking.score: expected a string, found integer",
        "stage[0].metric[0].ranking.per: expected \"row\" or \"event\", found \"lumi\"",
        "stage[0].metric[0].ranking.range: expected two numbers, [low, high], found array of 1",
        "stage[0].metric[0].ranking.labell: unknown key; did you mean label?",
        "stage[0].metric[2]: \"MET_p\" is not an output column of this stage; did you mean MET_pt?",
        "stage[0].metric[3]: \"nothing\" is not an output column of this stage; it has event, MET_pt",
    ];
    assert_eq!(said, expected);
}

#[test]
fn metrics_that_are_too_large_together_are_a_mistake() {
    let of = |count: usize, metric: &str| {
        let metrics = format!("[[stage.metric]]\n{metric}\n").repeat(count);
        Campaign::parse(&format!(
            "name = \"c\"\noutput = \"out\"\n[[dataset]]\nname = \"a\"\nkind = \"mc\"\n\
             files = [\"a.root\"]\n[[stage]]\nname = \"s\"\nkeep = [\"x\", \"w\"]\n{metrics}"
        ))
    };
    let large = "histogram = { column = \"x\", bins = 1_000_000, range = [0.0, 1.0] }";
    let errors = of(40, large).unwrap_err().to_string();
    assert!(
        errors.contains(
            "stage[0].metric: together they take 305 MiB for every shard that is processed, at most \
             128 MiB; the largest is metric[39], histogram of x, 1000000 bins of [0, 1], with 7 MiB"
        ),
        "{errors}"
    );
    assert!(
        errors.contains("stage: the histograms of all stages have 40000000 bins together"),
        "{errors}"
    );
    let weighted =
        "histogram = { column = \"x\", bins = 10_000, range = [0.0, 1.0], weight = \"w\" }";
    assert!(of(8, weighted).is_ok());
    assert!(of(100, weighted).is_err());
    let ranking = "ranking = { label = \"x\", score = \"w\", per = \"event\" }";
    assert!(of(40, ranking).is_ok());
    assert!(of(100, ranking).is_err());
}

#[test]
fn folds_are_there_before_any_model() {
    let of = |line: &str| {
        Campaign::parse(&format!(
            "name = \"c\"\noutput = \"out\"\n[[dataset]]\nname = \"a\"\nkind = \"mc\"\n\
             files = [\"a.root\"]\n[[stage]]\nname = \"s\"\nkeep = [\"x\", \"fold\"]\n{line}"
        ))
    };
    let stage = &of("folds = 5").unwrap().stages[0];
    assert_eq!(
        (stage.folds, stage.output_names()),
        (Some(5), vec!["x", "fold"])
    );
    assert_eq!(of("").unwrap().stages[0].folds, None);
    for wrong in ["folds = 1", "folds = 256", "folds = [\"a\"]"] {
        let errors = of(wrong).unwrap_err();
        assert_eq!(errors.0[0].path, "stage[0].folds", "{errors}");
    }
}

/// Its folder would be the place of the plan or of the report.
#[test]
fn a_stage_with_the_name_of_something_else_in_the_output() {
    for name in ["report", "plan.parquet", "campaign.toml"] {
        let text = format!(
            "name = \"a\"\noutput = \"out\"\n[[dataset]]\nname = \"d\"\nkind = \"mc\"\n\
             files = [\"a.root\"]\n[[stage]]\nname = \"{name}\"\nkeep = [\"x\"]\n"
        );
        let told = Campaign::parse(&text).unwrap_err().to_string();
        assert!(told.contains("stage[0].name"), "{told}");
        assert!(told.contains("something else in the output"), "{told}");
    }
}

/// A metric that calls it would be told twice.
#[test]
fn a_wrong_function_is_one_mistake_of_the_campaign() {
    let of = |functions: &str| {
        Campaign::parse(&format!(
            "name = \"c\"\noutput = \"out\"\n[[dataset]]\nname = \"a\"\nkind = \"mc\"\n\
             files = [\"a.root\"]\n[[stage]]\nname = \"s\"\nkeep = [\"k\", \"p\", \"scale\"]\n\
             [[stage.metric]]\nefficiency = {{ cuts = [\"binaryID(k, p) > 0.2\"] }}\n\
             [functions]\n{functions}"
        ))
    };
    let told = |functions: &str| {
        let errors = of(functions).unwrap_err();
        let problems = errors.0.iter().map(Problem::to_string);
        problems.collect::<Vec<_>>()
    };
    assert_eq!(
        told("half = \"(a) => a / 2\"\nbinaryID = \"(a, b) => half(a, b) / (a + b)\""),
        [
            "functions.binaryID: \"half\" takes 1 argument, but 2 are given\n  (a, b) => half(a, b) \
             / (a + b)\n            ^^^^^^^^^^"
        ]
    );
    assert_eq!(
        told("binaryID = \"(a, b) = a\""),
        ["functions.binaryID: unexpected \"=\"; to compare, write ==\n  (a, b) = a\n         ^"]
    );
    assert_eq!(
        told("binaryID = 3\nother = \"(a) => binaryID(a)\""),
        ["functions.binaryID: expected a string, found integer"]
    );
    let campaign = of(
        "other = \"(a) => a\"\nratio = \"(a) => scale * a\"\nbinaryID = \"(a, b) => ratio(a) / (a + b)\"",
    );
    let metric = campaign.unwrap().stages[0].metrics[0].clone();
    assert_eq!(metric.columns(), ["k", "p", "scale"]);
    let written = serde_json::to_string(&metric).unwrap();
    assert!(
        written.contains("ratio(a) / (a + b)") && !written.contains("other"),
        "{written}"
    );
}
