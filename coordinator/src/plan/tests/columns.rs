//! Files of one stage that hold a branch in several types, or lack a label.

use arrow_array::{BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, UInt8Array};

use super::*;

/// A file with run, luminosityBlock, event, and a column `q`.
fn file_with(path: &Path, event: u64, q: ArrayRef) {
    let mut fields: Vec<Field> = schema(3)
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    fields.push(Field::new("q", q.data_type().clone(), false));
    let with_q = Arc::new(Schema::new(fields));
    let rows: Vec<Row> = (0..q.len() as u64).map(|at| (1, 1, event + at)).collect();
    let mut columns = batch(&rows, &schema(3)).columns().to_vec();
    columns.push(q);
    let batch = RecordBatch::try_new(with_q.clone(), columns).unwrap();
    let mut file = FileWriter::new(fs::File::create(path).unwrap(), "test.root", [7; 16]).unwrap();
    let mut tree = TreeWriter::new("Events", with_q, Compression::None).unwrap();
    tree.write_cluster(&mut file, &batch).unwrap();
    tree.finish(&mut file).unwrap();
    file.finish().unwrap();
}

fn planned(text: &str, base: &Path) -> Result<Plan, PlanErrors> {
    let campaign = Campaign::parse(&format!(
        "name = \"c\"\noutput = \"out\"\n{MC}[shards]\nevents = 8\n{text}"
    ))
    .unwrap();
    plan(&campaign, base, &prepared(&campaign), NonZeroUsize::MIN)
}

const KEEP: &str = "[[stage]]\nname = \"s\"\nkeep = [\"q\"]\n";

/// Plans two files with these columns.
fn two(a: ArrayRef, b: ArrayRef, text: &str) -> Result<Plan, PlanErrors> {
    let folder = folder();
    let base = folder.path();
    file_with(&base.join("a.root"), 1, a);
    file_with(&base.join("b.root"), 100, b);
    let plan = planned(text, base)?;
    let back = Plan::from_parquet(plan.to_parquet().unwrap()).unwrap();
    assert_eq!(back, plan);
    Ok(plan)
}

fn bytes() -> ArrayRef {
    Arc::new(UInt8Array::from(vec![1, 255]))
}

fn whole() -> ArrayRef {
    Arc::new(Int32Array::from(vec![-1, 70_000]))
}

fn long() -> ArrayRef {
    Arc::new(Int64Array::from(vec![-1, 1 << 60]))
}

fn single() -> ArrayRef {
    Arc::new(Float32Array::from(vec![0.5, 1.5]))
}

#[test]
fn a_branch_of_several_types_gets_the_smallest_that_holds_all() {
    let plan = two(bytes(), whole(), KEEP).unwrap();
    let said = ["stage s: files hold branches in several types, which are read as one: q (int32)"];
    assert_eq!(plan.notes, said);
    let alone = two(whole(), whole(), KEEP).unwrap();
    assert!(alone.notes.is_empty());
    // Its type decides the bytes of the other file's shard, and so its id.
    let mixed = two(single(), whole(), KEEP).unwrap();
    assert_eq!(alone.shards[1].entries, mixed.shards[1].entries);
    assert_ne!(alone.shards[1].id, mixed.shards[1].id);
    assert_ne!(alone.stages[0].types, mixed.stages[0].types);
}

#[test]
fn types_without_a_common_one_are_a_mistake_that_names_two_files() {
    let doubles: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 1.5]));
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![0, u64::MAX]));
    for (a, b, says) in [
        (long(), single(), "int64 in a.root, float in b.root"),
        (doubles, long(), "double in a.root, int64 in b.root"),
        (unsigned, long(), "uint64 in a.root, int64 in b.root"),
    ] {
        let error = two(a, b, KEEP).unwrap_err().to_string();
        assert!(
            error.contains("stage[0]: branch q is") && error.contains(says),
            "{error}"
        );
    }
    // What the stage does not read is no concern of it.
    two(
        long(),
        single(),
        "[[stage]]\nname = \"s\"\nkeep = [\"run\"]\n",
    )
    .unwrap();
    // Expressions see one type, whatever the file.
    let text = "[[stage]]\nname = \"s\"\n[stage.columns]\nx = \"q / 2.0\"\n";
    two(whole(), single(), text).unwrap();
}

#[test]
fn a_label_that_no_file_has_is_a_mistake_whatever_missing_labels_says() {
    let trigger: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    for policy in ["false", "null"] {
        let stage = |label: &str| {
            format!(
                "[[stage]]\nname = \"s\"\nlabels = [\"{label}\"]\nmissing_labels = \"{policy}\"\n"
            )
        };
        let error = two(trigger.clone(), trigger.clone(), &stage("Q")).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains(
                "stage[0].labels[0]: no file of the stage has a branch \"Q\"; nearest: q"
            ),
            "{error}"
        );
        let plan = two(trigger.clone(), trigger.clone(), &stage("q as trig")).unwrap();
        let label = &plan.stages[0].labels[0];
        assert_eq!((label.label.as_str(), label.branch.as_str()), ("trig", "q"));
        assert_eq!((label.files, label.events, label.files_without), (2, 4, 0));
    }
}

#[test]
fn a_label_that_some_files_lack_is_counted() {
    let folder = folder();
    let base = folder.path();
    let trigger: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    file_with(&base.join("a.root"), 1, trigger);
    write_file(&base.join("b.root"), &clusters(1, 7, 2), &[], 3);
    let text = "[[stage]]\nname = \"s\"\nlabels = [\"q\"]\nmissing_labels = \"null\"\n";
    let plan = planned(text, base).unwrap();
    let label = &plan.stages[0].labels[0];
    let counts = (
        label.files,
        label.files_without,
        label.events,
        label.events_without,
    );
    assert_eq!(counts, (2, 1, 22, 20));
    assert!(
        plan.notes[0].contains("label q is not in 1 of 2 files, with 20 of 22 certified events"),
        "{:?}",
        plan.notes
    );
}
