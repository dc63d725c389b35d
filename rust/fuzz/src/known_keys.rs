//! The keys of the RFCs' own examples, so that the seeds taken from there verify: RFC 7515 appendices A.1 to A.3 and
//! RFC 8037 appendix A, RFC 7520 section 3.5.

use std::sync::LazyLock;

use jwseal_core::jwa::Alg;
use jwseal_core::key::{Key, SecretKey, VerifyingKey};
use jwseal_core::key_set::KeySet;

/// RFC 7515 appendix A.1.1.
pub static SECRET: LazyLock<SecretKey> = LazyLock::new(|| {
    let text = br#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
    SecretKey::from_jwk(text, None, None).expect("the secret of RFC 7515")
});

/// The secret alone.
pub static SECRET_SET: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::new(vec![Key::from(SECRET.clone())]).expect("one key"));

/// One key of each of five kinds.
pub static ALL: LazyLock<KeySet> = LazyLock::new(|| {
    let public = |text: &str, alg| Key::from(VerifyingKey::from_jwk(text.as_bytes(), alg, None).expect("an RFC's key"));
    let hobbit = br#"{"kty":"oct","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037","use":"sig","alg":"HS256","k":"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"}"#;
    KeySet::new(vec![
        Key::from(SECRET.clone()),
        Key::from(SecretKey::from_jwk(hobbit, None, None).expect("the secret of RFC 7520")),
        public(RSA, Some(Alg::Rs256)),
        public(EC, None),
        public(ED25519, None),
    ])
    .expect("different keys")
});

const RSA: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
