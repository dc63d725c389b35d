//! What an RSA signature encodes: EMSA-PKCS1-v1_5 and EMSA-PSS (RFC 8017 sections 9.2 and 9.1), for a modulus of 2048 bits.
//!
//! Nothing is parsed. PKCS#1 v1.5 has one encoding of a digest, and each byte has to be its own. Of PSS, the positions and
//! lengths of all parts follow from the digest's, and each byte is checked. The salt is as long as the digest and its mask is
//! MGF1 with the digest's own hash (RFC 7518 section 3.5).

use aws_lc_rs::digest::{self, Algorithm, Digest};

use super::OCTETS;

/// Whether a message representative is the one PKCS#1 v1.5 encoding of a digest by this hash.
pub(super) fn is_pkcs1(message: &[u8; OCTETS], digest: &[u8], hash: &'static Algorithm) -> bool {
    pkcs1(digest, hash).is_some_and(|encoded| encoded == *message)
}

/// EMSA-PSS-VERIFY (RFC 8017 section 9.1.2), with a salt of exactly the digest's length.
pub(super) fn is_pss(message: &[u8; OCTETS], digest: &[u8], hash: &'static Algorithm) -> bool {
    is_pss_or_short(*message, digest, hash).unwrap_or(false)
}

/// EMSA-PKCS1-v1_5 of a digest; `None` for one that is not as long as this hash, or a hash other than three of SHA-2.
pub(super) fn pkcs1(digest: &[u8], hash: &'static Algorithm) -> Option<[u8; OCTETS]> {
    let octets = u8::try_from(digest.len()).ok().filter(|octets| usize::from(*octets) == hash.output_len())?;
    // The last arc of 2.16.840.1.101.3.4.2.x.
    let arc =
        [(&digest::SHA256, 1), (&digest::SHA384, 2), (&digest::SHA512, 3)].into_iter().find(|(row, _)| *row == hash)?.1;
    let information = [
        0x30,
        0x11 + octets, // SEQUENCE
        0x30,
        0x0d, // SEQUENCE: AlgorithmIdentifier
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        arc, // OBJECT IDENTIFIER
        0x05,
        0x00, // NULL
        0x04,
        octets, // OCTET STRING
    ];
    let mut message = [0xff; OCTETS];
    let (padding, hashed) = message.split_at_mut_checked(OCTETS - digest.len())?;
    let (padding, prefix) = padding.split_at_mut_checked(padding.len() - information.len())?;
    hashed.copy_from_slice(digest);
    prefix.copy_from_slice(&information);
    let [zero, one, .., end] = padding else { return None };
    (*zero, *one, *end) = (0, 1, 0);
    Some(message)
}

/// `None` for a digest that is not as long as this hash.
fn is_pss_or_short(mut message: [u8; OCTETS], digest: &[u8], hash: &'static Algorithm) -> Option<bool> {
    let len = hash.output_len();
    if digest.len() != len {
        return None;
    }
    let (block, end) = message.split_at_mut_checked((OCTETS - 1).checked_sub(len)?)?;
    let (trailer, hashed) = end.split_last()?;
    if *trailer != 0xbc || *block.first()? > 0x7f {
        return Some(false);
    }
    mask(block, hash, hashed);
    // The mask may have set the bit that was zero.
    *block.first_mut()? &= 0x7f;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(len)?)?;
    let (one, zeros) = padding.split_last()?;
    Some(*one == 1 && zeros.iter().all(|octet| *octet == 0) && salted(digest, salt, hash).as_ref() == hashed)
}

/// The hash of eight zeros, the digest and the salt.
fn salted(digest: &[u8], salt: &[u8], hash: &'static Algorithm) -> Digest {
    let mut context = digest::Context::new(hash);
    for part in [&[0; 8], digest, salt] {
        context.update(part);
    }
    context.finish()
}

/// Adds MGF1 of a seed (RFC 8017 appendix B.2.1).
fn mask(block: &mut [u8], hash: &'static Algorithm, seed: &[u8]) {
    for (counter, chunk) in (0_u32..).zip(block.chunks_mut(hash.output_len())) {
        let mut context = digest::Context::new(hash);
        context.update(seed);
        context.update(&counter.to_be_bytes());
        for (octet, masking) in chunk.iter_mut().zip(context.finish().as_ref()) {
            *octet ^= masking;
        }
    }
}

