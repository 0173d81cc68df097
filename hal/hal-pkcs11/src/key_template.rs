//! Attribute templates of the box's keys (PKCS#11 v3.1, sections 4.8, 4.9 and 6.3).

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use hal_api::{KeyAlgorithm, KeyId};

/// `CKA_EC_PARAMS` of P-256: the curve's object identifier 1.2.840.10045.3.1.7 in DER.
const P256_PARAMS: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `CKA_EC_PARAMS` of secp256k1: 1.3.132.0.10 in DER.
const SECP256K1_PARAMS: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a];
/// `CKA_EC_PARAMS` of Ed25519: the curve's name `edwards25519` as a PrintableString (PKCS#11 v3.1, section 6.3.10).
const ED25519_PARAMS: [u8; 14] = *b"\x13\x0cedwards25519";
/// The same as an object identifier, 1.3.101.112 (RFC 8410), which some tokens give back.
const ED25519_OID_PARAMS: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];

/// The public exponent of every RSA key, 65537.
const RSA_EXPONENT: [u8; 3] = [1, 0, 1];

/// A name of the box's key for sealing: `CKA_ID` and label of a secret key, so no key pair's.
pub(crate) const SEALING_KEY_ID: [u8; 16] = *b"anya-box-sealing";
const SEALING_KEY_LABEL: &[u8] = b"Anya Box sealing key";

fn curve(algorithm: KeyAlgorithm) -> Option<&'static [u8]> {
    match algorithm {
        KeyAlgorithm::P256 => Some(&P256_PARAMS),
        KeyAlgorithm::Secp256k1 => Some(&SECP256K1_PARAMS),
        KeyAlgorithm::Ed25519 => Some(&ED25519_PARAMS),
        KeyAlgorithm::Rsa2048 => None,
    }
}

/// The algorithm of a key object from its type and curve; `None` for one the box does not know.
pub(crate) fn algorithm_of(key_type: KeyType, ec_params: Option<&[u8]>) -> Option<KeyAlgorithm> {
    let Some(params) = ec_params else {
        return (key_type == KeyType::RSA).then_some(KeyAlgorithm::Rsa2048);
    };
    if params == P256_PARAMS {
        Some(KeyAlgorithm::P256)
    } else if params == SECP256K1_PARAMS {
        Some(KeyAlgorithm::Secp256k1)
    } else if params == ED25519_PARAMS || params == ED25519_OID_PARAMS {
        Some(KeyAlgorithm::Ed25519)
    } else {
        None
    }
}

/// Mechanism, public and private template that make a key pair. `persistent`: whether it outlives the session.
pub(crate) fn key_pair(
    algorithm: KeyAlgorithm,
    id: &KeyId,
    label: &str,
    persistent: bool,
) -> (Mechanism<'static>, Vec<Attribute>, Vec<Attribute>) {
    let named = [
        Attribute::Token(persistent),
        Attribute::Id(id.0.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    let mut public = named.to_vec();
    public.extend([Attribute::Private(false), Attribute::Verify(true)]);
    let mut private = named.to_vec();
    private.extend([
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        // Cards default these to true; the box's keys do one thing.
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
    ]);
    let mechanism = match algorithm {
        KeyAlgorithm::P256 | KeyAlgorithm::Secp256k1 => Mechanism::EccKeyPairGen,
        KeyAlgorithm::Ed25519 => Mechanism::EccEdwardsKeyPairGen,
        KeyAlgorithm::Rsa2048 => {
            public.push(Attribute::ModulusBits(2048.into()));
            public.push(Attribute::PublicExponent(RSA_EXPONENT.to_vec()));
            Mechanism::RsaPkcsKeyPairGen
        }
    };
    if let Some(curve) = curve(algorithm) {
        public.push(Attribute::EcParams(curve.to_vec()));
    }
    (mechanism, public, private)
}

/// Template of the AES-256 key that seals.
pub(crate) fn sealing_key() -> Vec<Attribute> {
    let mut template = find_sealing_key();
    template.extend([
        Attribute::Label(SEALING_KEY_LABEL.to_vec()),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        Attribute::ValueLen(32.into()),
    ]);
    template
}

/// What finds the key that seals.
pub(crate) fn find_sealing_key() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Id(SEALING_KEY_ID.to_vec()),
    ]
}

/// What finds one half of a key pair.
pub(crate) fn find_half(class: ObjectClass, id: &KeyId) -> [Attribute; 3] {
    [Attribute::Class(class), Attribute::Token(true), Attribute::Id(id.0.to_vec())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_s_curve_is_recognised_again() {
        for algorithm in KeyAlgorithm::ALL {
            let key_type = match algorithm {
                KeyAlgorithm::Rsa2048 => KeyType::RSA,
                KeyAlgorithm::Ed25519 => KeyType::EC_EDWARDS,
                _ => KeyType::EC,
            };
            assert_eq!(algorithm_of(key_type, curve(algorithm)), Some(algorithm));
        }
        assert_eq!(algorithm_of(KeyType::EC, Some(&[6, 1, 0])), None);
        assert_eq!(algorithm_of(KeyType::AES, None), None);
    }

    #[test]
    fn private_halves_never_leave_and_only_sign() {
        let (_, _, private) = key_pair(KeyAlgorithm::P256, &KeyId([1; 16]), "label", true);
        for wanted in [
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Private(true),
            Attribute::Decrypt(false),
            Attribute::Derive(false),
        ] {
            assert!(private.contains(&wanted), "{wanted:?}");
        }
    }
}
