//! What RSA signs in place of a digest: EMSA-PKCS1-v1_5 and EMSA-PSS (RFC 8017 sections 9.2 and 9.1).
//!
//! For a modulus of exactly 2048 bits. The salt of PSS is as long as the digest and new every time, its mask is MGF1 with
//! the digest's own hash (RFC 7518 section 3.5). What comes out is below the modulus.
//!
//! Verifying parses nothing: PKCS#1 v1.5 has one encoding of a digest, and every octet has to be its; of PSS, the places
//! and lengths of all parts follow from the digest's, and no octet goes unlooked at.

use aws_lc_rs::digest::{self, Algorithm, Digest};
use aws_lc_rs::rand;

/// Octets of what is signed.
pub const OCTETS: usize = 256;

/// EMSA-PKCS1-v1_5 of a SHA-2 digest of 256, 384 or 512 bits, which its length tells apart; that it is one of these hashes is
/// for the caller to know.
#[must_use]
pub fn pkcs1(digest: &Digest) -> Option<[u8; OCTETS]> {
    let digest = digest.as_ref();
    let octets = u8::try_from(digest.len()).ok()?;
    // The last arc of 2.16.840.1.101.3.4.2.x.
    let arc = match octets {
        32 => 1,
        48 => 2,
        64 => 3,
        _ => return None,
    };
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

/// EMSA-PSS with a new salt; `None` if the system has no random octets.
#[must_use]
pub fn pss(digest: &Digest) -> Option<[u8; OCTETS]> {
    let mut salt = [0; digest::MAX_OUTPUT_LEN];
    let salt = salt.get_mut(..digest.as_ref().len())?;
    rand::fill(salt).ok()?;
    pss_with(digest, salt)
}

fn pss_with(digest: &Digest, salt: &[u8]) -> Option<[u8; OCTETS]> {
    let algorithm = digest.algorithm();
    let hash = salted(digest, salt);
    let mut message = [0; OCTETS];
    let (block, end) = message.split_at_mut_checked(OCTETS - 1 - hash.as_ref().len())?;
    let (padding, salted) = block.split_at_mut_checked(block.len() - salt.len())?;
    *padding.last_mut()? = 1;
    salted.copy_from_slice(salt);
    mask(block, algorithm, hash.as_ref());
    // The modulus has 2048 bits, so the message has one less.
    *block.first_mut()? &= 0x7f;
    let (trailer, hashed) = end.split_last_mut()?;
    hashed.copy_from_slice(hash.as_ref());
    *trailer = 0xbc;
    Some(message)
}

/// Whether a message is this one encoding of the digest.
#[must_use]
pub fn is_pkcs1(message: &[u8; OCTETS], digest: &Digest) -> bool {
    pkcs1(digest).is_some_and(|encoded| encoded == *message)
}

/// EMSA-PSS-VERIFY (RFC 8017 section 9.1.2), with a salt of exactly the digest's length.
#[must_use]
pub fn is_pss(message: &[u8; OCTETS], digest: &Digest) -> bool {
    is_pss_or_short(*message, digest).unwrap_or(false)
}

/// `None` for a digest too long for the message, which is none of SHA-2.
fn is_pss_or_short(mut message: [u8; OCTETS], digest: &Digest) -> Option<bool> {
    let salt_len = digest.as_ref().len();
    let (block, end) = message.split_at_mut_checked((OCTETS - 1).checked_sub(salt_len)?)?;
    let (trailer, hashed) = end.split_last()?;
    if *trailer != 0xbc || *block.first()? > 0x7f {
        return Some(false);
    }
    mask(block, digest.algorithm(), hashed);
    // The mask may have set the bit that was zero.
    *block.first_mut()? &= 0x7f;
    let (padding, salt) = block.split_at_checked(block.len().checked_sub(salt_len)?)?;
    let (one, zeros) = padding.split_last()?;
    Some(*one == 1 && zeros.iter().all(|octet| *octet == 0) && salted(digest, salt).as_ref() == hashed)
}

/// The hash of eight zeros, the digest and the salt.
fn salted(digest: &Digest, salt: &[u8]) -> Digest {
    let mut context = digest::Context::new(digest.algorithm());
    for part in [&[0; 8], digest.as_ref(), salt] {
        context.update(part);
    }
    context.finish()
}

/// Adds MGF1 of a seed (RFC 8017 appendix B.2.1).
fn mask(block: &mut [u8], algorithm: &'static Algorithm, seed: &[u8]) {
    for (counter, chunk) in (0_u32..).zip(block.chunks_mut(algorithm.output_len())) {
        let mut context = digest::Context::new(algorithm);
        context.update(seed);
        context.update(&counter.to_be_bytes());
        for (octet, masking) in chunk.iter_mut().zip(context.finish().as_ref()) {
            *octet ^= masking;
        }
    }
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
        for (algorithm, prefix) in PREFIXES {
            let digest = digest::digest(algorithm, b"message");
            let padding = "ff".repeat(OCTETS - 3 - prefix.len() / 2 - digest.as_ref().len());
            assert_eq!(format!("0001{padding}00{prefix}{}", hex(digest.as_ref())), hex(&pkcs1(&digest).unwrap()));
        }
        assert!(pkcs1(&digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, b"message")).is_none());
    }

    /// Unmasked, a block is zeros, a one and the salt; the hash is that of eight zeros, the digest and the salt.
    #[test]
    fn pss_is_masked_salt_and_hash() {
        for (algorithm, _) in PREFIXES {
            let digest = digest::digest(algorithm, b"message");
            let salt = &[0xa5; 64][..digest.as_ref().len()];
            let mut message = pss_with(&digest, salt).unwrap();
            let (block, end) = message.split_at_mut(OCTETS - 1 - salt.len());
            let expected = digest::digest(algorithm, &[&[0; 8], digest.as_ref(), salt].concat());
            assert_eq!([expected.as_ref(), &[0xbc]].concat(), end);
            assert_eq!(0, block[0] >> 7);
            mask(block, algorithm, expected.as_ref());
            block[0] &= 0x7f;
            assert_eq!([&vec![0; block.len() - salt.len() - 1], &[1][..], salt].concat(), block);
            assert_ne!(pss(&digest).unwrap(), pss(&digest).unwrap());
        }
    }

    /// An encoding is that of its digest alone, and no octet of it may change.
    #[test]
    fn every_octet_of_an_encoding_counts() {
        type Way = (fn(&Digest) -> Option<[u8; OCTETS]>, fn(&[u8; OCTETS], &Digest) -> bool);
        const WAYS: [Way; 2] = [(pkcs1, is_pkcs1), (pss, is_pss)];
        for (algorithm, _) in PREFIXES {
            let digest = digest::digest(algorithm, b"message");
            for (encode, is_encoded) in WAYS {
                let message = encode(&digest).unwrap();
                assert!(is_encoded(&message, &digest));
                for other in [&digest::SHA256, &digest::SHA384, &digest::SHA512] {
                    assert!(!is_encoded(&message, &digest::digest(other, b"massage")));
                    assert_eq!(other == algorithm, is_encoded(&message, &digest::digest(other, b"message")));
                }
                for at in 0..OCTETS {
                    for bit in 0..8 {
                        let mut changed = message;
                        changed[at] ^= 1 << bit;
                        assert!(!is_encoded(&changed, &digest), "octet {at}, bit {bit}");
                    }
                }
            }
        }
        assert!(!is_pkcs1(&[0; OCTETS], &digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, b"message")));
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
