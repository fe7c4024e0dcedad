//! Events that are there more than once: what is found, what is said, what is left out.

use std::iter::once;

use lumimill_common::entry_set::EntrySet;

use super::*;

fn with(policy: &str) -> String {
    format!("[shards]\nevents = 100\n[certification]\nduplicates = \"{policy}\"\n{DATA}")
}

fn dropped(plan: &Plan) -> Vec<(&str, EntrySet)> {
    let shards = plan.shards.iter();
    shards
        .map(|shard| (shard.file.url.as_str(), shard.dropped.clone()))
        .collect()
}

/// Lumi sections 1 to 4 in `a.root`, one event of them twice, and four again in `b.root`.
fn overlapping(base: &Path) {
    let mut rows = clusters(1, 1, 4);
    rows[3].push((1, 4, 40));
    write_file(&base.join("a.root"), &rows, &[], 3);
    let more: Vec<Row> = (46..52).map(|event| (1, 4, event)).collect();
    write_file(&base.join("b.root"), &[more], &[(1, 2), (1, 4)], 3);
}

#[test]
fn duplicate_events_of_data_are_an_error_that_says_where() {
    let folder = folder();
    overlapping(folder.path());
    let error = plan_with(DATA, folder.path(), 2).unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"
    dataset "D": 5 events are there more than once, in 1 lumi section of a.root, b.root
      run 1, lumi section 4: 5 events more than once, such as 40, 46, 47, 48, 49, in a.root and b.root
      take out what repeats other files, or set [certification] duplicates = "first", which counts the first of each, or "keep"
    "#);
}

#[test]
fn duplicate_events_are_kept_or_all_but_the_first_dropped() {
    let folder = folder();
    let base = folder.path();
    overlapping(base);
    let kept = plan_with(&with("keep"), base, 1).unwrap();
    assert!(dropped(&kept).iter().all(|(_, dropped)| dropped.is_empty()));
    let first = plan_with(&with("first"), base, 1).unwrap();
    let expected = [
        ("a.root", EntrySet::from_ranges(once(40..41))),
        ("b.root", EntrySet::from_ranges(once(0..4))),
    ];
    assert_eq!(dropped(&first), expected);
    for (plan, fate) in [
        (&kept, "each counts as often as it is there"),
        (&first, "left out"),
    ] {
        let said = PlanSummary::of(plan).to_string();
        assert!(
            said.contains("5 events more than once, in 1 lumi section:"),
            "{said}"
        );
        assert!(
            said.contains(fate) && said.contains("such as 40, 46"),
            "{said}"
        );
        let back = Plan::from_parquet(plan.to_parquet().unwrap()).unwrap();
        assert_eq!(&back, plan);
    }
    let ids = |plan: &Plan| plan.shards.iter().map(|shard| shard.id).collect::<Vec<_>>();
    assert_ne!(ids(&kept), ids(&first));
}

#[test]
fn parts_of_a_shard_drop_what_is_theirs() {
    let folder = folder();
    let base = folder.path();
    overlapping(base);
    let mut plan = plan_with(&with("first"), base, 1).unwrap();
    let parts = std::num::NonZeroU32::new(3).unwrap();
    let all = plan.shards.iter().map(|shard| (shard.id, parts)).collect();
    plan.split(&all, base).unwrap();
    let a: Vec<_> = plan
        .shards
        .iter()
        .filter(|shard| shard.file.url == "a.root")
        .collect();
    assert_eq!(a.len(), 3);
    let dropped: Vec<u64> = a.iter().map(|shard| shard.dropped.len()).collect();
    assert_eq!(dropped, [0, 0, 1]);
    let b = plan
        .shards
        .iter()
        .filter(|shard| shard.file.url == "b.root");
    assert_eq!(
        b.map(|shard| shard.dropped.len()).collect::<Vec<_>>(),
        [2, 2, 0]
    );
}

/// `hadd in.root a.root a.root`: every event twice in one file.
#[test]
fn the_same_event_twice_in_one_file() {
    let folder = folder();
    let base = folder.path();
    let rows = [clusters(1, 1, 3), clusters(1, 1, 3)].concat();
    write_file(&base.join("in.root"), &rows, &[], 3);
    let error = plan_with(DATA, base, 1).unwrap_err().to_string();
    assert!(
        error.contains("30 events are there more than once, in 3 lumi sections of in.root"),
        "{error}"
    );
    let plan = plan_with(&with("first"), base, 1).unwrap();
    assert_eq!(
        dropped(&plan),
        [("in.root", EntrySet::from_ranges(once(30..60)))]
    );
}

