//! Updates of the box's own software.

use std::sync::Arc;

use appliance_core::audit::Actor;
use appliance_core::update::{InstallOrder, LARGEST_FILE, UpdateError, Updates};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::blocking;
use crate::dto::update::{InstallUpdate, UpdateHistory, UpdateStatus};
use crate::dto::update_media::{TakeUpdate, UpdateMedia};
use crate::dto::update_settings::UpdateSettings;
use crate::extract::{Json, check_media_type, upload};
use crate::gate::Caller;
use crate::problem::{Problem, ProblemResult};
use crate::router::Api;

/// What goes on in the background is answered with how updates are now.
type Accepted = (StatusCode, axum::Json<UpdateStatus>);

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(check))
        .routes(routes!(download))
        .routes(routes!(install))
        .routes(routes!(cancel))
        .routes(routes!(restart))
        .routes(routes!(roll_back))
        .routes(routes!(take_file))
        .routes(routes!(media, take_from_medium))
        .routes(routes!(settings, change_settings))
        .routes(routes!(history))
}

/// How updates are: what runs, what can be installed, how far it is. Every change is told by an event,
/// `update_changed`.
#[utoipa::path(
    get,
    path = "/api/v1/updates",
    tag = "updates",
    operation_id = "update_status",
    responses((status = 200, description = "How updates are", body = UpdateStatus))
)]
async fn status(State(api): State<Arc<Api>>) -> ProblemResult<axum::Json<UpdateStatus>> {
    Ok(axum::Json(current(&api).await?.into()))
}

/// What became of updates, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/updates/history",
    tag = "updates",
    operation_id = "update_history",
    responses((status = 200, description = "The history", body = UpdateHistory))
)]
async fn history(State(api): State<Arc<Api>>) -> ProblemResult<axum::Json<UpdateHistory>> {
    Ok(axum::Json(current(&api).await?.history.into()))
}

/// Looks for a release, in the background.
#[utoipa::path(
    post,
    path = "/api/v1/updates/check",
    tag = "updates",
    operation_id = "check_for_updates",
    responses((status = 202, description = "It looks", body = UpdateStatus))
)]
async fn check(State(api): State<Arc<Api>>, caller: Caller) -> ProblemResult<Accepted> {
    order(&api, &caller, |updates, actor| updates.check(actor)).await
}

/// Fetches the release that is offered, in the background. What was fetched before is not fetched again.
#[utoipa::path(
    post,
    path = "/api/v1/updates/download",
    tag = "updates",
    operation_id = "download_update",
    responses((status = 202, description = "It is fetched", body = UpdateStatus))
)]
async fn download(State(api): State<Arc<Api>>, caller: Caller) -> ProblemResult<Accepted> {
    order(&api, &caller, |updates, actor| updates.download(actor)).await
}

/// Installs the release that is offered, in the background; fetches it first when that was not done. The box
/// restarts when the settings say.
#[utoipa::path(
    post,
    path = "/api/v1/updates/install",
    tag = "updates",
    operation_id = "install_update",
    request_body = InstallUpdate,
    responses((status = 202, description = "It is installed", body = UpdateStatus))
)]
async fn install(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Json(InstallUpdate { version, insist }): Json<InstallUpdate>,
) -> ProblemResult<Accepted> {
    let version = version.parse().map_err(|_| {
        let shown: String = version.chars().take(64).collect();
        Problem::field("version", format!("is `{shown}`, and has to be a version such as 1.2.3"))
    })?;
    let what = InstallOrder { version, insist };
    order(&api, &caller, move |updates, actor| updates.install(actor, &what)).await
}

/// Ends what is under way. What was fetched stays.
#[utoipa::path(
    post,
    path = "/api/v1/updates/cancel",
    tag = "updates",
    operation_id = "cancel_update",
    responses((status = 202, description = "It ends", body = UpdateStatus))
)]
async fn cancel(State(api): State<Arc<Api>>, caller: Caller) -> ProblemResult<Accepted> {
    order(&api, &caller, |updates, actor| updates.cancel(actor)).await
}

/// Restarts the box now, into what is installed.
#[utoipa::path(
    post,
    path = "/api/v1/updates/restart",
    tag = "updates",
    operation_id = "restart_into_update",
    responses((status = 202, description = "It restarts", body = UpdateStatus))
)]
async fn restart(State(api): State<Arc<Api>>, caller: Caller) -> ProblemResult<Accepted> {
    order(&api, &caller, |updates, actor| updates.restart(actor)).await
}

