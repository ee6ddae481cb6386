//! Runs `docs/adopt-a-flask-app.md` from top to bottom.
//!
//! A block fenced as `console` holds commands after `$ `, each followed by what it prints; `…` stands for any text within
//! a line, and a line of it alone for any lines. `console server` holds one command that goes on running. `toml NAME` is
//! a file that the reader writes. Addresses and ports of the page are replaced by those of the test.

use std::{
    fs,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};

use crate::{
    installation::{Engine, Installation, eventually, mysql_server},
    service::{free_port, python, seed},
    wire::PATIENCE,
};

#[derive(Debug, PartialEq, Eq)]
enum Block {
    Console(Vec<Step>),
    Server(String),
    File { name: String, text: String },
}

/// A command, and what it prints.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
}

/// The blocks that are run, in page order.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, usize, Vec<&str>)> = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.trim(), index + 2, Vec::new())),
            (None, None) => {}
            (Some((_, _, lines)), None) => lines.push(line),
            (Some((info, first, lines)), Some(_)) => {
                match *info {
                    "console" => blocks.push(Block::Console(steps(*first, lines))),
                    "console server" => {
                        blocks.push(Block::Server(
                            lines[0].strip_prefix("$ ").unwrap().to_owned(),
                        ));
                    }
                    _ => blocks.extend(info.strip_prefix("toml ").map(|name| Block::File {
                        name: name.to_owned(),
                        text: lines.join("\n") + "\n",
                    })),
                }
                open = None;
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn steps(first: usize, lines: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        match line.strip_prefix("$ ") {
            Some(command) => steps.push(Step {
                line: first + index,
                command: command.to_owned(),
                expected: Vec::new(),
            }),
            None => steps
                .last_mut()
                .expect("a command first")
                .expected
                .push((*line).to_owned()),
        }
    }
    steps
}

/// Whether a printed line is what the page says.
fn matches(expected: &str, printed: &str) -> bool {
    let mut rest = printed;
    let mut parts = expected.split('…').peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let found = match (first, last) {
            (true, true) => return rest == part,
            (true, false) => rest.strip_prefix(part),
            (false, true) => return rest.ends_with(part),
            (false, false) => rest.find(part).map(|at| &rest[at + part.len()..]),
        };
        let Some(after) = found else { return false };
        rest = after;
        first = false;
    }
    true
}

/// Whether all that was printed is what the page says.
fn all_match(expected: &[String], printed: &[String]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == "…" => {
            (0..=printed.len()).any(|skipped| all_match(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(found, others)| matches(line, found) && all_match(rest, others)),
    }
}

/// A shell that remembers what it was told.
struct Shell {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

const END: &str = "@@ the command ended with ";

impl Shell {
    fn open(folder: &Path, path: &str) -> Self {
        let mut child = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(folder)
            .env_clear()
            .env("PATH", path)
            .env("HOME", folder)
            .env("LC_ALL", "C.UTF-8")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash starts");
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut shell = Self { child, output };
        shell.say("exec 2>&1; trap 'kill $(jobs -p)' EXIT");
        shell
    }

    fn say(&mut self, text: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{text}").unwrap();
    }

    /// Runs a command; what it printed, and its exit code.
    fn run(&mut self, command: &str) -> (Vec<String>, String) {
        self.say(command);
        self.say(&format!("printf '\\n{END}%s\\n' $?"));
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "the shell ended: {lines:?}"
            );
            let line = line.trim_end_matches('\n');
            if let Some(code) = line.strip_prefix(END) {
                // The marker starts with a line end of its own.
                if lines.last().is_some_and(String::is_empty) {
                    lines.pop();
                }
                return (lines, code.to_owned());
            }
            lines.push(line.to_owned());
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.say("exit");
        let _ = self.child.wait();
    }
}

#[test]
fn every_command_of_the_guide_does_what_the_page_says() {
    let (Some(python), Some(_)) = (python(), mysql_server()) else {
        return;
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/adoption");
    let installation = Installation::new(Engine::MySql);
    let folder = installation.folder().join("shop");
    fs::create_dir(&folder).unwrap();
    fs::copy(tests.join("service.py"), folder.join("app.py")).unwrap();
    seed(&python, installation.database_url());
    let page = fs::read_to_string(tests.join("../../../../docs/adopt-a-flask-app.md")).unwrap();
    let (_, place) = installation.database_url().rsplit_once('@').unwrap();
    let (address, database) = place.split_once('/').unwrap();
    let (_, port) = address.split_once(':').unwrap();
    let page = page
        .replace("MYSQL_PORT=3306", &format!("MYSQL_PORT={port}"))
        .replace("127.0.0.1:3306", address)
        .replace("flaskapi", database)
        .replace("8000", &free_port().to_string())
        .replace("5050", &free_port().to_string());
    let binary = Path::new(env!("CARGO_BIN_EXE_doorward")).parent().unwrap();
    let python = Path::new(&python).parent().unwrap();
    let path = format!(
        "{}:{}:/usr/local/bin:/usr/bin:/bin",
        binary.display(),
        python.display()
    );
    let mut shell = Shell::open(&folder, &path);
    let mut servers = 0;
    for block in blocks(&page) {
        match block {
            Block::File { name, text } => fs::write(folder.join(name), text).unwrap(),
            Block::Server(command) => {
                servers += 1;
                let log = folder.join(format!("server-{servers}.log"));
                shell.say(&format!("{command} > {} 2>&1 &", log.display()));
                eventually(&command, || {
                    let text = fs::read_to_string(&log).unwrap_or_default();
                    text.contains("listening") || text.contains("Running on")
                });
            }
            Block::Console(steps) => {
                for step in steps {
                    let started = Instant::now();
                    let (printed, code) = shell.run(&step.command);
                    assert!(
                        all_match(&step.expected, &printed),
                        "line {}: {}\nexpected\n{}\nprinted (exit code {code})\n{}",
                        step.line,
                        step.command,
                        step.expected.join("\n"),
                        printed.join("\n")
                    );
                    assert!(started.elapsed() < PATIENCE, "{}", step.command);
                }
            }
        }
    }
    assert!(servers >= 2, "the page starts the service and doorward");
}

#[test]
fn dots_stand_for_text_within_a_line_and_for_lines() {
    assert!(matches("a … c", "a b c") && !matches("a … c", "a b d") && !matches("a", "ab"));
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert!(all_match(&lines("a … d"), &lines("a b c d")));
    assert!(!all_match(&lines("a … d"), &lines("a b c")));
}

#[test]
fn blocks_are_told_apart() {
    let page = "```console\n$ ls\na\n```\ntext\n```console server\n$ serve\n```\n```toml x.toml\nk = 1\n```\n```sql\nx\n```\n";
    let step = Step {
        line: 2,
        command: "ls".to_owned(),
        expected: vec!["a".to_owned()],
    };
    let file = Block::File {
        name: "x.toml".to_owned(),
        text: "k = 1\n".to_owned(),
    };
    let expected = [
        Block::Console(vec![step]),
        Block::Server("serve".to_owned()),
        file,
    ];
    assert_eq!(blocks(page), expected);
}
