//! Models of a condition data base: a server that behaves as ALICE's does, and ones that do not.

mod encrypted;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use lumimill_tests::{CampaignFolder, Ended, free_port};

use self::encrypted::Encrypted;
use crate::lumimill;

/// What is asked for, without the timestamp, and what is answered.
type Answers = BTreeMap<String, Answer>;

#[derive(Clone)]
enum Answer {
    Object(Vec<u8>),
    /// A status with a `Location` and several `Content-Location`.
    Elsewhere(u16, Option<String>, Vec<String>),
    Status(u16),
}

/// A server on loopback, and what it was asked for.
struct Ccdb {
    host: String,
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Answers>>,
}

impl Ccdb {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (asked, answers) = (Arc::default(), Arc::<Mutex<Answers>>::default());
        let server = Self {
            host,
            asked: Arc::clone(&asked),
            answers: Arc::clone(&answers),
        };
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &asked, &answers);
            }
        });
        server
    }

    fn put(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// One request: `/path/timestamp`, or a path of an answer as it is.
fn serve(
    stream: TcpStream,
    asked: &Mutex<Vec<String>>,
    answers: &Mutex<Answers>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut tag) = (String::new(), String::new());
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("if-none-match:") {
            tag = value.trim().to_owned();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let (path, time) = target.rsplit_once('/').unwrap_or_default();
    let answers = answers.lock().unwrap();
    let found = answers.get(&target).or_else(|| answers.get(path));
    let told = if tag.is_empty() { "" } else { " if changed" };
    let time = if time.len() == 13 { "now" } else { time };
    asked.lock().unwrap().push(format!("{path} {time}{told}"));
    let (mut head, mut body) = (String::new(), Vec::new());
    match found {
        Some(Answer::Object(bytes)) => {
            let own = format!(
                "\"{:x}\"",
                bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>()
            );
            head += &format!("ETag: {own}\r\nValid-From: 1\r\nValid-Until: 99999999999999\r\n");
            head += "Content-Disposition: inline;filename=\"m.onnx\"\r\n";
            match tag == own {
                true => head.insert_str(0, "HTTP/1.1 304 Not Modified\r\n"),
                false => {
                    head.insert_str(0, "HTTP/1.1 200 OK\r\n");
                    body.clone_from(bytes);
                }
            }
        }
        Some(Answer::Elsewhere(status, location, others)) => {
            head += &format!("HTTP/1.1 {status} Elsewhere\r\n");
            if let Some(location) = location {
                head += &format!("Location: {location}\r\n");
            }
            for other in others {
                head += &format!("Content-Location: {other}\r\n");
            }
        }
        Some(Answer::Status(status)) => head += &format!("HTTP/1.1 {status} No\r\n"),
        None => head += "HTTP/1.1 404 Not Found\r\n",
    }
    head += &format!(
        "Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

const MODELS: [&str; 4] = [
    "cent_0_30_pt_0_2.onnx",
    "cent_0_30_pt_2_10.onnx",
    "cent_30_60_pt_0_2.onnx",
    "cent_30_60_pt_2_10.onnx",
];

/// The demo's campaign, and its models as objects that are not in a folder.
fn folder(models: &str) -> (CampaignFolder, Vec<Vec<u8>>) {
    let folder = CampaignFolder::dielectron(600);
    let model = |name: &&str| fs::read(folder.join("models").join(name)).unwrap();
    let objects = MODELS.iter().map(model).collect();
    fs::remove_dir_all(folder.join("models")).unwrap();
    folder.change("models = \"models\"", &format!("models = \"{models}\""));
    (folder, objects)
}

/// Runs with a cache in the folder.
fn command(folder: &CampaignFolder, verb: &str) -> Ended {
    let file = folder.file();
    let mut command = lumimill().command(&[verb, file.to_str().unwrap()]);
    command.env("XDG_CACHE_HOME", folder.join("cache"));
    lumimill_tests::Program::finish(&mut command)
}

#[test]
fn models_come_from_the_data_base_and_only_once() {
    let server = Ccdb::start();
    let (folder, objects) = folder(&format!("ccdb+http://{}/Users/e/psi", server.host));
    for (name, object) in MODELS.iter().zip(&objects) {
        server.put(
            &format!("/Users/e/psi/{name}"),
            Answer::Object(object.clone()),
        );
    }
    let _ = command(&folder, "run").expect_code(0);
    let asked = server.asked();
    let first: Vec<&String> = asked
        .iter()
        .filter(|asked| !asked.contains("if changed"))
        .collect();
    assert_eq!(first.len(), 4, "{asked:?}");
    assert!(
        first[0].starts_with("/Users/e/psi/cent_0_30_pt_0_2.onnx now"),
        "{first:?}"
    );
    let _ = command(&folder, "check").expect_code(0);
    let again = server.asked();
    assert!(
        !again.is_empty() && again.iter().all(|asked| asked.contains("if changed")),
        "{again:?}"
    );
    // Another object of the same path is another model.
    server.put(
        &format!("/Users/e/psi/{}", MODELS[0]),
        Answer::Object(objects[1].clone()),
    );
    let ended = command(&folder, "run").expect_code(2);
    ended.says(&["--replace"]);
    // At a time, by paths of one's own.
    folder.change(
        "mode = \"select\"",
        "mode = \"select\"\ntimestamp = 1700\nmodel_paths = [\"a\", \"b\", \"c\", \"d\"]",
    );
    for (name, object) in ["a", "b", "c", "d"].iter().zip(&objects) {
        server.put(
            &format!("/Users/e/psi/{name}"),
            Answer::Object(object.clone()),
        );
    }
    let _ = command(&folder, "check").expect_code(0);
    assert!(server.asked().contains(&"/Users/e/psi/a 1700".to_owned()));
}

#[test]
fn hosts_are_tried_in_order_and_redirects_followed() {
    let server = Ccdb::start();
    let nobody = free_port();
    let models = format!("ccdb+http://127.0.0.1:{nobody};{}/m", server.host);
    let (folder, objects) = folder(&models);
    let elsewhere = |status, location: &str, others: &[&str]| {
        let others = others.iter().map(|other| (*other).to_owned()).collect();
        Answer::Elsewhere(status, Some(location.to_owned()), others)
    };
    let place = |name: &str| format!("/m/{name}");
    server.put(&place(MODELS[0]), elsewhere(303, "/download/0", &[]));
    server.put(
        &place(MODELS[1]),
        elsewhere(302, "alien:///alice/x", &["/gone/1", "/download/1"]),
    );
    server.put(
        &place(MODELS[2]),
        elsewhere(301, &format!("http://{}/download/2", server.host), &[]),
    );
    server.put(&place(MODELS[3]), Answer::Object(objects[3].clone()));
    for (number, object) in objects.iter().enumerate().take(3) {
        server.put(
            &format!("/download/{number}"),
            Answer::Object(object.clone()),
        );
    }
    let _ = command(&folder, "run").expect_code(0);
}

#[test]
fn what_does_not_come_is_said_with_the_reason() {
    let server = Ccdb::start();
    let nobody = free_port();
    let (folder, objects) = folder(&format!("ccdb+http://{}/m", server.host));
    let place = |name: &str| format!("/m/{name}");
    let within = |locations: &str| Answer::Elsewhere(302, Some(locations.to_owned()), Vec::new());
    server.put(
        &place(MODELS[0]),
        within(&format!("{}/1", place(MODELS[0]))),
    );
    server.put(
        &format!("{}/1", place(MODELS[0])),
        within(&format!("{}/1", place(MODELS[0]))),
    );
    server.put(
        &place(MODELS[1]),
        Answer::Object(b"<html>sign in</html>".to_vec()),
    );
    server.put(&place(MODELS[2]), Answer::Status(503));
    let _ = objects;
    let ended = command(&folder, "check").expect_code(2);
    let host = &server.host;
    ended.says(&[
        "JpsiBdt.modelFiles[0]: ccdb+http://",
        "a loop of redirects",
        "JpsiBdt.modelFiles[1]:",
        "not an ONNX file",
        "answers 503",
        &format!(
            "http://{host}: 404: there is no object m/cent_30_60_pt_2_10.onnx that is valid at "
        ),
    ]);
    folder.change(&server.host.clone(), &format!("127.0.0.1:{nobody}"));
    let ended = command(&folder, "check").expect_code(2);
    ended.says(&[&format!("http://127.0.0.1:{nobody}/m/"), "refused"]);
    folder.change("/m\"", "\"");
    let ended = command(&folder, "check").expect_code(2);
    ended.says(&["refused"]);
}

#[test]
fn models_come_over_tls_from_whom_a_named_authority_vouches_for() {
    let demo = CampaignFolder::dielectron(600);
    let model = |name: &&str| fs::read(demo.join("models").join(name)).unwrap();
    let server = Encrypted::start(&MODELS.iter().map(model).collect::<Vec<_>>());
    let (folder, _) = folder(&format!("ccdb+https://{}/m", server.host));
    folder.change("mode = \"select\"", "mode = \"select\"\ntimestamp = 1700");
    let file = folder.file();
    let run = |authority: Option<&Path>| {
        let mut command = lumimill().command(&["run", file.to_str().unwrap()]);
        command.env("XDG_CACHE_HOME", folder.join("cache"));
        if let Some(authority) = authority {
            command.env("AWS_CA_BUNDLE", authority);
        }
        lumimill_tests::Program::finish(&mut command)
    };
    let refused = run(None).expect_code(2);
    refused.says(&["modelFiles[0]", &server.host, "certificate"]);
    let _ = run(Some(&server.authority())).expect_code(0);
}
