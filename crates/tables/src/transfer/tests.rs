use super::*;
use crate::Refusal;
use crate::key::KeyKind;
use crate::table::AttributeDefinition;
use crate::value::{Item, any_item, decode_item};
use proptest::prelude::*;

fn item(json: &str) -> Item {
    decode_item(json).unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

const EVERYTHING: &str = r#"{"Authors":{"SS":["b","a\"'"]},"Ids":{"NS":["1","-2.5","1E+100"]},"Raw":{"BS":["//8="]},
    "Cover":{"B":"Pz8/"},"Id":{"N":"103"},"Out":{"BOOL":false},"Price":{"N":"0.000001"},"Title":{"S":"Zeile\n\\ä\u0001"},
    "null":{"NULL":true},"$7":{"S":""},"a b'":{"L":[{"M":{"x":{"N":"1E-130"}}},{"L":[]},{"M":{}}]}}"#;

#[test]
fn a_line_of_json_comes_back() {
    let (item, mut line) = (item(EVERYTHING), Vec::new());
    write_json_line(item.view(), &mut line);
    assert_eq!(read_json_line(&text(line)).unwrap(), item);
}

#[test]
fn lines_that_are_no_item_are_refused() {
    for line in [
        "",
        "{}",
        r#"{"item":{"a":{"S":"b"}}}"#,
        r#"{"Item":{"a":{"S":"b"}},"Keys":{}}"#,
        r#"{"Item":{"a":{"S":"b"}}} x"#,
        r#"{"Item":{"a":{"S":"b"}}"#,
        r#"{"Item":{"a":"b"}}"#,
        r#"{"Item":{"a":{"N":"b"}}}"#,
        r#"{"a":{"S":"b"}}"#,
    ] {
        assert!(read_json_line(line).is_err(), "{line}");
    }
}

#[test]
fn a_line_of_ion_is_as_published_and_comes_back() {
    let (book, mut line) = (
        item(
            r#"{"Authors":{"SS":["Author1","Author2"]},"Id":{"N":"103"},"InPublication":{"BOOL":false},
               "Price":{"N":"20.5"},"Title":{"S":"Book 103 Title"}}"#,
        ),
        Vec::new(),
    );
    write_ion_line(book.view(), &mut line);
    assert_eq!(
        text(line),
        "$ion_1_0 {Item:{Authors:$dynamodb_SS::[\"Author1\",\"Author2\"],Id:103.,InPublication:false,\
         Price:20.5,Title:\"Book 103 Title\"}}\n"
    );
    let (all, mut line) = (item(EVERYTHING), Vec::new());
    write_ion_line(all.view(), &mut line);
    assert_eq!(read_ion_line(&text(line)).unwrap(), all);
}

#[test]
fn other_ways_to_write_ion_are_read() {
    let same = item(
        r#"{"a":{"N":"1200"},"b c":{"S":"äx\n"},"d":{"NULL":true},"e":{"B":"aGk="},"f":{"NS":["1","2"]}}"#,
    );
    for line in [
        r#"{Item:{a:1_200,'b c':"\u00e4\x78\n",d:null.string,e:{{ aGk= }},f:$dynamodb_NS::[1,2.0]}}"#,
        r#"$ion_1_0 { "Item" : { a : 1.2d3 , /* so */ "b c" : '''ä''' '''x\n''', 'd': null, e:{{aG k=}}, f:'$dynamodb_NS'::[1,2e0,],}, } // end"#,
    ] {
        assert_eq!(read_ion_line(line).unwrap(), same, "{line}");
    }
}

#[test]
fn ion_that_is_no_item_is_refused() {
    for line in [
        "",
        "$ion_1_0",
        "{Item:{a:1}",
        "{Item:{a:1}} x",
        "{a:1}",
        "{Item:{a:}}",
        "{Item:{a:b}}",
        "{Item:{a:(1 2)}}",
        "{Item:{a:nan}}",
        "{Item:{a:0x1}}",
        "{Item:{a:2020-01-01}}",
        "{Item:{a:\"\\q\"}}",
        "{Item:{a:$other::[1]}}",
        "{Item:{a:$dynamodb_SS::[1]}}",
        "{Item:{$10:1}}",
        "{Item:{a:{{&}}}}",
        "{Item:{a:/* }}",
    ] {
        assert!(read_ion_line(line).is_err(), "{line}");
    }
    let deep = format!("{{Item:{{a:{}1{}}}}}", "[".repeat(40), "]".repeat(40));
    assert!(read_ion_line(&deep).is_err());
}

