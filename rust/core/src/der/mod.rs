//! DER, as far as keys are written in it (X.690 section 10): a strict reader and a small writer.
//!
//! Lengths are definite and minimal, integers unsigned and minimal, and nothing follows the last element. `spki` and `pkcs8`
//! read and write the two containers of keys, `form` recognises others. Encryption and PEM are read elsewhere.

pub mod algorithm;
pub mod form;
pub mod pkcs8;
pub mod spki;

/// The tags used in keys.
pub mod tag {
    /// INTEGER
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER
    pub const OID: u8 = 0x06;
    /// SEQUENCE
    pub const SEQUENCE: u8 = 0x30;
    /// [0], primitive
    pub const PRIMITIVE_0: u8 = 0x80;
    /// [1], primitive
    pub const PRIMITIVE_1: u8 = 0x81;
    /// [0], constructed
    pub const CONSTRUCTED_0: u8 = 0xa0;
    /// [1], constructed
    pub const CONSTRUCTED_1: u8 = 0xa1;
}

/// Bytes that are still to be read; every method gives `None` for what is not strict DER.
#[derive(Clone, Copy, Debug)]
pub struct DerReader<'a>(&'a [u8]);

impl<'a> DerReader<'a> {
    /// A reader of these bytes.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The content of an element with this tag that is the whole of these bytes.
    #[must_use]
    pub fn only(octets: &'a [u8], tag: u8) -> Option<&'a [u8]> {
        let mut reader = Self(octets);
        let content = reader.read(tag)?;
        reader.end()?;
        Some(content)
    }

    /// The content of the next element, which must have this tag.
    pub fn read(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_first()?;
        if *first != tag {
            return None;
        }
        let (len, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(content)
    }

    /// The content of the next element if it has this tag; the outer `None` is a broken element.
    pub fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.0.first() == Some(&tag) { self.read(tag).map(Some) } else { Some(None) }
    }

    /// A reader of the SEQUENCE that follows.
    pub fn sequence(&mut self) -> Option<Self> {
        self.read(tag::SEQUENCE).map(Self)
    }

    /// An unsigned INTEGER, without the zero byte that keeps it positive.
    pub fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.read(tag::INTEGER)? {
            [] => None,
            [0, rest @ ..] => match rest.first() {
                Some(next) if *next < 0x80 => None,
                _ => Some(rest),
            },
            [first, ..] if *first >= 0x80 => None,
            digits => Some(digits),
        }
    }

    /// A BIT STRING of whole bytes.
    pub fn bits(&mut self) -> Option<&'a [u8]> {
        whole_octets(self.read(tag::BIT_STRING)?)
    }

    /// Succeeds if nothing is left.
    #[must_use]
    pub const fn end(self) -> Option<()> {
        if self.0.is_empty() { Some(()) } else { None }
    }
}

/// The bytes of a BIT STRING's content that has no unused bits.
#[must_use]
pub fn whole_octets(content: &[u8]) -> Option<&[u8]> {
    content.split_first().filter(|(unused, _)| **unused == 0).map(|(_, octets)| octets)
}

/// A length and what follows it; up to 16,777,215, far more than a key or a certificate has.
fn length(octets: &[u8]) -> Option<(usize, &[u8])> {
    match octets {
        [len @ 0..=0x7f, rest @ ..] | [0x81, len @ 0x80..=0xff, rest @ ..] => Some((usize::from(*len), rest)),
        [0x82, high @ 1..=0xff, low, rest @ ..] => Some((usize::from(*high) << 8 | usize::from(*low), rest)),
        [0x83, high @ 1..=0xff, middle, low, rest @ ..] => {
            Some((usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low), rest))
        }
        _ => None,
    }
}

/// Appends an element.
pub fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match content.len().to_be_bytes() {
        [.., low] if content.len() < 0x80 => out.push(low),
        [.., low] if content.len() < 0x100 => out.extend_from_slice(&[0x81, low]),
        [.., high, low] => out.extend_from_slice(&[0x82, high, low]),
    }
    out.extend_from_slice(content);
}

