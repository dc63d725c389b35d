//! Finds the end of a run of plain string characters (RFC 8259 section 7), several bytes at a time.
//!
//! The parser reads and the writer copies such runs whole. UTF-8 is not validated here: bytes of 128 and above count as plain.

const ONES: u64 = u64::MAX / 255;

/// Returns the index of the first quotation mark, backslash or control character at or after `from`, or the length.
#[inline]
pub(super) fn plain_end(octets: &[u8], from: usize) -> usize {
    let (words, last) = octets.get(from..).unwrap_or_default().as_chunks();
    let mut at = from;
    for word in words {
        let stops = stops(u64::from_le_bytes(*word));
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let stops = stops(last_word(octets, last.len()));
    at + ((stops.trailing_zeros() / 8) as usize).min(last.len())
}

/// A run of fewer than eight plain characters: its bytes with zeros after them, and its length.
#[inline]
pub(super) fn short(octets: &[u8], from: usize) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*octets.get(from..)?.first_chunk()?);
    let stops = stops(word);
    if stops == 0 {
        return None;
    }
    let end = stops & stops.wrapping_neg();
    Some((word & (end >> 7).wrapping_sub(1), (stops.trailing_zeros() / 8) as usize))
}

/// Whether nothing in a string must be escaped: that it has no such end is known sooner than where the end is.
#[inline]
pub(super) fn is_plain(octets: &[u8]) -> bool {
    let (blocks, rest) = octets.as_chunks();
    if !blocks.iter().all(is_plain_block) {
        return false;
    }
    if rest.is_empty() {
        return true;
    }
    // What is left shares a block, or two words, with bytes before it, which are read again.
    if let Some(block) = octets.last_chunk() {
        return is_plain_block(block);
    }
    let (first, last) = match (octets.first_chunk(), octets.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (few(octets), 0x2020_2020_2020_2020),
    };
    stops(first) | stops(last) == 0
}

/// Compiles to a few instructions that judge all bytes at once.
#[inline]
fn is_plain_block(block: &[u8; 16]) -> bool {
    let is_stop = |octet: u8| u8::from(octet < 0x20) | u8::from(octet == b'"') | u8::from(octet == b'\\');
    block.iter().fold(0, |stops, &octet| stops | is_stop(octet)) == 0
}

/// Fewer than eight bytes, and bytes that are plain.
#[inline]
fn few(octets: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (octets.first_chunk(), octets.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << 32;
    }
    octets.iter().fold(0x2020_2020_2020_2020, |word, &octet| word << 8 | u64::from(octet))
}

/// The last bytes, fewer than eight, with zeros after them.
#[inline]
fn last_word(octets: &[u8], left: usize) -> u64 {
    if let Some(block) = octets.last_chunk() {
        // They share a word with bytes before them, which are shifted out.
        return u64::from_le_bytes(*block).checked_shr(u32::try_from(64 - 8 * left).unwrap_or(64)).unwrap_or(0);
    }
    let tail = octets.get(octets.len() - left..).unwrap_or_default();
    tail.iter().rev().fold(0, |word, &octet| word << 8 | u64::from(octet))
}

/// Whether all of them are decimal digits: their upper half is 3, and still is when six is added.
#[inline]
pub(super) const fn are_digits(octets: [u8; 8]) -> bool {
    let octets = u64::from_le_bytes(octets);
    octets & (ONES * 0xF0) == ONES * 0x30 && octets.wrapping_add(ONES * 6) & (ONES * 0xF0) == ONES * 0x30
}

/// The high bit of every byte that ends a run. A borrow may mark bytes above the first of them, never one below it.
#[inline]
const fn stops(octets: u64) -> u64 {
    // The second lowest bit inverted, quotation marks and control characters are all there is below 0x21.
    let quotes_and_controls = (octets ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslashes = (octets ^ (ONES * 0x5C)).wrapping_sub(ONES);
    (quotes_and_controls | backslashes) & !octets & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a string may not hold this octet unescaped: the definition.
    const fn is_stop(octet: u8) -> bool {
        octet < 0x20 || octet == b'"' || octet == b'\\'
    }

    /// Every byte, at every position of a word and of the remainder, ends a run exactly if it must be escaped.
    #[test]
    fn runs_end_where_the_definition_says() {
        for (len, plain) in
            (0..40).flat_map(|len| [0x20, 0x21, 0x23, 0x5D, 0x7F, 0x80, 0xC3, 0xFF].map(|one| (len, one)))
        {
            for at in 0..len {
                for octet in 0..=255 {
                    let mut octets = vec![plain; len];
                    octets[at] = octet;
                    let expected = if is_stop(octet) { at } else { len };
                    assert_eq!(expected, plain_end(&octets, 0), "{octet} at {at} of {len}");
                    assert_eq!(expected.max(at), plain_end(&octets, at), "{octet} at {at} of {len}");
                    assert_eq!(expected == len, is_plain(&octets), "{octet} at {at} of {len}");
                    let word = octets[..expected].iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet));
                    let run = (expected < 8 && len >= 8).then_some((word, expected));
                    assert_eq!(run, short(&octets, 0), "{octet} at {at} of {len}");
                }
            }
        }
    }

    /// Every byte among seven digits, at every position, is a digit or none.
    #[test]
    fn eight_digits_are_what_the_definition_says() {
        for (at, octet) in (0..8).flat_map(|at| (0..=255).map(move |octet| (at, octet))) {
            for digit in [b'0', b'9'] {
                let mut octets = [digit; 8];
                octets[at] = octet;
                assert_eq!(octet.is_ascii_digit(), are_digits(octets), "{octet} at {at}");
            }
        }
    }
}
