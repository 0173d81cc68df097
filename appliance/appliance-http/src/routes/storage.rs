//! The data partition of a box that works.

use std::sync::Arc;

use appliance_core::audit::{Actor, AuditOutcome, AuditRecord};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hal_api::volume;
use hal_api::volume::DataVolume;
use jiff::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::blocking;
use crate::dto::storage::{
    FaultState, NewRecoveryKey, Protection, RecoveryKeyState, Storage, Volume, VolumeState,
};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemResult, Slug};
use crate::router::Api;

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(storage)).routes(routes!(recovery_key)).routes(routes!(fault))
}

/// Whether something keeps the box from working, and the ways out. Needs no sign-in.
#[utoipa::path(
    get,
    path = "/api/v1/system/fault",
    tag = "system",
    responses((status = 200, description = "The fault, or null", body = FaultState))
)]
async fn fault() -> Json<FaultState> {
    // While there is one, the routes of fault mode answer instead of these.
    Json(FaultState { fault: None })
}

/// Where the box keeps its data, what protects it, and the room that is left.
#[utoipa::path(
    get,
    path = "/api/v1/storage",
    tag = "system",
    responses((status = 200, description = "The data partition", body = Storage))
)]
async fn storage(State(api): State<Arc<Api>>) -> ProblemResult<Json<Storage>> {
    let (sensors, storage) = (Arc::clone(&api.services.sensors), api.services.storage.clone());
    let resealed = storage.resealed;
    let read = move || (sensors.read(), storage.volume.map(|volume| volume.status()));
    let (board, status) = blocking::run(read).await?;
    let disk = board.map_err(|error| Problem::internal("read the board", &error))?.data_disk;
    let status = status.transpose().map_err(|error| Problem::volume(&error))?;
    let free_bytes = disk.available_bytes;
    let volume = match status {
        None => Volume {
            state: VolumeState::Open,
            protection: Protection::Developer,
            recovery_key: RecoveryKeyState::NotNeeded,
            size_bytes: disk.total_bytes,
            free_bytes,
            resealed,
        },
        Some(status) => {
            let (protection, recovery_key) = match (status.protection, status.recovery_key) {
                (volume::Protection::None, _) => (Protection::None, RecoveryKeyState::NotNeeded),
                (volume::Protection::Tpm, true) => (Protection::Tpm, RecoveryKeyState::Made),
                (volume::Protection::Tpm, false) => (Protection::Tpm, RecoveryKeyState::Missing),
            };
            let (state, size_bytes) = (status.state.into(), status.size_bytes);
            Volume { state, protection, recovery_key, size_bytes, free_bytes, resealed }
        }
    };
    Ok(Json(Storage { volume }))
}

/// Makes a recovery key for the data partition; it replaces the one before.
#[utoipa::path(
    post,
    path = "/api/v1/storage/recovery-key",
    tag = "system",
    operation_id = "make_recovery_key",
    responses((status = 201, description = "The key, shown this once", body = NewRecoveryKey))
)]
async fn recovery_key(
    State(api): State<Arc<Api>>,
    caller: Caller,
) -> ProblemResult<(StatusCode, Json<NewRecoveryKey>)> {
    let Some(volume) = api.services.storage.volume.clone() else {
        return Err(Problem::new(Slug::Conflict, "A developer's machine has no data partition of the box.")
            .with_next("Run the box from its image for this."));
    };
    let actor = caller.actor();
    let made = blocking::run(move || make(&api, &*volume, &actor)).await??;
    Ok((StatusCode::CREATED, Json(made)))
}

/// What cannot be audited does not happen: the entry comes first.
fn make(api: &Api, volume: &dyn DataVolume, actor: &Actor) -> ProblemResult<NewRecoveryKey> {
    let note = |outcome| {
        let action = "storage.recovery_key";
        let record = AuditRecord::new(Timestamp::now(), actor.clone(), action, "box".into(), outcome);
        api.services.audit.append(record)
    };
    note(AuditOutcome::Ok)?;
    volume.make_recovery_key().map(|key| NewRecoveryKey { recovery_key: key.expose().to_owned() }).map_err(
        |error| {
            // The failure itself is told to the caller; that it is not noted too is in the log.
            if let Err(error) = note(AuditOutcome::Failed) {
                tracing::error!(error = %crate::problem::chain(&error), "cannot note that it failed");
            }
            Problem::volume(&error)
        },
    )
}