/// One element.
#[must_use]
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 4);
    write(&mut out, tag, content);
    out
}

/// An unsigned INTEGER of minimal length.
#[must_use]
pub fn unsigned(digits: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if digits.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    element(tag::INTEGER, &[sign, digits].concat())
}

/// A BIT STRING of whole bytes.
#[must_use]
pub fn bits(octets: &[u8]) -> Vec<u8> {
    element(tag::BIT_STRING, &[&[0], octets].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These bytes with one of them changed or removed, or one added before it or after all.
    pub(super) fn mutations(der: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        let with = |index: usize, removed: usize, added: &[u8]| {
            let mut octets = der.to_vec();
            octets.splice(index..index + removed, added.iter().copied());
            octets
        };
        let at = move |(index, octet): (usize, &u8)| {
            let changes = [1, 0x80, 0xff].map(|change| [with(index, 1, &[octet ^ change]), with(index, 0, &[change])]);
            changes.concat().into_iter().chain([with(index, 1, &[])])
        };
        der.iter().enumerate().flat_map(at).chain([[der, &[0]].concat()])
    }

    /// Lengths that are not minimal, indefinite, or beyond the end are refused.
    #[test]
    fn only_minimal_definite_lengths_are_read() {
        assert_eq!(Some(&[7][..]), DerReader::new(&[4, 1, 7]).read(4));
        let mut long = vec![4, 0x81, 0x80];
        long.resize(3 + 0x80, 0);
        assert_eq!(Some(0x80), DerReader::new(&long).read(4).map(<[u8]>::len));
        let mut longer = vec![4, 0x82, 1, 0];
        longer.resize(4 + 0x100, 0);
        assert_eq!(Some(0x100), DerReader::new(&longer).read(4).map(<[u8]>::len));
        for bad in [
            &[4, 0x81, 1, 7][..],
            &[4, 0x82, 0, 1, 7],
            &[4, 0x83, 0, 0, 1, 7],
            &[4, 0x80, 7, 0, 0],
            &[4, 2, 7],
            &[4],
            &[],
            &[0x24, 1, 7],
            &[4, 0xff, 7],
        ] {
            assert_eq!(None, DerReader::new(bad).read(4), "{bad:?}");
        }
    }

    /// Negative integers, padded ones and ones without digits are refused.
    #[test]
    fn only_minimal_unsigned_integers_are_read() {
        assert_eq!(Some(&[0x80][..]), DerReader::new(&[2, 2, 0, 0x80]).unsigned());
        assert_eq!(Some(&[][..]), DerReader::new(&[2, 1, 0]).unsigned());
        for bad in [&[2, 1, 0x80][..], &[2, 2, 0, 0x7f], &[2, 0], &[2, 2, 0xff, 1]] {
            assert_eq!(None, DerReader::new(bad).unsigned(), "{bad:?}");
        }
        for digits in [&[][..], &[1], &[0x7f], &[0x80], &[1, 0]] {
            assert_eq!(Some(digits), DerReader::new(&unsigned(digits)).unsigned());
        }
    }

    /// A BIT STRING with unused bits is refused.
    #[test]
    fn only_whole_octets_are_read() {
        assert_eq!(Some(&[5][..]), DerReader::new(&bits(&[5])).bits());
        for bad in [&[3, 2, 1, 5][..], &[3, 0], &[3, 2, 8, 5]] {
            assert_eq!(None, DerReader::new(bad).bits(), "{bad:?}");
        }
    }

    /// What is written is read back, over every form of length.
    #[test]
    fn elements_round_trip() {
        for len in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
            let octets = element(tag::OCTET_STRING, &vec![9; len]);
            let mut reader = DerReader::new(&octets);
            assert_eq!(Some(len), reader.read(tag::OCTET_STRING).map(<[u8]>::len));
            assert_eq!(Some(()), reader.end());
        }
    }
}
