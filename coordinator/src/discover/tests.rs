use std::fs;

use lumimill_common::campaign::DatasetKind;
use lumimill_rootfile::write::FileWriter;

use super::*;

fn write_root(path: &Path) {
    let out = fs::File::create(path).unwrap();
    FileWriter::new(out, "x.root", [7; 16])
        .unwrap()
        .finish()
        .unwrap();
}

fn found(files: &[&str], base: &Path) -> (Vec<String>, Vec<String>) {
    let dataset = Dataset {
        name: String::from("D"),
        kind: DatasetKind::Data,
        files: files.iter().map(ToString::to_string).collect(),
        tree: String::from("Events"),
    };
    let (files, problems) = discover(&dataset, base);
    let place = format!("{}", base.display());
    let said = |problem: &InputProblem| problem.to_string().replace(&place, "BASE");
    (
        files.into_iter().map(|file| file.identity.url).collect(),
        problems.iter().map(said).collect(),
    )
}

/// A folder with `sub [1]/{b,a}.root`, `c.root`, and a file that is not meant.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sub = folder.path().join("sub [1]");
    fs::create_dir(&sub).unwrap();
    for name in ["b.root", "a.root", ".hidden.root"] {
        write_root(&sub.join(name));
    }
    write_root(&folder.path().join("c.root"));
    fs::write(folder.path().join("notes.txt"), "no").unwrap();
    folder
}

#[test]
fn patterns_are_sorted_and_every_file_is_once() {
    let folder = folder();
    let patterns = ["sub*/*.root", "c.root", "*/a.root", "./c.root"];
    let (files, problems) = found(&patterns, folder.path());
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(files, ["./c.root", "sub [1]/a.root", "sub [1]/b.root"]);
    // The folder of the campaign may have any name, and a file too.
    let (files, problems) = found(&["*.root", "../c.root"], &folder.path().join("sub [1]"));
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(files, ["../c.root", "a.root", "b.root"]);
    let (files, _) = found(&["../*.root"], &folder.path().join("sub [1]"));
    assert_eq!(files, ["../c.root"]);
    let (files, _) = found(&["sub [1]/a.root"], folder.path());
    assert_eq!(files, ["sub [1]/a.root"]);
}

#[test]
fn a_list_names_files_and_patterns() {
    let folder = folder();
    let text = "# mine\n\n  c.root  \nsub*/b.root\n@more.txt\n";
    fs::write(folder.path().join("files.txt"), text).unwrap();
    let (files, problems) = found(&["@files.txt"], folder.path());
    assert_eq!(files, ["c.root", "sub [1]/b.root"]);
    assert_eq!(
        problems,
        [
            "dataset \"D\": @files.txt: cannot read the list of files: a list cannot name another list, @more.txt"
        ]
    );
    fs::write(folder.path().join("none.txt"), "# nothing\n").unwrap();
    let (_, problems) = found(&["@none.txt", "@gone.txt"], folder.path());
    assert!(problems[0].ends_with("it names no file"), "{problems:?}");
    assert!(
        problems[1].contains("@gone.txt: cannot read the list"),
        "{problems:?}"
    );
}

#[test]
fn an_identity_is_size_and_uuid() {
    let folder = folder();
    let dataset = Dataset {
        name: String::from("D"),
        kind: DatasetKind::Mc,
        files: vec![String::from("c.root")],
        tree: String::from("Events"),
    };
    let (files, _) = discover(&dataset, folder.path());
    let file = &files[0];
    assert_eq!(file.identity.uuid, "07".repeat(16));
    assert_eq!(
        file.identity.size,
        fs::metadata(folder.path().join("c.root")).unwrap().len()
    );
}

#[test]
fn every_problem_is_named() {
    let folder = folder();
    let base = folder.path();
    fs::write(base.join("zero.root"), "").unwrap();
    let whole = fs::read(base.join("c.root")).unwrap();
    fs::write(base.join("half.root"), &whole[..whole.len() / 2]).unwrap();
    let entries = [
        "s3://B/a.root",
        "https://host/a.root",
        "root://eos//store/a.root",
        "gopher://a.root",
        "nothing/*.root",
        "a[.root",
        "gone.root",
        "sub [1]/",
        "zero.root",
        "notes.txt",
        "half.root",
        "c.root",
    ];
    let (files, problems) = found(&entries, base);
    assert_eq!(files, ["c.root"]);
    insta::assert_snapshot!(problems.join("\n"), @r#"
    dataset "D": s3://B/a.root: cannot be looked for: "s3://B/a.root" is not an S3 address: a bucket has 3 to 63 lower-case letters, digits, '-', '.' and '_'; expected s3://bucket/folder
    dataset "D": https://host/a.root: reading https:// is not available in this version: copy or mount the file
    dataset "D": root://eos//store/a.root: reading root:// is not available in this version: copy or mount the file
    dataset "D": gopher://a.root: not a file pattern: unknown scheme "gopher"
    dataset "D": nothing/*.root: no file matches in BASE
    dataset "D": a[.root: not a file pattern: invalid range pattern
    dataset "D": gone.root: no such file
    dataset "D": BASE/half.root: corrupt: truncated: 1350 bytes of the 2700 that its header declares
    dataset "D": BASE/notes.txt: not a ROOT file: it starts with "no"
    dataset "D": sub [1]: is a folder: write "sub [1]/*.root" for the files in it
    dataset "D": zero.root: is empty (0 bytes): copy it again, or take it out
    "#);
}
