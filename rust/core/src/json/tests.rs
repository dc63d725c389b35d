//! What is read, what is refused and why, and that writing and reading are each other's inverse.

mod round_trip;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::*;

const CLAIMS: &str = r#"{"iss":"https://id.example.com","aud":["api","account"],"exp":1924992000,"ok":true,"none":null,
    "realm_access":{"roles":["user"],"deep":[[],{},[{"a":-1.5e3}]]},"name":"Алиса","tab":"a\tb\u00e9\ud83d\ude00"}"#;

fn read(text: &str) -> Result<Document, &'static str> {
    Document::parse(text.into(), Limits::TEXT)
}

fn refusal(text: &str) -> &'static str {
    read(text).map(|_| ()).expect_err(text)
}

/// The document as text again, by way of everything that reads it.
fn written(value: Value<'_>, out: &mut Vec<u8>) {
    match value.kind() {
        Kind::Null => Writer::new(out).null(),
        Kind::Bool(value) => Writer::new(out).bool(value),
        Kind::Int(value) => match value.as_i64() {
            Some(value) => Writer::new(out).i64(value),
            None => Writer::new(out).raw(value.digits().as_bytes()),
        },
        Kind::Float(value) => Writer::new(out).f64(value).unwrap(),
        Kind::Str(value) => {
            assert_eq!(value.as_str().is_ascii(), value.is_ascii());
            Writer::new(out).string(value.as_str());
        }
        Kind::Array(array) => {
            assert_eq!(array.len(), array.iter().count());
            out.push(b'[');
            for (index, element) in array.iter().enumerate() {
                out.extend_from_slice(if index == 0 { b"" } else { b"," });
                written(element, out);
            }
            out.push(b']');
        }
        Kind::Object(object) => {
            assert_eq!(object.len(), object.iter().count());
            out.push(b'{');
            for (index, (name, value)) in object.iter().enumerate() {
                out.extend_from_slice(if index == 0 { b"" } else { b"," });
                Writer::new(out).string(name.as_str());
                out.push(b':');
                written(value, out);
                assert_eq!(value.nodes.as_ptr(), object.get(name.as_str()).unwrap().nodes.as_ptr());
            }
            out.push(b'}');
        }
    }
}

fn rewritten(text: &str) -> String {
    let mut out = Vec::new();
    written(read(text).expect(text).root(), &mut out);
    String::from_utf8(out).unwrap()
}

/// Every kind of value is read as what it is, and stepping over containers finds the members behind them.
#[test]
fn claims_are_read() {
    let document = read(CLAIMS).unwrap();
    let claims = document.root().as_object().unwrap();
    let get = |name| claims.get(name).unwrap();
    assert_eq!(8, claims.len());
    assert_eq!(Some("https://id.example.com"), get("iss").as_str());
    assert_eq!(
        vec![Some("api"), Some("account")],
        get("aud").as_array().unwrap().iter().map(Value::as_str).collect::<Vec<_>>()
    );
    assert_eq!(Some(1_924_992_000.0), get("exp").as_f64());
    assert!(matches!(get("exp").kind(), Kind::Int(value) if value.as_i64() == Some(1_924_992_000)));
    assert!(matches!(get("ok").kind(), Kind::Bool(true)));
    assert!(matches!(get("none").kind(), Kind::Null));
    assert!(matches!(get("name").kind(), Kind::Str(value) if value.as_str() == "Алиса" && !value.is_ascii()));
    assert_eq!(Some("a\tbé😀"), get("tab").as_str());
    assert!(claims.get("nam").is_none());
    assert!(get("iss").as_object().is_none() && get("ok").as_str().is_none() && get("iss").as_f64().is_none());
    let roles = get("realm_access").as_object().unwrap().get("roles").unwrap().as_array().unwrap();
    assert_eq!(Some("user"), roles.iter().next().and_then(Value::as_str));
    assert_eq!(CLAIMS.as_bytes(), document.text());
}

