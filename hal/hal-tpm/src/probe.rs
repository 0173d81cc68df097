//! What the TPM says of itself (TPM 2.0 part 2, sections 6.3 and 6.13), and whether it answers.

use std::error::Error as _;
use std::sync::Arc;

use hal_api::{
    AlgorithmSupport, Capabilities, HalResult, KeyAlgorithm, PinTries, SignatureScheme, TokenHealth,
    TokenInfo, TokenKind, TokenProbe,
};
use tss_esapi::Error;
use tss_esapi::constants::{AlgorithmIdentifier, CapabilityType, PropertyTag};
use tss_esapi::structures::CapabilityData;

use crate::connection::Connection;
use crate::open::Device;

/// [`TokenProbe`] over a TPM.
pub(crate) struct TpmProbe {
    device: Arc<Device>,
    /// A TPM does not change while it runs.
    info: TokenInfo,
}

impl TpmProbe {
    pub(crate) fn new(device: Arc<Device>) -> HalResult<Self> {
        let operation = "read the TPM's properties".to_owned();
        let info = device.actor.call(operation, |connection| Ok(read_info(connection)?))?;
        Ok(Self { device, info })
    }
}

impl TokenProbe for TpmProbe {
    fn info(&self) -> HalResult<TokenInfo> {
        self.device.actor.check_open("read the TPM's properties")?;
        Ok(self.info.clone())
    }

    fn capabilities(&self) -> Capabilities {
        capabilities()
    }

    fn health(&self) -> TokenHealth {
        let operation = "ask the TPM for its self-test's result".to_owned();
        let result = self.device.actor.call(operation, |connection| {
            let (_, result) =
                connection.context.execute_without_session(|context| context.get_test_result())?;
            Ok(result?)
        });
        match result {
            Ok(()) => TokenHealth::Healthy,
            Err(error) => {
                let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
                TokenHealth::Failing { kind: error.kind, reason: format!("{error}{cause}") }
            }
        }
    }

    fn close(&self) {
        self.device.actor.close();
    }
}

/// What the box does with a TPM. The profile for PCs demands all of it.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        algorithms: vec![
            AlgorithmSupport { algorithm: KeyAlgorithm::P256, schemes: vec![SignatureScheme::EcdsaSha256] },
            AlgorithmSupport {
                algorithm: KeyAlgorithm::Rsa2048,
                schemes: vec![SignatureScheme::RsaPkcs1Sha256, SignatureScheme::RsaPssSha256],
            },
        ],
        seals_to_pcrs: true,
    }
}

fn read_info(connection: &mut Connection) -> Result<TokenInfo, Error> {
    let context = &mut connection.context;
    let mut property = |tag| context.get_tpm_property(tag).map(Option::unwrap_or_default);
    let manufacturer = text(&[property(PropertyTag::Manufacturer)?]);
    let model = text(&[
        property(PropertyTag::VendorString1)?,
        property(PropertyTag::VendorString2)?,
        property(PropertyTag::VendorString3)?,
        property(PropertyTag::VendorString4)?,
    ]);
    let (high, low) = (property(PropertyTag::FirmwareVersion1)?, property(PropertyTag::FirmwareVersion2)?);
    let family = text(&[property(PropertyTag::FamilyIndicator)?]);
    Ok(TokenInfo {
        kind: TokenKind::Tpm,
        label: format!("TPM {family}"),
        manufacturer,
        model,
        // A TPM's identity is its endorsement key; it has no serial number.
        serial: String::new(),
        firmware: format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff),
        mechanisms: algorithms(connection)?,
        pin_tries: PinTries::Untold,
    })
}

/// Properties hold four characters each, zero-filled.
fn text(words: &[u32]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).filter(|byte| *byte != 0).collect();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

fn algorithms(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let asked = connection
        .context
        .execute_without_session(|context| context.get_capability(CapabilityType::Algorithms, 0, 128));
    let (CapabilityData::Algorithms(list), _) = asked? else { return Ok(Vec::new()) };
    let mut names: Vec<String> =
        list.iter().map(|property| name(property.algorithm_identifier()).to_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

/// `TPM_ALG_…` as part 2, section 6.3 spells it.
fn name(algorithm: AlgorithmIdentifier) -> &'static str {
    use AlgorithmIdentifier as A;
    match algorithm {
        A::Aes => "TPM_ALG_AES",
        A::Camellia => "TPM_ALG_CAMELLIA",
        A::Cbc => "TPM_ALG_CBC",
        A::Cfb => "TPM_ALG_CFB",
        A::Ctr => "TPM_ALG_CTR",
        A::Ecb => "TPM_ALG_ECB",
        A::Ecc => "TPM_ALG_ECC",
        A::EcDaa => "TPM_ALG_ECDAA",
        A::EcDh => "TPM_ALG_ECDH",
        A::EcDsa => "TPM_ALG_ECDSA",
        A::EcMqv => "TPM_ALG_ECMQV",
        A::EcSchnorr => "TPM_ALG_ECSCHNORR",
        A::Error => "TPM_ALG_ERROR",
        A::Hmac => "TPM_ALG_HMAC",
        A::Kdf1Sp800_108 => "TPM_ALG_KDF1_SP800_108",
        A::Kdf1Sp800_56a => "TPM_ALG_KDF1_SP800_56A",
        A::Kdf2 => "TPM_ALG_KDF2",
        A::KeyedHash => "TPM_ALG_KEYEDHASH",
        A::Mgf1 => "TPM_ALG_MGF1",
        A::Null => "TPM_ALG_NULL",
        A::Oaep => "TPM_ALG_OAEP",
        A::Ofb => "TPM_ALG_OFB",
        A::Rsa => "TPM_ALG_RSA",
        A::RsaEs => "TPM_ALG_RSAES",
        A::RsaPss => "TPM_ALG_RSAPSS",
        A::RsaSsa => "TPM_ALG_RSASSA",
        A::Sha1 => "TPM_ALG_SHA1",
        A::Sha256 => "TPM_ALG_SHA256",
        A::Sha384 => "TPM_ALG_SHA384",
        A::Sha3_256 => "TPM_ALG_SHA3_256",
        A::Sha3_384 => "TPM_ALG_SHA3_384",
        A::Sha3_512 => "TPM_ALG_SHA3_512",
        A::Sha512 => "TPM_ALG_SHA512",
        A::Sm2 => "TPM_ALG_SM2",
        A::Sm3_256 => "TPM_ALG_SM3_256",
        A::Sm4 => "TPM_ALG_SM4",
        A::SymCipher => "TPM_ALG_SYMCIPHER",
        A::Tdes => "TPM_ALG_TDES",
        A::Xor => "TPM_ALG_XOR",
        A::Cmac => "TPM_ALG_CMAC",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_become_text() {
        assert_eq!(text(&[u32::from_be_bytes(*b"IBM\0")]), "IBM");
        assert_eq!(text(&[u32::from_be_bytes(*b"SW  "), u32::from_be_bytes(*b" TPM"), 0]), "SW   TPM");
    }
}
