use std::io::Write as _;

use super::*;

fn read(format: Format, content: &[u8]) -> Result<Vec<Read1>, Failure> {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(content).expect("written");
    let source = Source::open(file.path()).expect("is there");
    let mut rows = Vec::new();
    each(
        format,
        b',',
        &source,
        &mut |_| (),
        &mut |_| Ok(()),
        &mut |row| {
            rows.push(row);
            ControlFlow::Continue(())
        },
    )?;
    Ok(rows)
}

fn field(row: &Read1) -> Value {
    let (error, _) = row.as_ref().expect_err("is refused");
    error.envelope().details["field"].clone()
}

fn texts(format: Format, content: &str) -> Vec<String> {
    read(format, content.as_bytes())
        .expect("is read")
        .into_iter()
        .map(|row| row.expect("is whole").source())
        .collect()
}

#[test]
fn lines_arrays_and_arrays_behind_each_other_are_rows() {
    let two = [r#"{"a":1}"#, r#"{"b":[2]}"#];
    for content in [
        "{\"a\":1}\n\n  \r\n{\"b\":[2]}",
        "\u{feff}{\"a\":1}\r\n{\"b\":[2]}\r\n",
        "[{\"a\":1},\n {\"b\":[2]}]",
        " [{\"a\":1}]\n[]\n[{\"b\":[2]}]\n",
    ] {
        assert_eq!(texts(Format::Ory, content), two, "{content}");
    }
    for nothing in ["", "\n \n", "[]", "[ ]\n"] {
        assert!(texts(Format::Auth0, nothing).is_empty(), "{nothing}");
    }
}

#[test]
fn a_line_that_is_too_long_is_one_refused_row() {
    let long = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(LONGEST));
    let rows = read(Format::Ory, long.as_bytes()).expect("is read");
    assert_eq!(rows.len(), 2);
    let (error, shown) = rows[0].as_ref().expect_err("is refused");
    assert_eq!(error.code(), Code::BodyTooLarge);
    assert!(shown.size() < 1_000);
    assert!(rows[1].is_ok());
    // In an array nobody knows where the next one begins.
    let long = format!("[\"{}\"]", "x".repeat(2 * LONGEST));
    let failure = read(Format::Ory, long.as_bytes()).expect_err("fails");
    assert!(failure.to_string().contains("longer than"), "{failure}");
}

#[test]
fn the_users_of_realms_are_rows_wherever_they_stand() {
    let realm = r#"{"realm":"a","clients":[{"users":[1]}],"users":[{"u":1},{"u":2}],"x":{}}"#;
    let users = [r#"{"u":1}"#, r#"{"u":2}"#];
    assert_eq!(texts(Format::Keycloak, realm), users);
    let list = format!("[{realm}, {{\"users\": []}}]");
    assert_eq!(texts(Format::Keycloak, &list), users);
    let failure = read(Format::Keycloak, b"{\"realm\":\"a\"}").expect_err("no users");
    assert!(failure.to_string().contains("no list `users`"), "{failure}");
    read(Format::Keycloak, b"{\"users\":[{\"u\":1}").expect_err("ends too early");
}

#[test]
fn records_are_rows_by_column_and_broken_ones_are_refused() {
    let content = b"a,b\n1,\"x, y\nz\"\n1\n\xff,2\n";
    let rows = read(Format::Csv, content).expect("is read");
    assert_eq!(rows.len(), 3);
    let value = |row: &Row| -> Value { serde_json::from_str(&row.source()).expect("JSON") };
    let first = value(rows[0].as_ref().expect("is whole"));
    assert_eq!(first, serde_json::json!({"a": "1", "b": "x, y\nz"}));
    assert_eq!(
        (field(&rows[1]), field(&rows[2])),
        ("row".into(), "a".into())
    );
    // What there is stands by its column, to be corrected there.
    let broken = |row: &Read1| value(&row.as_ref().expect_err("is refused").1);
    assert_eq!(broken(&rows[1]), serde_json::json!({"a": "1"}));
    let rows = read(Format::Csv, b"a,b\n1,2,3,4\n").expect("is read");
    let whole = serde_json::json!({"a": "1", "b": "2", EXCESS: ["3", "4"]});
    assert_eq!(broken(&rows[0]), whole);
    assert!(read(Format::Csv, b"").expect("empty").is_empty());
    let endless = format!("a,b\n1,\"{}", "x".repeat(2 * LONGEST));
    let failure = read(Format::Csv, endless.as_bytes()).expect_err("fails");
    assert!(failure.to_string().contains("longer than"), "{failure}");
}

#[test]
fn a_quote_that_is_not_closed_fails_naming_its_line() {
    let content = b"a,b\n1,\"x\ny\"\nq2,\"Bob\nq3,Cid\nq4,Dan\n";
    let failure = read(Format::Csv, content).expect_err("fails").to_string();
    assert!(failure.contains("line 4 is not closed"), "{failure}");
    let long = format!("a,b\n1,\"{}", "x\n".repeat(LONGEST));
    let failure = read(Format::Csv, long.as_bytes()).expect_err("fails");
    assert!(failure.to_string().contains("line 2 is not"), "{failure}");
}

#[test]
fn text_behind_a_closing_quote_refuses_its_row() {
    let content = b"a,b\n1,\"B\"\"ob\"\r\n2,\"Bob\"by\n3,x\"y\"\n4,\"z\"\n5,\"u\nv\"w\n6,\"\"\n";
    let rows = read(Format::Csv, content).expect("is read");
    let refused: Vec<bool> = rows.iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, true, false, false, true, false]);
    assert_eq!(field(&rows[1]), "row");
    // Nothing of it stands by a column as if it were sure.
    let (_, left) = rows[4].as_ref().expect_err("is refused");
    let cells: Value = serde_json::from_str(&left.source()).expect("JSON");
    assert_eq!(cells, serde_json::json!({EXCESS: ["5", "u\nvw"]}));
    read(Format::Csv, b"a,\"b\"c\n1,2\n").expect_err("no header");
}

