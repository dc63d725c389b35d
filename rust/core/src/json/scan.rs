//! Finds the end of a run of plain string characters (RFC 8259 section 7), eight bytes at a time.
//!
//! The parser reads and the writer copies such runs whole. UTF-8 is not judged here: bytes of 128 and above are plain.

const ONES: u64 = u64::MAX / 255;

/// The index at or after `from` of the first quotation mark, backslash or control character; the length if there is none.
#[inline]
pub(super) fn plain_end(octets: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(block) = octets.get(at..).and_then(<[u8]>::first_chunk) {
        let stops = stops(u64::from_le_bytes(*block));
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let left = octets.len().saturating_sub(at);
    let stops = stops(last_word(octets, left));
    at + ((stops.trailing_zeros() / 8) as usize).min(left)
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

/// The high bit of every byte that ends a run. A borrow may mark bytes above the first of them, never one below it.
#[inline]
const fn stops(octets: u64) -> u64 {
    let quotes = octets ^ (ONES * 0x22);
    let backslashes = octets ^ (ONES * 0x5C);
    let zeros = (quotes.wrapping_sub(ONES) & !quotes) | (backslashes.wrapping_sub(ONES) & !backslashes);
    let controls = octets.wrapping_sub(ONES * 0x20) & !octets;
    (zeros | controls) & (ONES << 7)
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
        for len in 0..40 {
            for at in 0..len {
                for octet in 0..=255 {
                    let mut octets = vec![0xC3; len];
                    octets[at] = octet;
                    let expected = if is_stop(octet) { at } else { len };
                    assert_eq!(expected, plain_end(&octets, 0), "{octet} at {at} of {len}");
                    assert_eq!(expected.max(at), plain_end(&octets, at), "{octet} at {at} of {len}");
                }
            }
        }
    }
}
