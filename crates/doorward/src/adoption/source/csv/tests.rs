use proptest::prelude::*;

use super::*;
use crate::adoption::Identifier;

fn columns() -> Columns {
    let name = |name: &str| Identifier::parse(name).unwrap();
    Columns {
        table: None,
        id: Some(name("id")),
        username: name("name"),
        password: name("hash"),
        active: None,
        role: RoleSource::Always {
            always: "user".to_owned(),
        },
        fill: std::collections::BTreeMap::new(),
    }
}

/// Line, and name or reason.
fn read(text: &[u8]) -> Vec<(i64, Result<String, String>)> {
    let mut csv = Csv::open(text, &columns()).ok().unwrap();
    let mut found = Vec::new();
    while let Some((place, row)) = csv.next().unwrap() {
        let row = row.map(|row| row.username.unwrap_or_default());
        found.push((place, row.map_err(|reject| reject.reason)));
    }
    found
}

fn names(found: &[(i64, Result<String, String>)]) -> Vec<(i64, &str)> {
    found
        .iter()
        .filter_map(|(place, row)| Some((*place, row.as_deref().ok()?)))
        .collect()
}

#[test]
fn quotes_line_ends_and_a_byte_order_mark_are_understood() {
    let found = read(
        b"\xef\xbb\xbfid,\"name\",hash,bio\r\n1,\"a \"\"b\"\"\",h,\"two\r\nlines\"\r\n\r\n2,c,h,",
    );
    assert_eq!(names(&found), [(2, "a \"b\""), (5, "c")]);
    assert_eq!(found.len(), 2);
}

#[test]
fn a_quote_that_is_never_closed_costs_its_line_alone() {
    for text in [
        "id,name,hash\n1,a,h\n2,\"b,h\n3,c,h\n4,d,h\n",
        "id,name,hash\n1,a,h\n2,\"b,h\n3,\"c\",h\n4,d,h\n",
        "id,name,hash\n1,a,h\n2,x,\"h\n3,c,h\n4,d,h",
    ] {
        let found = read(text.as_bytes());
        assert_eq!(names(&found), [(2, "a"), (4, "c"), (5, "d")], "{text}");
        assert_eq!(
            found[1],
            (3, Err("a quote on this line is not closed".to_owned()))
        );
    }
}

#[test]
fn a_file_that_breaks_off_inside_a_quote_does_not_give_half_a_hash() {
    let found = read(b"id,name,hash\n1,a,h\n2,b,\"half");
    assert_eq!(names(&found), [(2, "a")]);
    assert_eq!(found.len(), 2);
}

#[test]
fn damaged_lines_are_named() {
    let long = "x".repeat(LONGEST);
    let text = [
        &b"id,name,hash\n1,a\n2,b\xff,h\n3,c,"[..],
        long.as_bytes(),
        b"\n4,d,\"h\n",
        long.as_bytes(),
        b"y\n5,e\rf,h\n6,g,h,i\n7,z,h\n",
    ]
    .concat();
    let found = read(&text);
    let places: Vec<i64> = found.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(names(&found), [(9, "z")]);
}

#[test]
fn a_header_that_cannot_be_used_says_why() {
    let failure = |text: &[u8]| match Csv::open(text, &columns()).err().unwrap() {
        HeaderError::NoColumn(column, there) => format!("{column} of {there}"),
        HeaderError::Malformed(reason) => reason,
        HeaderError::Io(error) => error.to_string(),
    };
    assert_eq!(failure(b"id;name;hash\n"), "id of id;name;hash");
    assert_eq!(failure(b""), "it is empty");
    assert!(failure(b"id,name,NAME,hash\n").contains("twice"));
    assert!(failure(b"\xff\xfei\0d\0\n").contains("UTF-8"));
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic_or_lose_a_line(body in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200)) {
        let text = [&b"id,name,hash\n"[..], &body].concat();
        let found = read(&text);
        // Each record starts behind the one before it.
        prop_assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn what_a_writer_quotes_comes_back(names in proptest::collection::vec("[a-z\",]{1,8}", 1..20)) {
        let lines: Vec<String> = names
            .iter()
            .map(|name| format!("1,\"{}\",h\n", name.replace('"', "\"\"")))
            .collect();
        let text = format!("id,name,hash\n{}", lines.concat());
        let found: Vec<String> = read(text.as_bytes()).into_iter().map(|(_, row)| row.unwrap()).collect();
        prop_assert_eq!(found, names);
    }
}
