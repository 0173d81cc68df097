//! Public areas: templates of the box's objects, and public keys in the port's plain form
//! (TPM 2.0 part 2, section 12.2).

use hal_api::{KeyAlgorithm, PublicKey};
use tss_esapi::attributes::{ObjectAttributes, ObjectAttributesBuilder};
use tss_esapi::interface_types::algorithm::{HashingAlgorithm, PublicAlgorithm};
use tss_esapi::interface_types::ecc::EccCurve;
use tss_esapi::interface_types::key_bits::RsaKeyBits;
use tss_esapi::structures::{
    Digest, EccPoint, EccScheme, HashScheme, KeyedHashScheme, Private, Public, PublicBuilder,
    PublicEccParametersBuilder, PublicKeyRsa, PublicKeyedHashParameters, PublicRsaParametersBuilder,
    RsaExponent, RsaScheme, SymmetricDefinitionObject,
};
use tss_esapi::traits::UnMarshall as _;
use tss_esapi::{Error, WrapperErrorKind};

const COORDINATE_LEN: usize = 32;
const RSA_MODULUS_LEN: usize = 256;
/// What a TPM means by the exponent 0.
const RSA_DEFAULT_EXPONENT: u32 = 65537;

/// Bound to this TPM and parent, made inside, outside dictionary-attack protection.
fn bound() -> ObjectAttributesBuilder {
    ObjectAttributesBuilder::new().with_fixed_tpm(true).with_fixed_parent(true).with_no_da(true)
}

fn made_inside() -> ObjectAttributesBuilder {
    bound().with_sensitive_data_origin(true).with_user_with_auth(true)
}

/// The storage primary: P-256, AES-128-CFB for its children.
pub(crate) fn storage() -> Result<Public, Error> {
    let attributes = made_inside().with_decrypt(true).with_restricted(true).build()?;
    let parameters = PublicEccParametersBuilder::new_restricted_decryption_key(
        SymmetricDefinitionObject::AES_128_CFB,
        EccCurve::NistP256,
    );
    ecc(attributes, parameters)
}

/// The attestation key: P-256, restricted, so that it signs only what the TPM itself says.
pub(crate) fn attestation() -> Result<Public, Error> {
    let attributes = made_inside().with_sign_encrypt(true).with_restricted(true).build()?;
    let parameters = PublicEccParametersBuilder::new()
        .with_ecc_scheme(ecdsa())
        .with_curve(EccCurve::NistP256)
        .with_symmetric(SymmetricDefinitionObject::Null)
        .with_key_derivation_function_scheme(tss_esapi::structures::KeyDerivationFunctionScheme::Null)
        .with_is_signing_key(true)
        .with_restricted(true);
    ecc(attributes, parameters)
}

/// A signing key; `None` for an algorithm that the box makes no TPM keys of.
pub(crate) fn signing(algorithm: KeyAlgorithm) -> Option<Result<Public, Error>> {
    match algorithm {
        KeyAlgorithm::P256 => Some(signing_p256()),
        KeyAlgorithm::Rsa2048 => Some(signing_rsa()),
        KeyAlgorithm::Secp256k1 | KeyAlgorithm::Ed25519 => None,
    }
}

fn signing_p256() -> Result<Public, Error> {
    let attributes = made_inside().with_sign_encrypt(true).build()?;
    ecc(attributes, PublicEccParametersBuilder::new_unrestricted_signing_key(ecdsa(), EccCurve::NistP256))
}

fn signing_rsa() -> Result<Public, Error> {
    // No scheme in the key: the caller chooses between PKCS#1 v1.5 and PSS for each signature.
    let parameters = PublicRsaParametersBuilder::new_unrestricted_signing_key(
        RsaScheme::Null,
        RsaKeyBits::Rsa2048,
        RsaExponent::default(),
    );
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Rsa)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(made_inside().with_sign_encrypt(true).build()?)
        .with_rsa_parameters(parameters.build()?)
        .with_rsa_unique_identifier(PublicKeyRsa::default())
        .build()
}

/// An object that holds a sealed secret. With a policy nothing but the policy unseals it.
pub(crate) fn sealed(policy: Option<Digest>) -> Result<Public, Error> {
    let attributes = bound().with_user_with_auth(policy.is_none()).with_admin_with_policy(policy.is_some());
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::KeyedHash)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes.build()?)
        .with_auth_policy(policy.unwrap_or_default())
        .with_keyed_hash_parameters(PublicKeyedHashParameters::new(KeyedHashScheme::Null))
        .with_keyed_hash_unique_identifier(Digest::default())
        .build()
}

fn ecdsa() -> EccScheme {
    EccScheme::EcDsa(HashScheme::new(HashingAlgorithm::Sha256))
}

fn ecc(attributes: ObjectAttributes, parameters: PublicEccParametersBuilder) -> Result<Public, Error> {
    PublicBuilder::new()
        .with_public_algorithm(PublicAlgorithm::Ecc)
        .with_name_hashing_algorithm(HashingAlgorithm::Sha256)
        .with_object_attributes(attributes)
        .with_ecc_parameters(parameters.build()?)
        .with_ecc_unique_identifier(EccPoint::default())
        .build()
}

/// Public and private part from the bytes they are stored as.
pub(crate) fn unmarshal(public: &[u8], private: &[u8]) -> Result<(Public, Private), Error> {
    Ok((Public::unmarshall(public)?, Private::try_from(private.to_vec())?))
}

/// The public key in the port's plain form.
pub(crate) fn plain(public: &Public) -> Result<PublicKey, Error> {
    match public {
        Public::Ecc { unique, .. } => {
            let mut point = vec![0x04];
            point.extend(padded(unique.x().value(), COORDINATE_LEN)?);
            point.extend(padded(unique.y().value(), COORDINATE_LEN)?);
            Ok(PublicKey::P256 { point })
        }
        Public::Rsa { unique, parameters, .. } => {
            let exponent = match parameters.exponent().value() {
                0 => RSA_DEFAULT_EXPONENT,
                other => other,
            };
            let exponent = exponent.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            Ok(PublicKey::Rsa2048 { modulus: padded(unique.value(), RSA_MODULUS_LEN)?, exponent })
        }
        _ => Err(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm)),
    }
}

/// A number at its full length: TPMs may leave leading zeros out.
pub(crate) fn padded(number: &[u8], len: usize) -> Result<Vec<u8>, Error> {
    let missing =
        len.checked_sub(number.len()).ok_or(Error::WrapperError(WrapperErrorKind::WrongValueFromTpm))?;
    Ok([&vec![0; missing], number].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_consistent() {
        storage().unwrap();
        attestation().unwrap();
        sealed(None).unwrap();
        sealed(Some(Digest::try_from(vec![1; 32]).unwrap())).unwrap();
        for algorithm in KeyAlgorithm::ALL {
            if let Some(template) = signing(algorithm) {
                assert!(template.unwrap().object_attributes().no_da());
            }
        }
    }

    #[test]
    fn a_sealed_object_with_a_policy_has_no_other_way_in() {
        let attributes = sealed(Some(Digest::try_from(vec![1; 32]).unwrap())).unwrap().object_attributes();
        assert!(!attributes.user_with_auth() && attributes.admin_with_policy());
    }

    #[test]
    fn short_numbers_are_padded_and_long_ones_refused() {
        assert_eq!(padded(&[1, 2], 4).unwrap(), [0, 0, 1, 2]);
        assert!(padded(&[0; 5], 4).is_err());
    }
}