#[test]
fn cells_beyond_the_header_are_counted_and_few_are_kept() {
    let content = format!("a\n{}\n", vec!["wide"; 100_000].join(","));
    let rows = read(Format::Csv, content.as_bytes()).expect("is read");
    let (error, left) = rows[0].as_ref().expect_err("is refused");
    assert!(error.envelope().message.contains("not 100000"));
    assert!(left.source().len() < 1_000, "{}", left.source().len());
    let Row::Value(cells) = left else {
        panic!("is no row of cells: {left:?}");
    };
    let kept = cells[EXCESS].as_array().expect("a list");
    assert_eq!(kept.len(), EXCESS_CELLS);
    assert!(kept.capacity() < 1_000, "{}", kept.capacity());
    // Where it is not known which column a cell belongs to, none of those is lost that the header has names for.
    let names: Vec<String> = (0..300).map(|n| format!("c{n}")).collect();
    let torn = format!("{}\n\"u\"v{}\n", names.join(","), ",w".repeat(299));
    let rows = read(Format::Csv, torn.as_bytes()).expect("is read");
    let (_, left) = rows[0].as_ref().expect_err("is refused");
    assert_eq!(left.source().matches("\"w\"").count(), 299);
    let listed = Row::Value(serde_json::json!({"a": ["x".repeat(1_000), "y".repeat(1_000)]}));
    assert!(listed.size() > 2_000);
    // A header of many columns is checked in no time.
    let names: Vec<String> = (0..100_000).map(|n| format!("{n:x}")).collect();
    let content = format!("{}\n", names.join(","));
    assert!(
        read(Format::Csv, content.as_bytes())
            .expect("is read")
            .is_empty()
    );
    let twice = format!("a,b,a\n{}", "1,2,3\n");
    let failure = read(Format::Csv, twice.as_bytes()).expect_err("twice");
    assert!(
        failure.to_string().contains("column 1 and column 3"),
        "{failure}"
    );
}

#[test]
fn every_row_that_is_rejected_can_come_back() {
    let begin = "{\"import\":\"1\",\"row\":1,";
    for row in [
        Row::Text("\u{1}".repeat(LONGEST).into_bytes()),
        Row::Text(vec![0xff; LONGEST]),
        Row::Value(serde_json::json!({"\u{1}".repeat(LONGEST): "\u{1}".repeat(LONGEST)})),
    ] {
        let line = format!("{begin}{}}}\n", row.member());
        let read = read(Format::Csv, line.as_bytes()).expect("is read");
        assert!(read[0].is_ok(), "{}", line.len());
    }
}

#[test]
fn what_is_no_utf_8_is_kept_apart_as_it_was() {
    let member = |format, content: &[u8]| {
        let row = read(format, content).expect("is read").remove(0);
        let (Ok(row) | Err((_, row))) = row;
        row.member()
    };
    let encoded = |bytes: &[u8]| format!("\"source_base64\":\"{}\"", BASE64.encode(bytes));
    assert_eq!(
        member(Format::Ory, b"{\"a\":\"M\xfcller\"}\n"),
        encoded(b"{\"a\":\"M\xfcller\"}")
    );
    assert_eq!(
        member(Format::Csv, b"a,b\n\"x, y\",M\xfcller,1\n"),
        encoded(b"\"x, y\",M\xfcller,1\n")
    );
    assert_eq!(member(Format::Ory, b"{\"a\":1}"), "\"source\":{\"a\":1}");
}

