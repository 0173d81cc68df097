//! Signing and verifying.

use std::sync::Arc;

use appliance_core::audit::Actor;
use appliance_core::keys::{self, KeyError, SignCommand, VerifyCommand};
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::blocking;
use crate::dto::sign::{self, SignRequest, Signature, Verification, VerifyRequest};
use crate::extract::{Json, KeyPath};
use crate::gate::Caller;
use crate::problem::ProblemResult;
use crate::router::Api;

/// Signs a message, or the SHA-256 digest of one. secp256k1 signatures are always low-S (BIP 62).
#[utoipa::path(
    post,
    path = "/api/v1/security/keys/{id}/sign",
    tag = "security",
    operation_id = "sign",
    params(("id" = String, Path, description = "The key's id, 32 hexadecimal digits")),
    request_body = SignRequest,
    responses((status = 200, description = "The signature", body = Signature))
)]
pub(super) async fn sign(
    State(api): State<Arc<Api>>,
    caller: Caller,
    KeyPath(key): KeyPath,
    Json(request): Json<SignRequest>,
) -> ProblemResult<axum::Json<Signature>> {
    let input = sign::input(request.message.as_deref(), request.digest.as_deref())?;
    let scheme = request.scheme.map(Into::into);
    let encoding = request.encoding.map(Into::into);
    let command = SignCommand { key, input, scheme, encoding };
    let signature = blocking::run(move || counted_sign(&api, &caller.actor(), command)).await??;
    Ok(axum::Json(Signature {
        key_id: signature.key.to_string(),
        scheme: signature.scheme.into(),
        encoding: signature.encoding.map(Into::into),
        signature: STANDARD.encode(signature.bytes),
    }))
}

fn counted_sign(api: &Api, actor: &Actor, command: SignCommand) -> Result<keys::Signature, KeyError> {
    let record = api.services.keys.get(&command.key)?;
    let signed = api.services.keys.sign(actor, command);
    let outcome = if signed.is_ok() { "ok" } else { "failed" };
    api.metrics.signature(&record.token, record.algorithm.name(), outcome);
    signed
}

/// Whether a signature is one of this key over this message or digest.
#[utoipa::path(
    post,
    path = "/api/v1/security/keys/{id}/verify",
    tag = "security",
    operation_id = "verify",
    params(("id" = String, Path, description = "The key's id, 32 hexadecimal digits")),
    request_body = VerifyRequest,
    responses((status = 200, description = "The verdict", body = Verification))
)]
pub(super) async fn verify(
    State(api): State<Arc<Api>>,
    KeyPath(key): KeyPath,
    Json(request): Json<VerifyRequest>,
) -> ProblemResult<axum::Json<Verification>> {
    let command = VerifyCommand {
        key,
        input: sign::input(request.message.as_deref(), request.digest.as_deref())?,
        signature: sign::binary("signature", &request.signature)?,
        scheme: request.scheme.map(Into::into),
        encoding: request.encoding.map(Into::into),
    };
    let keys = Arc::clone(&api.services.keys);
    let valid = blocking::run(move || keys.verify(command)).await??;
    Ok(axum::Json(Verification { valid }))
}
