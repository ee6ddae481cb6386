use std::io::Write as _;

use super::*;

fn names_of(name: &str, content: &str) -> Result<Vec<String>, InspectError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    File::create(&path)
        .unwrap()
        .write_all(content.as_bytes())
        .unwrap();
    let file = SourceFile::new(&path).unwrap();
    let table = file.table()?;
    let name = table.column("name").map(|column| &column.name);
    let mut names = Vec::new();
    file.each([None, name, None, None, None], &mut |row| {
        names.push(row.name.as_deref().map_or("NULL".to_owned(), text));
    })?;
    Ok(names)
}

#[test]
fn csv_fields_keep_their_commas_and_line_ends() {
    let names = names_of("u.csv", "\u{feff}id,name\r\n1,\"a,\"\"b\n\"\r\n2,\n").unwrap();
    assert_eq!(names, ["a,\"b\n", ""]);
    // The mark belongs to no name.
    assert_eq!(names_of("u.csv", "\u{feff}name\nx\n").unwrap(), ["x"]);
}

#[test]
fn json_lines_may_lack_a_key() {
    let names = names_of("u.jsonl", "{\"name\":\"a\"}\n\n{\"id\":2}\n{\"name\":7}\n").unwrap();
    assert_eq!(names, ["a", "NULL", "7"]);
}

#[test]
fn a_line_that_is_no_object_is_named_and_not_quoted() {
    let error = names_of("u.jsonl", "{\"name\":\"a\"}\ncanary\n")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("line 2") && !error.contains("canary"),
        "{error}"
    );
}

#[test]
fn a_quote_that_is_never_closed_does_not_fill_the_memory() {
    let content = format!("name\n\"{}", "x".repeat(2 * RECORD_BYTES));
    let error = names_of("u.csv", &content).unwrap_err().to_string();
    assert!(error.contains("record 2 is longer than 1 MiB"), "{error}");
}