#[test]
fn the_same_file_under_two_names_and_in_two_datasets() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 2), &[], 3);
    fs::copy(base.join("a.root"), base.join("copy.root")).unwrap();
    let error = plan_with(DATA, base, 1).unwrap_err().to_string();
    assert!(
        error.contains("a.root and copy.root are the same file"),
        "{error}"
    );
    fs::remove_file(base.join("copy.root")).unwrap();
    std::os::unix::fs::symlink("a.root", base.join("link.root")).unwrap();
    plan_with(DATA, base, 1).unwrap();
    fs::hard_link(base.join("a.root"), base.join("hard.root")).unwrap();
    let error = plan_with(DATA, base, 1).unwrap_err().to_string();
    assert!(error.contains("20 events"), "{error}");
    let one = DATA.replace("*.root", "a.root");
    let two = one.clone() + &one.replace("\"D\"", "\"E\"");
    let error = plan_with(&two, base, 1).unwrap_err().to_string();
    assert!(
        error.contains("datasets \"D\", \"E\": 20 events are there more than once")
            && error.contains("a.root (dataset D) and a.root (dataset E)"),
        "{error}"
    );
}

/// Two stages that read one data set each make two tables: no event is in one of them twice.
#[test]
fn data_sets_that_no_stage_reads_together_are_not_compared() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 2), &[], 3);
    let one = DATA.replace("*.root", "a.root");
    let two = one.clone() + &one.replace("\"D\"", "\"E\"");
    let stage = "[[stage]]\nname = \"t\"\nfrom = \"D\"\nkeep = [\"run\"]\n";
    let text = format!("name = \"c\"\noutput = \"out\"\n{two}{stage}");
    let both = text.clone()
        + &stage
            .replace("\"t\"", "\"u\"")
            .replace("from = \"D\"", "from = \"E\"");
    let slots = NonZeroUsize::new(1).unwrap();
    let planned = |text: &str| {
        let campaign = Campaign::parse(text).unwrap();
        plan(&campaign, base, &prepared(&campaign), slots)
    };
    planned(&both).unwrap();
    let together = text
        + &stage
            .replace("\"t\"", "\"u\"")
            .replace("from = \"D\"\n", "");
    planned(&together).unwrap_err();
    // Only the stage that reads both leaves anything out.
    let first =
        format!("[certification]\nduplicates = \"first\"\n{two}[shards]\nevents = 100\n{stage}");
    let first = format!("name = \"c\"\noutput = \"out\"\n{first}")
        + &stage
            .replace("\"t\"", "\"u\"")
            .replace("from = \"D\"\n", "");
    let plan = planned(&first).unwrap();
    let dropped: Vec<u64> = plan
        .shards
        .iter()
        .map(|shard| shard.dropped.len())
        .collect();
    assert_eq!(dropped, [0, 0, 20]);
    assert_eq!(plan.duplicates.unwrap().events, 20);
}

#[test]
fn an_event_that_is_there_thrice_is_one_event_with_two_copies() {
    let folder = folder();
    let base = folder.path();
    for name in ["a.root", "b.root", "c.root"] {
        write_file(&base.join(name), &clusters(1, 1, 2), &[], 3);
    }
    let refused = plan_with(DATA, base, 1).unwrap_err().to_string();
    let says = "20 events are there more than once (40 copies beside the first of each), in 2 lumi";
    assert!(refused.contains(says), "{refused}");
    for (policy, says) in [
        (
            "first",
            "20 events more than once, in 2 lumi sections: the first of each counts, 40 copies are \
             left out",
        ),
        (
            "keep",
            "20 events more than once, in 2 lumi sections: each counts as often as it is there (40 \
             copies beside the first of each)",
        ),
    ] {
        let plan = plan_with(&with(policy), base, 1).unwrap();
        let summary = PlanSummary::of(&plan);
        assert_eq!(
            (summary.duplicate_events, summary.duplicate_copies),
            (20, 40)
        );
        let said = summary.to_string();
        assert!(said.contains(says), "{said}");
        assert!(
            said.contains("10 events more than once (20 copies"),
            "{said}"
        );
    }
}

