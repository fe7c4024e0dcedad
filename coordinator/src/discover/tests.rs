use std::fs;

use lumimill_common::campaign::DatasetKind;
use lumimill_common::hex::hex;
use lumimill_rootfile::RootFile;
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
    let Discovered {
        files, problems, ..
    } = discover(0, &dataset, base);
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

/// They were passed over without a word.
#[test]
fn files_that_are_named_twice_are_told() {
    let folder = folder();
    let told = |files: &[&str]| {
        let dataset = Dataset {
            name: String::from("D"),
            kind: DatasetKind::Mc,
            files: files.iter().map(ToString::to_string).collect(),
            tree: String::from("Events"),
        };
        Inputs::find(&[dataset], folder.path()).notes
    };
    assert_eq!(told(&["c.root", "sub*/*.root"]), [""; 0]);
    let note = "dataset D: c.root is named again; it is read once";
    assert_eq!(told(&["c.root", "c.root", "sub*/*.root"]), [note]);
    std::os::unix::fs::symlink("c.root", folder.path().join("d.root")).unwrap();
    let note = "dataset D: d.root is the same file as c.root; it is read once";
    assert_eq!(told(&["c.root", "d.root"]), [note]);
    let note =
        "dataset D: c.root is named again; so it is with 3 names, and each file is read once";
    assert_eq!(told(&["c.root", "*.root", "d.root"]), [note]);
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
            "dataset[0].files[0] (D): @more.txt: cannot read the list of files: No such file or directory (os error 2)"
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
fn lists_name_lists_and_each_is_read_once() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a.txt", "\u{feff}@b.txt\r\nc.root\r\n@a.txt\r\n");
    write("b.txt", "# more\r\n  sub*/a.root  \r\n@ a.txt\r\n");
    let (files, problems) = found(&["@a.txt"], folder.path());
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(files, ["c.root", "sub [1]/a.root"]);
    write("bad.txt", &format!("gone.root\n{}\n", "x".repeat(5000)));
    let (_, problems) = found(&["c.root", "@bad.txt"], folder.path());
    let expected = [
        "dataset[0].files[1] (D): xxxxxx",
        "dataset[0].files[1] (D): gone.root",
    ];
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}");
    }
    assert_eq!(problems.len(), 2);
}

#[test]
fn every_spelling_of_a_path_leads_to_the_file() {
    let folder = folder();
    let base = folder.path();
    fs::create_dir(base.join("ñ ü")).unwrap();
    for name in ["ñ ü/x y.root", "{c,d}.root", "d.root"] {
        write_root(&base.join(name));
    }
    std::os::unix::fs::symlink(base.join("c.root"), base.join("link.root")).unwrap();
    let at = |rest: &str| format!("{}/{rest}", base.display());
    let url = |rest: &str| format!("file://{}", at(rest));
    let c = at("c.root");
    for (entry, expected) in [
        (
            at("*.root"),
            vec![c.clone(), at("d.root"), at("{c,d}.root")],
        ),
        (url("c.root"), vec![c.clone()]),
        (url("*c.root"), vec![c.clone()]),
        (format!("file:{}", at("?.root")), vec![c, at("d.root")]),
        (String::from("file:d.root"), vec![String::from("d.root")]),
        (String::from("{c,e}.root"), vec![String::from("c.root")]),
        (String::from("{c,d}.root"), vec![String::from("{c,d}.root")]),
        (
            String::from("./?.root"),
            vec![String::from("c.root"), String::from("d.root")],
        ),
        (
            String::from("{ñ,n}*/*.root"),
            vec![String::from("ñ ü/x y.root")],
        ),
    ] {
        let (files, problems) = found(&[&entry], base);
        assert_eq!(files, expected, "{entry}: {problems:?}");
    }
    let (files, problems) = found(&["c.root", "link.root", &url("c.root")], base);
    assert_eq!((files.len(), problems.len()), (1, 0), "one file: {files:?}");
    let (_, problems) = found(&["{c,e}.root", "file://data/a.root"], base);
    assert!(problems[0].contains("e.root: no such file"), "{problems:?}");
    assert!(
        problems[1].contains("write file:///folder/file"),
        "{problems:?}"
    );
    let (_, problems) = found(&[&"{a,b}".repeat(20)], base);
    assert!(
        problems[0].contains("more than 10000 files"),
        "{problems:?}"
    );
}

#[test]
fn an_identity_is_size_and_state() {
    let folder = folder();
    let dataset = Dataset {
        name: String::from("D"),
        kind: DatasetKind::Mc,
        files: vec![String::from("c.root")],
        tree: String::from("Events"),
    };
    let Discovered { files, .. } = discover(0, &dataset, folder.path());
    let file = &files[0];
    let root = RootFile::open(folder.path().join("c.root")).unwrap();
    assert_eq!(file.identity.state, hex(&root.state()));
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
    dataset[0].files[0] (D): s3://B/a.root: cannot be looked for: "s3://B/a.root" is not an S3 address: a bucket has 3 to 63 lower-case letters, digits, '-', '.' and '_'; expected s3://bucket/folder
    dataset[0].files[1] (D): https://host/a.root: reading https:// is not available in this version: copy or mount the file
    dataset[0].files[2] (D): root://eos//store/a.root: reading root:// is not available in this version: copy or mount the file
    dataset[0].files[3] (D): gopher://a.root: not a file pattern: unknown scheme "gopher"
    dataset[0].files[4] (D): nothing/*.root: no file matches in BASE
    dataset[0].files[5] (D): a[.root: not a file pattern: invalid range pattern
    dataset[0].files[6] (D): gone.root: no such file
    dataset[0].files[7] (D): sub [1]: is a folder: write "sub [1]/*.root" for the files in it
    dataset[0].files[8] (D): zero.root: is empty (0 bytes): copy it again, or take it out
    dataset[0].files[9] (D): BASE/notes.txt: not a ROOT file: it starts with "no"
    dataset[0].files[10] (D): BASE/half.root: corrupt: truncated: 1351 bytes of the 2702 that its header declares
    "#);
}

#[test]
fn a_list_that_names_only_itself_names_no_file() {
    let folder = folder();
    let base = folder.path();
    fs::write(base.join("self.txt"), "@self.txt\n").unwrap();
    fs::write(base.join("one.txt"), "@two.txt\n").unwrap();
    fs::write(base.join("two.txt"), "@one.txt\n").unwrap();
    let (files, problems) = found(&["@self.txt", "@one.txt", "c.root"], base);
    assert_eq!(files, ["c.root"]);
    let says = "it names no file, only lists that name one another";
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0].contains("files[0] (D): @self.txt: "),
        "{problems:?}"
    );
    assert!(
        problems.iter().all(|problem| problem.contains(says)),
        "{problems:?}"
    );
}

#[test]
fn a_pipe_is_no_input_and_nobody_waits_for_it() {
    let folder = folder();
    let pipe = folder.path().join("pipe.root");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for patterns in [["*.root"], ["pipe.root"]] {
        let (_, problems) = found(&patterns, folder.path());
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].contains("pipe.root: is no regular file"),
            "{problems:?}"
        );
    }
}