#[test]
fn how_a_file_begins_does_not_hang_on_how_much_comes_at_a_time() {
    /// Gives a byte at a time.
    struct Drops<'a>(&'a [u8]);
    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let some = buffer.len().min(1);
            self.0.read(&mut buffer[..some])
        }
    }
    let head = |content: &str| head(&mut Drops(content.as_bytes())).expect("is read");
    let array = head(&format!("\u{feff}{}[{{}}]", " \n".repeat(5_000)));
    assert_eq!((array.first, array.bytes.len()), (Some(b'['), 10_004));
    assert!(head("\n{\"import\":\"1\",\"row\":1}").rejected);
    assert_eq!(head("\u{feff}").first, None);
    assert!(head("\u{1f}x").wrong().is_none());
}

#[test]
fn what_is_no_text_in_utf_8_is_named() {
    for (content, word) in [
        (&b"\xff\xfe{\0"[..], "UTF-16"),
        (&b"\x1f\x8b\x08"[..], "gzip"),
        (&b"PK\x03\x04"[..], "ZIP"),
    ] {
        let failure = read(Format::Ory, content).expect_err(word);
        assert!(failure.to_string().contains(word), "{failure}");
    }
}

#[test]
fn a_csv_file_without_a_name_in_its_header_is_refused() {
    for content in ["\"\"\n1\n", ",,\na@example.test,b,c\n", " , \n1,2\n"] {
        let failure = read(Format::Csv, content.as_bytes()).expect_err(content);
        assert!(failure.to_string().contains("names no column"), "{failure}");
    }
    for nothing in ["", "\n\n"] {
        assert!(
            read(Format::Csv, nothing.as_bytes())
                .expect("is read")
                .is_empty()
        );
    }
}

#[test]
fn failures_show_nothing_of_what_stands_in_the_file() {
    for (format, content) in [
        (Format::Csv, "a@example.test,S3cr3t,S3cr3t\n"),
        (Format::Keycloak, "\"S3cr3t\""),
        (Format::Keycloak, "{\"users\": \"S3cr3t\"}"),
        (Format::Keycloak, "{\"users\": [S3cr3t]}"),
        (Format::Ory, "[] \"S3cr3t\""),
        (Format::Auth0, "[{\"a\": S3cr3t}]"),
    ] {
        let failure = read(format, content.as_bytes())
            .expect_err(content)
            .to_string();
        assert!(!failure.contains("S3cr3t"), "{failure}");
    }
}

#[test]
fn no_part_of_a_file_is_longer_than_a_row() {
    let long = "x".repeat(3 * LONGEST);
    for (format, content) in [
        (
            Format::Keycloak,
            format!("{{\"{long}\": 1, \"users\": []}}"),
        ),
        (
            Format::Keycloak,
            format!("{{\"a\": [{{\"{long}\": 1}}], \"users\": []}}"),
        ),
        (
            Format::Keycloak,
            format!("{{\"a\": \"{long}\", \"users\": []}}"),
        ),
        (Format::Keycloak, format!("\"{long}\"")),
        (Format::Ory, format!("[]\"{long}\"")),
        (Format::Csv, format!("{long},b\n1,2\n")),
    ] {
        let failure = read(format, content.as_bytes()).expect_err("is too long");
        assert!(failure.to_string().contains("longer than"), "{failure}");
    }
    let deep = format!("{{\"a\": {}", "[".repeat(3 * LONGEST));
    let failure = read(Format::Keycloak, deep.as_bytes()).expect_err("is too deep");
    assert!(failure.to_string().contains("nested too deep"), "{failure}");
    // Many short parts are as long as they like.
    let many = "{\"k\": [1, \"two\", null, true, 0.5]},".repeat(LONGEST / 16);
    let realm = format!("{{\"clients\": [{many}{{}}], \"users\": [{{\"u\":1}}]}}");
    assert_eq!(texts(Format::Keycloak, &realm), [r#"{"u":1}"#]);
}

#[test]
fn the_source_of_a_rejected_row_is_what_stood_in_the_file() {
    let source = |text: &str| Row::Text(text.as_bytes().to_vec()).source();
    let exact = r#"{ "n": 1.50, "big": 12345678901234567890123, "e": "\u0041" }"#;
    assert_eq!(source(exact), exact);
    assert_eq!(source("{\r\n  \"a\": 1\n}"), "{  \"a\": 1}");
    // What the checks refuse is a text, so that nothing of it is lost.
    let twice = r#"{"a":1,"a":2}"#;
    assert_eq!(source(twice), Value::from(twice).to_string());
    let deep = "[".repeat(65) + &"]".repeat(65);
    assert_eq!(source(&deep), Value::from(deep.as_str()).to_string());
}

#[test]
fn files_of_rejected_rows_are_told_from_others() {
    for text in [
        "{\"import\":\"1f\",\"row\":1",
        "{\"row\": 7, \"code\"",
        "{ \"code\" : \"conflict\"",
    ] {
        assert!(is_rejected(text.as_bytes()), "{text}");
    }
    for text in [
        "",
        "{",
        "{\"rows\":1}",
        "[{\"row\":1}]",
        "row,code",
        "{\"row\"",
    ] {
        assert!(!is_rejected(text.as_bytes()), "{text}");
    }
}
