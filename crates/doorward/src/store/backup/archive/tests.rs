use proptest::prelude::*;

use super::*;
use crate::store::backup::row::encode;

fn header() -> ArchiveHeader {
    ArchiveHeader::new(
        own_schema(),
        "sqlite",
        Timestamp::from_seconds(1_800_000_000),
        BTreeMap::from([("users".to_owned(), 3)]),
    )
}

/// An archive with two users, one with a name of every kind of character.
fn archive_with(header: &ArchiveHeader) -> Vec<u8> {
    let text = |text: &str| Value::Text(text.to_owned());
    let users = [
        vec![Value::Int(1), text("una"), text("$hash"), text("admin")],
        vec![Value::Int(2), text("ünä\"\n\u{0}["), text(""), text("user")],
    ];
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes, header).unwrap();
    let mut contents = Vec::new();
    for table in TABLES {
        writer.table(table).unwrap();
        let mut count = Count::of(table);
        for row in users.iter().filter(|_| table.name == "users") {
            let line = encode(row).unwrap();
            count.add(&line);
            writer.line(&line).unwrap();
        }
        contents.push(count.end());
    }
    writer.end(&contents).unwrap();
    bytes
}

fn archive() -> Vec<u8> {
    archive_with(&header())
}

fn read(bytes: &[u8]) -> Result<Vec<TableContents>, ArchiveError> {
    Archive::open(bytes)?.check()
}

#[test]
fn what_was_written_is_read() {
    let contents = read(&archive()).unwrap();
    assert_eq!(contents.len(), TABLES.len());
    assert_eq!((contents[0].table.as_str(), contents[0].rows), ("users", 2));
    let bytes = archive();
    let archive = Archive::open(bytes.as_slice()).unwrap();
    assert_eq!(archive.header(), &header());
}

#[test]
fn an_archive_that_is_cut_off_anywhere_is_refused() {
    let whole = archive();
    for length in 0..whole.len() {
        let error = read(&whole[..length]).unwrap_err();
        let expected = matches!(
            error,
            ArchiveError::NoArchive | ArchiveError::CutOff { .. } | ArchiveError::Damaged { .. }
        );
        assert!(expected, "{length}: {error}");
    }
}

#[test]
fn the_line_that_is_damaged_is_named() {
    let text = String::from_utf8(archive()).unwrap();
    let line_of = |damaged: String| match read(damaged.as_bytes()).unwrap_err() {
        ArchiveError::Damaged { line, .. } => line,
        other => panic!("{other}"),
    };
    assert_eq!(line_of(text.replacen("[1,", "[\"1\",", 1)), 3);
    assert_eq!(line_of(text.replacen("\"una\",", "", 1)), 3);
    assert_eq!(line_of(text.replacen("\"username\"", "\"name\"", 1)), 2);
    let end = u64::try_from(text.lines().count()).unwrap();
    assert_eq!(line_of(text.replacen("una", "eve", 1)), end);
    assert_eq!(line_of(text.clone() + "\n"), end + 1);
    assert_eq!(line_of("x".repeat(MAX_LINE + 1)), 1);
}

#[test]
fn an_archive_of_another_schema_says_which_version_made_it() {
    let other = ArchiveHeader {
        schema: own_schema() + 1,
        version: "9.9.9".to_owned(),
        ..header()
    };
    let error = read(&archive_with(&other)).unwrap_err();
    assert!(matches!(error, ArchiveError::OtherVersion { .. }));
    assert!(error.to_string().contains("9.9.9"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_byte_can_be_changed_unseen(at in 0_usize..10_000, to in any::<u8>()) {
        let mut bytes = archive();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn whatever_is_read_is_answered(lines in proptest::collection::vec("\\PC{0,40}", 0..20)) {
        prop_assert!(read(lines.join("\n").as_bytes()).is_err());
        let mut bytes = serde_json::to_vec(&header()).unwrap();
        bytes.push(b'\n');
        bytes.extend_from_slice(lines.join("\n").as_bytes());
        prop_assert!(read(&bytes).is_err());
    }
}
