//! Public halves as tokens hold them, brought into the port's plain form.

use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use hal_api::{KeyAlgorithm, PublicKey};

const RSA_MODULUS_LEN: usize = 256;

/// Reads the public half of a key pair from its object.
pub(crate) fn read(
    session: &Session,
    object: ObjectHandle,
    algorithm: KeyAlgorithm,
) -> Result<PublicKey, Error> {
    let wanted = match algorithm {
        KeyAlgorithm::Rsa2048 => &[AttributeType::Modulus, AttributeType::PublicExponent][..],
        _ => &[AttributeType::EcPoint],
    };
    decode(algorithm, session.get_attributes(object, wanted)?).ok_or(Error::InvalidValue)
}

fn decode(algorithm: KeyAlgorithm, attributes: Vec<Attribute>) -> Option<PublicKey> {
    let (mut point, mut modulus, mut exponent) = (None, None, None);
    for attribute in attributes {
        match attribute {
            Attribute::EcPoint(value) => point = Some(value),
            Attribute::Modulus(value) => modulus = Some(without_leading_zeros(value)),
            Attribute::PublicExponent(value) => exponent = Some(without_leading_zeros(value)),
            _ => {}
        }
    }
    Some(match algorithm {
        KeyAlgorithm::P256 => PublicKey::P256 { point: curve_point(&point?, 65)? },
        KeyAlgorithm::Secp256k1 => PublicKey::Secp256k1 { point: curve_point(&point?, 65)? },
        KeyAlgorithm::Ed25519 => PublicKey::Ed25519 { point: curve_point(&point?, 32)? },
        KeyAlgorithm::Rsa2048 => {
            let modulus = modulus.filter(|modulus| modulus.len() == RSA_MODULUS_LEN)?;
            PublicKey::Rsa2048 { modulus, exponent: exponent? }
        }
    })
}

/// `CKA_EC_POINT` is a DER OCTET STRING (PKCS#11 v3.1, section 6.3.3); some tokens give the point bare.
fn curve_point(value: &[u8], len: usize) -> Option<Vec<u8>> {
    let point = match value {
        [0x04, inner_len, inner @ ..] if inner.len() == len && usize::from(*inner_len) == len => inner,
        bare if bare.len() == len => bare,
        _ => return None,
    };
    (len != 65 || point[0] == 0x04).then(|| point.to_vec())
}

fn without_leading_zeros(mut value: Vec<u8>) -> Vec<u8> {
    let zeros = value.iter().take_while(|byte| **byte == 0).count();
    value.drain(..zeros);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: Vec<u8>) -> Option<PublicKey> {
        decode(KeyAlgorithm::P256, vec![Attribute::EcPoint(value)])
    }

    #[test]
    fn points_are_unwrapped_from_der_and_taken_bare() {
        let mut bare = vec![4; 65];
        bare[64] = 9;
        let wrapped = [&[0x04, 65], &bare[..]].concat();
        let expected = PublicKey::P256 { point: bare.clone() };
        assert_eq!(point(wrapped), Some(expected.clone()));
        assert_eq!(point(bare), Some(expected));
    }

    #[test]
    fn broken_points_are_refused() {
        for value in [vec![], vec![4], vec![4; 66], vec![2; 65], [&[0x04, 65][..], &[2; 65]].concat()] {
            assert_eq!(point(value.clone()), None, "{value:?}");
        }
        assert_eq!(decode(KeyAlgorithm::P256, vec![]), None);
    }

    #[test]
    fn rsa_numbers_lose_their_leading_zeros() {
        let mut modulus = vec![0];
        modulus.extend([0x80; RSA_MODULUS_LEN]);
        let attributes = vec![Attribute::Modulus(modulus), Attribute::PublicExponent(vec![0, 1, 0, 1])];
        let Some(PublicKey::Rsa2048 { modulus, exponent }) = decode(KeyAlgorithm::Rsa2048, attributes) else {
            panic!("not decoded");
        };
        assert_eq!((modulus.len(), exponent), (256, vec![1, 0, 1]));
    }
}
