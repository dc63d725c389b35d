//! Writing and reading are each other's inverse, for chosen texts and for generated ones.

use super::*;

/// Written strings hold what RFC 8259 section 7 demands and read back as they were, at every length of a plain run.
#[test]
fn strings_round_trip() {
    let mut all: String = (0..0x100).filter_map(char::from_u32).collect();
    all.push_str("\u{2028}\u{FFFF}\u{10FFFF}😀");
    let mut out = Vec::new();
    Writer::new(&mut out).string(&all);
    assert!(out.starts_with(br#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010"#));
    assert_eq!(Some(&*all), Document::parse(out, Limits::TEXT).unwrap().root().as_str());
    for len in 0..40 {
        for special in ["", "\"", "\\", "\u{1f}", "é"] {
            let text = format!("{}{special}{}", "a".repeat(len), "b".repeat(len));
            let mut out = Vec::new();
            Writer::new(&mut out).string(&text);
            assert_eq!(Some(&*text), Document::parse(out, Limits::TEXT).unwrap().root().as_str());
        }
    }
}

/// Written numbers read back as they were; what JSON lacks is not written.
#[test]
fn numbers_round_trip() {
    for value in [0, 1, -1, 9, 10, 99, 100, 1_893_456_000, i64::MAX, i64::MIN] {
        let mut out = Vec::new();
        Writer::new(&mut out).i64(value);
        assert_eq!(value.to_string().into_bytes(), out);
    }
    let mut out = Vec::new();
    Writer::new(&mut out).u64(u64::MAX);
    assert_eq!(b"18446744073709551615", &*out);
    for (value, text) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (1_893_456_000.5, "1893456000.5"),
        (1e300, "1e300"),
        (-1.5e-300, "-1.5e-300"),
        (f64::MAX, "1.7976931348623157e308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (5e-324, "5e-324"),
    ] {
        let mut out = Vec::new();
        Writer::new(&mut out).f64(value).unwrap();
        assert_eq!(text.as_bytes(), out);
        let document = Document::parse(out, Limits::TEXT).unwrap();
        assert!(matches!(document.root().kind(), Kind::Float(read) if read.to_bits() == value.to_bits()));
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut out = Vec::new();
        assert_eq!(None, Writer::new(&mut out).f64(value));
        assert!(out.is_empty());
    }
}

/// Marsaglia's xorshift64.
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// One value, spelled as the writer does and spelled at random.
#[derive(Default)]
struct Twice {
    plain: Vec<u8>,
    random: String,
}

impl Twice {
    fn both(&mut self, text: &str) {
        self.plain.extend_from_slice(text.as_bytes());
        self.random.push_str(text);
    }

    fn space(&mut self, random: &mut Xorshift) {
        self.random.push_str(random.pick(&["", "", "", " ", "\n", "\t ", "\r\n  "]));
    }

    fn string(&mut self, text: &str, random: &mut Xorshift) {
        Writer::new(&mut self.plain).string(text);
        self.random.push('"');
        for character in text.chars() {
            if random.below(4) == 0 || character < ' ' || character == '"' || character == '\\' {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(self.random, "\\u{unit:04x}").unwrap();
                }
            } else {
                self.random.push(character);
            }
        }
        self.random.push('"');
    }

    fn value(&mut self, depth: usize, random: &mut Xorshift) {
        self.space(random);
        match random.below(if depth < 6 { 8 } else { 6 }) {
            0 => self.both(random.pick(&["null", "true", "false"])),
            1 => self.both(&random.next().cast_signed().to_string()),
            2 => self.both(&format!("{}{}", random.next(), random.next())),
            3 => self.both(&format!("{:?}", f64::from(u32::try_from(random.next() >> 32).unwrap()) / -1024.0)),
            4 | 5 => self.string(&text(random), random),
            6 => {
                self.both("[");
                for index in 0..random.below(6) {
                    self.both(if index == 0 { "" } else { "," });
                    self.value(depth + 1, random);
                }
                self.both("]");
            }
            _ => {
                self.both("{");
                let names: BTreeSet<String> = (0..random.below(50)).map(|_| text(random)).collect();
                for (index, name) in names.iter().enumerate() {
                    self.both(if index == 0 { "" } else { "," });
                    self.space(random);
                    self.string(name, random);
                    self.space(random);
                    self.both(":");
                    self.value(depth + 2, random);
                }
                self.both("}");
            }
        }
        self.space(random);
    }
}

/// Up to twenty characters, half of the texts ASCII.
fn text(random: &mut Xorshift) -> String {
    let bound = if random.below(2) == 0 { 0x80 } else { 0x3_0000 };
    (0..random.below(20)).filter_map(|_| char::from_u32(u32::try_from(random.below(bound)).unwrap())).collect()
}

/// Generated texts mean the same however they are spelled.
#[test]
fn generated_texts_round_trip() {
    let mut random = Xorshift(0x2545_F491_4F6C_DD1D);
    for _ in 0..500 {
        let mut text = Twice::default();
        text.value(0, &mut random);
        assert_eq!(String::from_utf8(text.plain).unwrap(), rewritten(&text.random), "{}", text.random);
    }
}

/// Texts with a few octets changed are read or refused, and what is read writes to a text that reads the same.
#[test]
fn damaged_texts_do_no_harm() {
    let mut random = Xorshift(0x9E37_79B9_7F4A_7C15);
    let mut read = 0;
    for _ in 0..20_000 {
        let mut octets = CLAIMS.as_bytes().to_vec();
        for _ in 0..=random.below(3) {
            let index = usize::try_from(random.below(octets.len() as u64)).unwrap();
            match random.below(3) {
                0 => octets[index] = b"{}[]\",:\\ 0e-u\x00\xC3"[usize::try_from(random.below(15)).unwrap()],
                1 => octets[index] ^= 1 << random.below(8),
                _ => drop(octets.remove(index)),
            }
        }
        if let Ok(document) = Document::parse(octets, Limits::TEXT) {
            read += 1;
            let mut once = Vec::new();
            written(document.root(), &mut once);
            assert_eq!(once, rewritten(&String::from_utf8(once.clone()).unwrap()).into_bytes());
        }
    }
    assert!((1_000..19_000).contains(&read), "{read}");
}