/// A document in a log shows its size only.
#[test]
fn debug_shows_no_text() {
    let document = read(r#"{"d":"secret"}"#).unwrap();
    let shown = format!("{document:?} {:?} {:?}", document.root(), document.root().as_object());
    assert!(!shown.contains("secret"), "{shown}");
    document.wipe();
}

/// Any value may be outermost, with white space around every part.
#[test]
fn white_space_is_skipped() {
    assert_eq!(
        r#"{"a":[1,{},[],"b"],"c":null}"#,
        rewritten(" \t\r\n{ \"a\" :\n[ 1 ,{ } , [\r] ,\t\"b\"\n] , \"c\" : null } \n")
    );
    for text in ["null", "true", "false", "0", "-1", "0.5", "\"\"", "[]", "{}"] {
        assert_eq!(text, rewritten(&format!("\n {text}\t")));
    }
}

/// RFC 7515 section 4 and RFC 7519 section 4: names are compared after unescaping, at every depth.
#[test]
fn duplicate_members_are_refused() {
    for text in [
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"sub":1,"\u0073ub":2}"#,
        r#"{"\u0073ub":1,"sub":2}"#,
        r#"{"a\/b":1,"a/b":2}"#,
        r#"{"":1,"":2}"#,
        r#"{"a":{"b":[{"c":1,"d":2,"c":1}]}}"#,
        r#"{"sub":{"sub":1},"x":[],"sub":2}"#,
        "{\"\u{1F600}\":1,\"\\ud83d\\ude00\":2}",
        r#"{"a_name_of_more_than_eight":1,"b":{},"a_name_of_more_than_eight":2}"#,
        r#"{"a_name_of_more_than_eight":1,"b":{},"a_name_of_\u006dore_than_eight":2}"#,
        r#"{"email_verified":1,"email_\u0076erified":2}"#,
    ] {
        assert_eq!("duplicate member", refusal(text), "{text}");
    }
}

/// Names that differ only where a fingerprint might not look, and one name at different depths.
#[test]
fn names_that_differ_are_not_duplicates() {
    for text in [
        r#"{"a":1,"a\u0000":2,"a\u0000\u0000":3,"":4,"\u0000":5}"#,
        r#"{"sub":{"sub":{"sub":1}},"x":[{"sub":1},{"sub":1}]}"#,
        r#"{"sub":1,"Sub":2,"SUB":3,"sub ":4}"#,
        "{\"\u{e9}\":1,\"e\u{301}\":2}",
        r#"{"prefix_1_suffix_1":1,"prefix_2_suffix_1":2,"prefix_1suffix_1":3}"#,
    ] {
        read(text).expect(text);
    }
}

/// A duplicate is found at any position, in objects searched as they are read and in those searched at their end.
#[test]
fn duplicates_are_found_in_objects_of_every_size() {
    for size in [2, 3, 15, 31, 32, 33, 34, 64, 65, 200, 1_024] {
        let names: Vec<String> = (0..size).map(|index| format!("common_prefix_{index}_common_suffix")).collect();
        let object = |names: &[String]| {
            let members: Vec<String> = names.iter().map(|name| format!("\"{name}\":[{{\"a\":[]}}]")).collect();
            format!("{{{}}}", members.join(","))
        };
        read(&object(&names)).unwrap();
        for (first, second) in [(0, 1), (0, size - 1), (size / 2, size - 1), (size - 2, size - 1)] {
            let mut names = names.clone();
            if first != second {
                names[second] = names[first].clone();
                assert_eq!("duplicate member", refusal(&object(&names)), "{first} {second} of {size}");
            }
        }
    }
}

/// The outermost container is level 1.
#[test]
fn nesting_is_bounded() {
    for (limits, depth) in [(Limits::HEADER, 8), (Limits::TEXT, 32)] {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        Document::parse(nested(depth), limits).unwrap();
        assert_eq!(Some("nested too deeply"), Document::parse(nested(depth + 1), limits).err());
        let members = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)).into_bytes();
        Document::parse(members(depth), limits).unwrap();
        assert_eq!(Some("nested too deeply"), Document::parse(members(depth + 1), limits).err());
    }
    let wide = format!("[{}{{}}]", "[[]],{\"a\":[]},".repeat(100));
    read(&wide).unwrap();
}

/// A text of opening brackets ends at the bound, on a small stack.
#[test]
fn opening_brackets_do_not_exhaust_the_stack() {
    let brackets = || {
        for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
            assert_eq!("nested too deeply", refusal(&text));
        }
    };
    std::thread::Builder::new().stack_size(64 * 1_024).spawn(brackets).unwrap().join().unwrap();
}