/// Many a private sample numbers its events anew in every file.
#[test]
fn events_of_simulation_that_are_there_twice_are_kept_with_a_note() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 3), &[], 3);
    write_file(&base.join("b.root"), &clusters(1, 3, 2), &[], 3);
    let plan = plan_with(MC, base, 1).unwrap();
    assert_eq!(plan.duplicates, None);
    assert_eq!(plan.notes.len(), 1);
    assert!(
        plan.notes[0].contains("dataset \"M\": 10 events are there more than once"),
        "{:?}",
        plan.notes
    );
    let first = format!("[shards]\nevents = 100\n[certification]\nduplicates = \"first\"\n{MC}");
    let plan = plan_with(&first, base, 1).unwrap();
    assert_eq!(plan.shards[1].dropped, EntrySet::from_ranges(once(0..10)));
    let error = format!("[certification]\nduplicates = \"error\"\n{MC}");
    plan_with(&error, base, 1).unwrap_err();
}

#[test]
fn shared_lumi_sections_without_a_doubled_event_are_not_worth_a_word() {
    let folder = folder();
    let base = folder.path();
    write_file(
        &base.join("a.root"),
        &[(0..10).map(|at| (1, 1, at)).collect()],
        &[],
        3,
    );
    write_file(
        &base.join("b.root"),
        &[(10..20).map(|at| (1, 1, at)).collect()],
        &[],
        3,
    );
    for kind in [DATA, MC] {
        let plan = plan_with(kind, base, 1).unwrap();
        assert_eq!(plan.duplicates, None);
        let told = plan
            .notes
            .iter()
            .any(|note| note.contains("more than once"));
        assert!(!told, "{:?}", plan.notes);
    }
}

#[test]
fn samples_of_simulation_are_not_compared_with_each_other() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 2), &[], 3);
    write_file(&base.join("b.root"), &clusters(1, 1, 2), &[], 3);
    let one = format!("[certification]\nduplicates = \"error\"\n{MC}");
    let two = one.replace("*.root", "a.root") + &MC.replace("*.root", "b.root").replace('M', "N");
    let plan = plan_with(&two, base, 1).unwrap();
    assert_eq!(same_files_told(&plan), None);
    plan_with(&one, base, 1).unwrap_err();
}

fn same_files_told(plan: &Plan) -> Option<&String> {
    let mut notes = plan.notes.iter();
    notes.find(|note| note.contains("are the same file"))
}

#[test]
fn one_file_of_simulation_in_two_samples_is_worth_a_word() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 2), &[], 3);
    fs::copy(base.join("a.root"), base.join("b.root")).unwrap();
    let two = MC.replace("*.root", "a.root") + &MC.replace("*.root", "b.root").replace('M', "N");
    let plan = plan_with(&two, base, 1).unwrap();
    let told = same_files_told(&plan).expect("nothing was said");
    assert!(
        told.contains("a.root (dataset M) and b.root (dataset N)")
            && told.contains("its events count twice"),
        "{told}"
    );
}

#[test]
fn events_without_numbers_cannot_be_compared_and_data_say_so() {
    let folder = folder();
    let base = folder.path();
    write_file(&base.join("a.root"), &clusters(1, 1, 2), &[], 2);
    let plan = plan_with(DATA, base, 1).unwrap();
    let told = |plan: &Plan| {
        let notes = plan.notes.iter();
        notes
            .filter(|note| note.contains("no duplicate events were looked for"))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert!(told(&plan)[0].starts_with("a.root: "), "{:?}", plan.notes);
    assert!(told(&plan_with(MC, base, 1).unwrap()).is_empty());
}

#[test]
fn a_policy_that_is_none() {
    let text = format!(
        "name = \"c\"\noutput = \"out\"\n{}[[stage]]\nname = \"s\"\n",
        with("once")
    );
    let error = Campaign::parse(&text).unwrap_err().to_string();
    assert!(
        error.contains(
            "certification.duplicates: expected \"error\" or \"keep\" or \"first\", found \"once\""
        ),
        "{error}"
    );
}
