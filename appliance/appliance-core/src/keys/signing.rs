//! Signing.

use aws_lc_rs::digest;
use hal_api::{HalError, HalErrorKind, KeyAlgorithm, SignRequest, SignatureScheme};

use super::encoding::{ecdsa_raw_to_der, low_s};
use super::service::subject;
use super::{
    KeyError, KeyRecord, KeyResult, KeyService, SignCommand, SignInput, Signature, SignatureEncoding,
};
use crate::audit::{Actor, AuditOutcome, AuditRecord};

impl KeyService {
    /// Signs a message or its digest, and notes it in the audit log before the signature is handed out.
    ///
    /// # Errors
    /// `NotFound`, `Unsupported` for a scheme, encoding or digest that does not fit the key, `Token`,
    /// `Audit`: nothing is handed out then.
    pub fn sign(&self, actor: &Actor, command: SignCommand) -> KeyResult<Signature> {
        let key = self.find(&command.key)?;
        let token = self.token_of(&key)?;
        let scheme = scheme_of(&key, command.scheme)?;
        let encoding = encoding_of(scheme, command.encoding)?;
        let digest = digest_of(&command.input);
        let payload = match command.input {
            SignInput::Message(message) if !scheme.signs_digest() => message,
            SignInput::Digest(_) if !scheme.signs_digest() => return Err(wants_message()),
            _ => digest.to_vec(),
        };
        let signed = token.signer.sign(&SignRequest { key: key.id, scheme, payload });
        let bytes = signed.and_then(|raw| written(&key, encoding, raw));
        let outcome = if bytes.is_ok() { AuditOutcome::Ok } else { AuditOutcome::Failed };
        let record = AuditRecord::new(self.clock.now(), actor.clone(), "key.sign", subject(&key.id), outcome)
            .with("scheme", scheme.name())
            .with("digest", hex::encode(digest))
            .with("token", &key.token);
        match bytes {
            Ok(bytes) => {
                self.audit.append(record).map_err(KeyError::Audit)?;
                Ok(Signature { key: key.id, scheme, encoding, bytes })
            }
            Err(source) => {
                let error = KeyError::token(&key.token, "sign", source);
                self.audit_quietly(record);
                Err(error)
            }
        }
    }
}

/// The scheme that is asked for, if the key has it.
pub(super) fn scheme_of(key: &KeyRecord, asked: Option<SignatureScheme>) -> KeyResult<SignatureScheme> {
    let scheme = asked.unwrap_or_else(|| key.algorithm.default_scheme());
    if key.schemes.contains(&scheme) {
        return Ok(scheme);
    }
    let names: Vec<_> = key.schemes.iter().map(|scheme| scheme.name()).collect();
    Err(KeyError::Unsupported {
        field: "scheme",
        reason: format!(
            "is {}, which this key does not sign with; it has: {}",
            scheme.name(),
            names.join(", ")
        ),
    })
}

/// The encoding that is asked for, if the scheme has it.
pub(super) fn encoding_of(
    scheme: SignatureScheme,
    asked: Option<SignatureEncoding>,
) -> KeyResult<Option<SignatureEncoding>> {
    match (scheme, asked) {
        (SignatureScheme::EcdsaSha256, asked) => Ok(Some(asked.unwrap_or(SignatureEncoding::Der))),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(KeyError::Unsupported {
            field: "encoding",
            reason: format!("is for ECDSA only; a signature of {} is written in one way", scheme.name()),
        }),
    }
}

/// Why a digest cannot be signed with Ed25519.
pub(super) fn wants_message() -> KeyError {
    KeyError::Unsupported {
        field: "digest",
        reason: "cannot be signed with ed25519, which signs the message itself; send `message`".into(),
    }
}

/// The SHA-256 of what is signed.
pub(super) fn digest_of(input: &SignInput) -> [u8; 32] {
    match input {
        SignInput::Digest(digest) => *digest,
        SignInput::Message(message) => {
            let mut bytes = [0; 32];
            bytes.copy_from_slice(digest::digest(&digest::SHA256, message).as_ref());
            bytes
        }
    }
}

/// A token's signature in the encoding that is asked for, checked for its length.
fn written(
    key: &KeyRecord,
    encoding: Option<SignatureEncoding>,
    mut raw: Vec<u8>,
) -> hal_api::HalResult<Vec<u8>> {
    let length = if key.algorithm == KeyAlgorithm::Rsa2048 { 256 } else { 64 };
    if raw.len() != length {
        let operation = format!("read a signature of {} bytes where {length} are due", raw.len());
        return Err(HalError::new(HalErrorKind::Device, operation));
    }
    if key.algorithm == KeyAlgorithm::Secp256k1 {
        low_s(&mut raw);
    }
    Ok(if encoding == Some(SignatureEncoding::Der) { ecdsa_raw_to_der(&raw) } else { raw })
}