/// Goes back to the version before, and restarts.
#[utoipa::path(
    post,
    path = "/api/v1/updates/rollback",
    tag = "updates",
    operation_id = "roll_back_update",
    responses((status = 202, description = "It restarts with the version before", body = UpdateStatus))
)]
async fn roll_back(State(api): State<Arc<Api>>, caller: Caller) -> ProblemResult<Accepted> {
    order(&api, &caller, |updates, actor| updates.roll_back(actor)).await
}

/// Takes a release in one file, and offers it: for a box without a network. The body is the file itself. It
/// is checked while it arrives; the answer comes when all of it was.
#[utoipa::path(
    post,
    path = "/api/v1/updates/file",
    tag = "updates",
    operation_id = "take_update_file",
    request_body(content = String, content_type = "application/octet-stream", description = "At most 2 GiB"),
    responses((status = 200, description = "It is offered", body = UpdateStatus))
)]
async fn take_file(
    State(api): State<Arc<Api>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> ProblemResult<axum::Json<UpdateStatus>> {
    check_media_type(&headers, "application/octet-stream").map_err(|problem| {
        problem.with_next("Send the file itself, with `Content-Type: application/octet-stream`.")
    })?;
    let (updates, actor) = (Arc::clone(&api.services.updates), caller.actor());
    let take = move |file: &mut upload::Upload| updates.take_file(&actor, file);
    upload::stream(&headers, body, LARGEST_FILE, take).await?;
    Ok(axum::Json(current(&api).await?.into()))
}

/// How updates are. Right after a start it takes a moment until that is known.
async fn current(api: &Api) -> ProblemResult<appliance_core::update::UpdateStatus> {
    let updates = Arc::clone(&api.services.updates);
    blocking::run(move || updates.status()).await
}

/// The releases on media that are plugged into the box, such as a USB stick. Every change is told by an event,
/// `update_media_changed`.
#[utoipa::path(
    get,
    path = "/api/v1/updates/media",
    tag = "updates",
    operation_id = "update_media",
    responses((status = 200, description = "What is on them", body = UpdateMedia))
)]
async fn media(State(api): State<Arc<Api>>) -> axum::Json<UpdateMedia> {
    axum::Json(api.services.update_media.media().into())
}

/// Takes a release from a medium, and offers it, in the background: as with a file that is sent, it is copied
/// and checked. `GET /api/v1/updates/media` tells how far it is, and `problem` in `GET /api/v1/updates` what went
/// wrong.
#[utoipa::path(
    post,
    path = "/api/v1/updates/media",
    tag = "updates",
    operation_id = "take_update_from_medium",
    request_body = TakeUpdate,
    responses((status = 202, description = "It is taken", body = UpdateStatus))
)]
async fn take_from_medium(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Json(TakeUpdate { medium, file }): Json<TakeUpdate>,
) -> ProblemResult<Accepted> {
    let media = Arc::clone(&api.services.update_media);
    order(&api, &caller, move |_, actor| media.take_from_medium(actor, &medium, &file)).await
}

/// What the owner decided about updates.
#[utoipa::path(
    get,
    path = "/api/v1/updates/settings",
    tag = "updates",
    operation_id = "update_settings",
    responses((status = 200, description = "The settings", body = UpdateSettings))
)]
async fn settings(State(api): State<Arc<Api>>) -> axum::Json<UpdateSettings> {
    axum::Json(api.services.update_preferences.settings().into())
}

/// Decides about updates; it counts from now on.
#[utoipa::path(
    put,
    path = "/api/v1/updates/settings",
    tag = "updates",
    operation_id = "change_update_settings",
    request_body = UpdateSettings,
    responses((status = 200, description = "The settings", body = UpdateSettings))
)]
async fn change_settings(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Json(wanted): Json<UpdateSettings>,
) -> ProblemResult<axum::Json<UpdateSettings>> {
    let (wanted, actor) = (wanted.read()?, caller.actor());
    wanted.check().map_err(UpdateError::from)?;
    let now = blocking::run(move || {
        let preferences = &api.services.update_preferences;
        preferences.change_settings(&actor, wanted).map(|()| preferences.settings())
    })
    .await??;
    Ok(axum::Json(now.into()))
}

/// Gives an order, which the implementation notes before it carries it out.
async fn order(
    api: &Arc<Api>,
    caller: &Caller,
    give: impl FnOnce(&dyn Updates, &Actor) -> Result<(), UpdateError> + Send + 'static,
) -> ProblemResult<Accepted> {
    let (updates, actor) = (Arc::clone(&api.services.updates), caller.actor());
    let status = blocking::run(move || give(&*updates, &actor).map(|()| updates.status())).await??;
    Ok((StatusCode::ACCEPTED, axum::Json(status.into())))
}