/// EMSA-PSS by the letter (RFC 8017 section 9.1.1), of a salt of any length, for a block of zeros, a one and the salt that is
/// changed before it is masked.
#[cfg(test)]
pub(super) fn pss(digest: &Digest, salt: &[u8], change: impl Fn(&mut [u8])) -> [u8; OCTETS] {
    let hash = digest.algorithm();
    let hashed = digest::digest(hash, &[&[0; 8], digest.as_ref(), salt].concat());
    let mut block = vec![0; OCTETS - 1 - hashed.as_ref().len()];
    let start = block.len() - salt.len();
    block[start..].copy_from_slice(salt);
    block[start - 1] = 1;
    change(&mut block);
    for (counter, chunk) in (0_u32..).zip(block.chunks_mut(hashed.as_ref().len())) {
        let mask = digest::digest(hash, &[hashed.as_ref(), &counter.to_be_bytes()].concat());
        chunk.iter_mut().zip(mask.as_ref()).for_each(|(octet, masking)| *octet ^= masking);
    }
    block[0] &= 0x7f;
    [block.as_slice(), hashed.as_ref(), &[0xbc]].concat().try_into().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8017 section 9.2, note 1.
    const PREFIXES: [(&Algorithm, &str); 3] = [
        (&digest::SHA256, "3031300d060960864801650304020105000420"),
        (&digest::SHA384, "3041300d060960864801650304020205000430"),
        (&digest::SHA512, "3051300d060960864801650304020305000440"),
    ];

    fn hex(octets: &[u8]) -> String {
        octets
            .iter()
            .flat_map(|octet| [octet >> 4, octet & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }

    /// 0x00 0x01, ones, 0x00, the prefix of the hash, the digest; other hashes have no encoding here.
    #[test]
    fn pkcs1_is_padding_prefix_and_digest() {
        for (hash, prefix) in PREFIXES {
            let digest = digest::digest(hash, b"message");
            let padding = "ff".repeat(OCTETS - 3 - prefix.len() / 2 - digest.as_ref().len());
            let encoded = pkcs1(digest.as_ref(), hash).unwrap();
            assert_eq!(format!("0001{padding}00{prefix}{}", hex(digest.as_ref())), hex(&encoded));
            assert!(pkcs1(&digest.as_ref()[1..], hash).is_none());
        }
        for other in [&digest::SHA1_FOR_LEGACY_USE_ONLY, &digest::SHA512_256, &digest::SHA3_256] {
            assert!(pkcs1(digest::digest(other, b"message").as_ref(), other).is_none());
        }
    }

    /// An encoding is that of its digest alone, and no byte of it may change.
    #[test]
    fn every_octet_of_an_encoding_counts() {
        type IsEncoded = fn(&[u8; OCTETS], &[u8], &'static Algorithm) -> bool;
        for (hash, _) in PREFIXES {
            let digest = digest::digest(hash, b"message");
            let salt = vec![0xa5; hash.output_len()];
            let encodings: [([u8; OCTETS], IsEncoded); 2] =
                [(pkcs1(digest.as_ref(), hash).unwrap(), is_pkcs1), (pss(&digest, &salt, |_| {}), is_pss)];
            for (message, is_encoded) in encodings {
                assert!(is_encoded(&message, digest.as_ref(), hash));
                for (other, _) in PREFIXES {
                    assert!(!is_encoded(&message, digest::digest(other, b"massage").as_ref(), hash));
                    let same = digest::digest(other, b"message");
                    assert_eq!(other == hash, is_encoded(&message, same.as_ref(), other));
                    assert_eq!(other == hash, is_encoded(&message, same.as_ref(), hash));
                    assert_eq!(other == hash, is_encoded(&message, digest.as_ref(), other));
                }
                for at in 0..OCTETS {
                    for bit in 0..8 {
                        let mut changed = message;
                        changed[at] ^= 1 << bit;
                        assert!(!is_encoded(&changed, digest.as_ref(), hash), "byte {at}, bit {bit}");
                    }
                }
            }
            assert!(!is_pkcs1(&[0; OCTETS], digest.as_ref(), hash) && !is_pss(&[0; OCTETS], digest.as_ref(), hash));
        }
    }

    /// MGF1 with SHA-256 of a known seed, longer than one digest.
    #[test]
    fn masks_count_from_zero() {
        let mut masked = [0; 40];
        mask(&mut masked, &digest::SHA256, b"bar");
        let first = digest::digest(&digest::SHA256, b"bar\0\0\0\0");
        let second = digest::digest(&digest::SHA256, b"bar\0\0\0\x01");
        assert_eq!([first.as_ref(), &second.as_ref()[..8]].concat(), masked);
        assert!(hex(&masked).starts_with("382576a7841021cc28fc4c0948753fb8"));
    }
}
