use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RsaKeyPair,
};

use super::*;

const ID: KeyId = KeyId([0xab; 16]);

#[test]
fn curve_keys_are_written_as_another_implementation_writes_them() {
    for (signing, k1) in [(&ECDSA_P256_SHA256_ASN1_SIGNING, false), (&ECDSA_P256K1_SHA256_ASN1_SIGNING, true)]
    {
        let pair = EcdsaKeyPair::generate(signing).unwrap();
        let point = pair.public_key().as_ref().to_vec();
        let key = if k1 {
            PublicKey::Secp256k1 { point: point.clone() }
        } else {
            PublicKey::P256 { point: point.clone() }
        };
        assert!(is_well_formed(&key));
        assert_eq!(spki_der(&key), pair.public_key().as_der().unwrap().as_ref());
        let jwk = jwk(&key, &ID);
        assert_eq!(
            (&jwk["kty"], &jwk["crv"]),
            (&json!("EC"), &json!(if k1 { "secp256k1" } else { "P-256" }))
        );
        assert_eq!(jwk["x"], URL_SAFE_NO_PAD.encode(&point[1..33]));
        assert_eq!(jwk["y"], URL_SAFE_NO_PAD.encode(&point[33..]));
        assert_eq!(jwk["kid"], ID.to_string());
    }
    let pair = Ed25519KeyPair::generate().unwrap();
    let key = PublicKey::Ed25519 { point: pair.public_key().as_ref().to_vec() };
    assert_eq!(spki_der(&key), pair.public_key().as_der().unwrap().as_ref());
}

#[test]
fn rsa_keys_are_written_as_another_implementation_writes_them() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pair.public_key();
    // RSAPublicKey (RFC 8017, appendix A.1.1): 30 82 010a, 02 82 0101 00 and the modulus, 02 03 010001.
    let pkcs1: &[u8] = public.as_ref();
    let key = PublicKey::Rsa2048 { modulus: pkcs1[9..265].to_vec(), exponent: pkcs1[267..].to_vec() };
    assert!(is_well_formed(&key));
    let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = public.as_der().unwrap();
    assert_eq!(spki_der(&key), der.as_ref());
    let jwk = jwk(&key, &ID);
    assert_eq!((&jwk["kty"], &jwk["e"]), (&json!("RSA"), &json!("AQAB")));
}

/// RFC 8037, appendix A.2, and RFC 8410, section 10.1.
#[test]
fn ed25519_is_written_as_in_the_standards() {
    let point = hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap();
    let jwk = jwk(&PublicKey::Ed25519 { point }, &ID);
    assert_eq!(jwk["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let point = hex::decode("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1").unwrap();
    let pem = spki_pem(&PublicKey::Ed25519 { point });
    assert!(pem.contains("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="), "{pem}");
}

#[test]
fn a_key_of_the_wrong_form_is_noticed() {
    for key in [
        PublicKey::P256 { point: vec![4; 64] },
        PublicKey::Secp256k1 { point: vec![2; 65] },
        PublicKey::Ed25519 { point: vec![] },
        PublicKey::Rsa2048 { modulus: vec![0x7f; 256], exponent: vec![1, 0, 1] },
        PublicKey::Rsa2048 { modulus: vec![0xff; 256], exponent: vec![] },
    ] {
        assert!(!is_well_formed(&key), "{key:?}");
        // And nothing panics that is asked of it all the same.
        let _ = (spki_pem(&key), jwk(&key, &ID));
    }
}