/// 1,024 members are accepted, one more is not.
#[test]
fn members_are_bounded() {
    let object = |size: usize| {
        let members: Vec<String> = (0..size).map(|index| format!("\"{index}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    assert_eq!(1_024, read(&object(1_024)).unwrap().root().as_object().unwrap().len());
    assert_eq!("too many members", refusal(&object(1_025)));
}

/// Integers keep their text, up to the bound on digits.
#[test]
fn integers_are_exact() {
    for (text, value) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("1893456000", Some(1_893_456_000)),
        ("999999999999999999", Some(999_999_999_999_999_999)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775807", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("18446744073709551616", None),
    ] {
        let document = read(text).unwrap();
        let Kind::Int(int) = document.root().kind() else { panic!("{text}") };
        assert_eq!(value, int.as_i64(), "{text}");
        assert_eq!(text, int.digits());
        assert_eq!(text.parse().ok(), document.root().as_f64());
    }
    for len in 1..=18 {
        for digits in [&"123456789012345678"[..len], &"908172635443526170"[..len], &"999999999999999999"[..len]] {
            let document = read(digits).unwrap();
            let Kind::Int(int) = document.root().kind() else { panic!("{digits}") };
            assert_eq!(digits.parse().ok(), int.as_i64());
        }
    }
    for sign in ["", "-"] {
        let digits = format!("{sign}{}", "9".repeat(4_300));
        let document = read(&digits).unwrap();
        assert!(matches!(document.root().kind(), Kind::Int(int) if int.digits() == digits && int.as_i64().is_none()));
        assert_eq!(None, document.root().as_f64());
        assert_eq!("too many digits", refusal(&format!("{digits}9")));
    }
}

/// A fraction or an exponent makes a float, which is finite.
#[test]
fn floats_are_finite() {
    for text in
        ["1.0", "-0.0", "0.1", "1e5", "1E+5", "1e-5", "1.5e300", "5e-324", "1e-400", "123456789.123456789", "0e0"]
    {
        let document = read(text).unwrap();
        assert!(matches!(document.root().kind(), Kind::Float(_)), "{text}");
        assert_eq!(text.parse().ok(), document.root().as_f64());
    }
    for text in ["1e400", "-1e400", "1.8e308"] {
        assert_eq!("a number out of range", refusal(text));
    }
    assert_eq!("a number out of range", refusal(&format!("1{}.0", "0".repeat(400))));
}

/// RFC 8259 section 6.
#[test]
fn other_spellings_of_numbers_are_refused() {
    for text in ["01", "-01", "00", "-00", "01.5", "[0123]"] {
        assert_eq!("a number with a leading zero", refusal(text), "{text}");
    }
    for text in ["-", "1.", "-.5", "1.e5", "1e", "1e+", "1E-", "-a", "-Infinity", "[1.]"] {
        assert_eq!("an incomplete number", refusal(text), "{text}");
    }
    for text in ["NaN", "Infinity", "+1", ".5", "nan", "inf", "[NaN]", "{\"exp\":Infinity}", "\u{661}"] {
        assert_eq!("not a JSON value", refusal(text), "{text}");
    }
    for text in ["0x10", "1_000", "1d", "0b1", "1 2", "0.1.2", "1e5.5", "1-2", "\u{31}\u{ff10}"] {
        assert_eq!("text after the value", refusal(text), "{text}");
    }
}

/// RFC 8259 section 7: escapes and what must be escaped.
#[test]
fn strings_are_unescaped() {
    let text = r#""\"\\\/\b\f\n\r\t\u0000\u001F\u00e9\u20AC\uD83D\uDE00 plain \u0041""#;
    let document = read(text).unwrap();
    assert_eq!(Some("\"\\/\u{8}\u{C}\n\r\t\0\u{1F}é€😀 plain A"), document.root().as_str());
    let document = read(r#"["a\u0041","\u00e9","é","plain"]"#).unwrap();
    let ascii = document.root().as_array().unwrap().iter().map(|value| match value.kind() {
        Kind::Str(text) => text.is_ascii(),
        _ => panic!("not a string"),
    });
    assert_eq!(vec![true, false, false, true], ascii.collect::<Vec<_>>());
}

/// A lone surrogate is not a character and cannot be encoded as UTF-8.
#[test]
fn lone_surrogates_are_refused() {
    for text in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\udfff\ud800""#,
        r#""\ud800x""#,
        r#""\ud800\n""#,
        r#""\ud800\ud800""#,
        r#""\ud800\u0041""#,
        r#"{"\udbff":1}"#,
    ] {
        assert_eq!("a lone surrogate in a string", refusal(text), "{text}");
    }
}

/// RFC 8259 section 7 knows eight letters and `u` with four hexadecimal digits.
#[test]
fn unknown_escapes_are_refused() {
    for text in [
        r#""\a""#,
        r#""\x41""#,
        r#""\'""#,
        r#""\U0041""#,
        r#""\u+041""#,
        r#""\u004""#,
        r#""\u00g0""#,
        r#""\u 041""#,
        r#""\ud800\u+c00""#,
        "\"\\\n\"",
        "\"\\\0\"",
    ] {
        assert_eq!("an unknown escape in a string", refusal(text), "{text}");
    }
}

/// Every control character, alone and behind an escape, at every distance from the start of a word.
#[test]
fn control_characters_in_strings_are_refused() {
    for octet in 0..0x20_u8 {
        for before in 0..20 {
            for escape in ["", "\\n"] {
                let text = format!("\"{escape}{}{}{}\"", "x".repeat(before), char::from(octet), "y".repeat(9));
                assert_eq!("a control character in a string", refusal(&text), "{octet} after {before}");
            }
        }
    }
    read("\"\u{7f}\u{80}\u{2028}\u{feff}\"").unwrap();
}

/// Bytes that are not UTF-8 are refused at any position: overlong forms, surrogates, and beyond U+10FFFF.
#[test]
fn invalid_utf8_is_refused() {
    for octets in [
        &b"\xC0\x80"[..],
        b"\xED\xA0\x80",
        b"\xF4\x90\x80\x80",
        b"\xFF",
        b"\x80",
        b"\xC3",
        b"\xE2\x82",
        b"\xF8\x88\x80\x80\x80",
    ] {
        for (before, after) in [(&b"\""[..], &b"\""[..]), (b"{\"", b"\":1}"), (b"", b"{}"), (b"{}", b"")] {
            let text = [before, octets, after].concat();
            assert_eq!(Some("not UTF-8"), Document::parse(text, Limits::TEXT).err());
        }
    }
}

/// RFC 8259 section 8.1 lets a parser ignore a byte order mark; two readers would disagree on the token.
#[test]
fn byte_order_marks_are_refused() {
    assert_eq!("starts with a byte order mark", refusal("\u{feff}{}"));
    assert_eq!("not a JSON value", refusal(" \u{feff}{}"));
    assert_eq!("text after the value", refusal("{}\u{feff}"));
    assert_eq!(Some("not UTF-8"), Document::parse(b"\xFF\xFE{\0}\0".to_vec(), Limits::TEXT).err());
}

/// RFC 7515 section 10.12: nothing follows the value.
#[test]
fn trailing_octets_are_refused() {
    for text in [
        "{}x",
        "{}{}",
        "{} {}",
        "{},",
        "{}]",
        "{}}",
        "{}\0",
        "[]\u{b}",
        "[]\u{a0}",
        "\"\"\"\"",
        "nulls",
        "{}//",
        "truefalse",
    ] {
        assert_eq!("text after the value", refusal(text), "{text}");
    }
}

/// Every text that was cut short is refused, and nothing is read beyond the cut.
#[test]
fn every_proper_prefix_is_refused() {
    for end in (0..CLAIMS.len()).filter(|end| CLAIMS.is_char_boundary(*end)) {
        let refusal = refusal(&CLAIMS[..end]);
        let expected = ["ends early", "not a JSON value", "an incomplete number", "a lone surrogate in a string"];
        assert!(expected.contains(&refusal), "{refusal}: {}", &CLAIMS[..end]);
    }
    for text in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "{\"",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "\"\\",
        "\"\\u00",
        "\"\\ud800",
    ] {
        assert_eq!("ends early", refusal(text), "{text}");
    }
}

/// The grammar of containers, and the extensions some parsers know.
#[test]
fn other_syntax_is_refused() {
    for (text, reason) in [
        ("{,}", "a member without a name"),
        ("{\"a\":1,}", "a member without a name"),
        ("{a:1}", "a member without a name"),
        ("{'a':1}", "a member without a name"),
        ("{1:1}", "a member without a name"),
        ("{null:1}", "a member without a name"),
        ("{\"a\"}", "a member without a colon"),
        ("{\"a\",1}", "a member without a colon"),
        ("{\"a\"=1}", "a member without a colon"),
        ("{\"a\":1 \"b\":2}", "no comma between members"),
        ("{\"a\":1]", "no comma between members"),
        ("{\"a\":1;\"b\":2}", "no comma between members"),
        ("{\"a\":1/**/}", "no comma between members"),
        ("[1 2]", "no comma between elements"),
        ("[1}", "no comma between elements"),
        ("[1:2]", "no comma between elements"),
        ("{\"a\":}", "not a JSON value"),
        ("[,]", "not a JSON value"),
        ("[1,]", "not a JSON value"),
        ("]", "not a JSON value"),
        ("}", "not a JSON value"),
        (":", "not a JSON value"),
        ("'a'", "not a JSON value"),
        ("True", "not a JSON value"),
        ("tru", "not a JSON value"),
        ("nul", "not a JSON value"),
        ("fals ", "not a JSON value"),
        ("undefined", "not a JSON value"),
        ("//c\n{}", "not a JSON value"),
        ("/**/{}", "not a JSON value"),
        ("\0{}", "not a JSON value"),
        ("\u{b}{}", "not a JSON value"),
        ("\u{c}{}", "not a JSON value"),
        ("\u{a0}{}", "not a JSON value"),
    ] {
        assert_eq!(reason, refusal(text), "{text}");
    }
}