fn header(names: &[&str]) -> CsvHeader {
    let define = |name: &str, kind| AttributeDefinition { name: name.to_owned(), kind };
    let attributes = [define("id", KeyKind::N), define("raw", KeyKind::B)];
    CsvHeader::new(names.iter().map(|name| (*name).to_owned()).collect(), &attributes).unwrap()
}

#[test]
fn columns_of_keys_have_their_types_and_others_are_strings() {
    let read = header(&["id", "raw", "note"]).read(r#"7,aGk=,"say ""hi"", then"#, ',');
    assert!(read.is_err(), "the quote is not closed");
    let read = header(&["id", "raw", "note"]).read(r#"7;aGk=;"say ""hi""; then""#, ';').unwrap();
    assert_eq!(read, item(r#"{"id":{"N":"7"},"raw":{"B":"aGk="},"note":{"S":"say \"hi\"; then"}}"#));
    for line in ["7,aGk=", "7,aGk=,a,b", "x,aGk=,a", "7,?,a", "7,aGk=,say \"hi\"", "7,aGk=,\"a\"b"] {
        assert!(header(&["id", "raw", "note"]).read(line, ',').is_err(), "{line}");
    }
    for names in [vec!["a".to_owned(), String::new()], vec!["a".to_owned(), "a".to_owned()]] {
        assert!(CsvHeader::new(names, &[]).is_err());
    }
}

#[test]
fn a_line_that_is_too_long_is_one_line_and_not_kept() {
    let mut lines = Lines::new(false);
    assert_eq!(lines.push(b"a\n"), [Line::Whole(b"a".to_vec())]);
    for _ in 0..=LINE_BYTES_MAX / 65_536 {
        assert_eq!(lines.push(&[b'x'; 65_536]), []);
    }
    assert!(lines.pending.len() <= LINE_BYTES_MAX);
    assert_eq!(lines.push(b"\n\r\n b \r\nc"), [Line::TooLong, Line::Whole(b" b ".to_vec())]);
    assert_eq!(lines.finish(), Some(Line::Whole(b"c".to_vec())));
}

proptest! {
    #[test]
    fn items_come_back_in_every_format(json in any_item()) {
        let item = item(&json.to_string());
        let (mut as_json, mut as_ion) = (Vec::new(), Vec::new());
        write_json_line(item.view(), &mut as_json);
        write_ion_line(item.view(), &mut as_ion);
        type Read = fn(&str) -> Result<Item, Refusal>;
        for (line, read) in [(as_json, read_json_line as Read), (as_ion, read_ion_line as Read)] {
            let mut lines = Lines::new(false);
            let cut = lines.push(&line);
            prop_assert_eq!(cut.len(), 1);
            prop_assert_eq!(read(&text(line)).unwrap(), item.clone());
        }
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_come(
        text in "[ab,\"\r\n]{0,60}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        quotes in any::<bool>(),
    ) {
        let bytes = text.as_bytes();
        let mut whole = Lines::new(quotes);
        let mut expected = whole.push(bytes);
        expected.extend(whole.finish());
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        let (mut pieces, mut found, mut from) = (Lines::new(quotes), Vec::new(), 0);
        for place in places.into_iter().chain([bytes.len()]) {
            found.extend(pieces.push(&bytes[from..place]));
            from = place;
        }
        found.extend(pieces.finish());
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn fields_come_back(all in prop::collection::vec("[a,\"\n ]{0,6}", 1..6)) {
        let line: Vec<String> = all.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
        let line = line.join(",");
        let mut lines = Lines::new(true);
        prop_assert_eq!(lines.push(format!("{line}\n").as_bytes()), [Line::Whole(line.clone().into_bytes())]);
        let read: Vec<String> = fields(&line, ',').unwrap().into_iter().map(|field| field.into_owned()).collect();
        prop_assert_eq!(read, all);
    }

    #[test]
    fn nothing_of_a_line_panics(line in ".{0,80}", ion in "[{}:a'\"\\\\/*$,0-9.\\[\\] ]{0,40}") {
        for line in [&line, &ion] {
            let _ = (read_json_line(line), read_ion_line(line), fields(line, ','));
            let _ = read_ion_line(&format!("{{Item:{{a:{line}}}}}"));
        }
    }
}
