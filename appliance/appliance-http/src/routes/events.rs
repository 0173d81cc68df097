//! What happens in the box, live, over a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::Timestamp;
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::PublishedEvent;
use crate::dto::access::Via;
use crate::dto::event::{Event, EventFrame};
use crate::gate::{self, Caller, Presented};
use crate::problem::{Problem, ProblemResult, Slug};
use crate::router::Api;

/// The most that a client's frame may have, bytes; clients have nothing to say here.
const MAX_FRAME: usize = 4 << 10;

/// How often a listener is asked whether it is still there.
const PING: Duration = Duration::from_secs(20);

/// The routes of this group.
pub(crate) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Upgrades to a WebSocket (HTTP/1.1) on which the box sends an `EventFrame` as text for each thing
/// that happens. With a cookie, `Origin` has to be the box itself.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    responses((status = 101, description = "The connection is a WebSocket now"))
)]
async fn events(
    State(api): State<Arc<Api>>,
    caller: Caller,
    Extension(presented): Extension<Arc<Presented>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> ProblemResult<Response> {
    // Browsers send cookies with any site's WebSocket, and CORS does not apply to it.
    if caller.via() == Via::Session && !gate::is_same_origin(&uri, &headers) {
        let detail = "A WebSocket with a cookie has to come from the box's own page.";
        return Err(Problem::new(Slug::CrossOriginRequest, detail));
    }
    let upgrade = upgrade.map_err(|_| {
        Problem::new(Slug::InvalidRequest, "This address speaks WebSocket over HTTP/1.1 only.")
            .with_next("Connect with a WebSocket client, HTTP version 1.1.")
    })?;
    Ok(upgrade
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(|socket| tell(api, presented, socket)))
}

/// Sends events until the listener leaves, is no longer signed in, or the box stops.
async fn tell(api: Arc<Api>, presented: Arc<Presented>, mut socket: WebSocket) {
    let mut events = api.services.events.subscribe();
    let _listening = api.sampler.listen();
    let mut pings = tokio::time::interval_at(tokio::time::Instant::now() + PING, PING);
    let mut answered = true;
    loop {
        let message = tokio::select! {
            () = api.services.shutdown.cancelled() => {
                return close(socket, close_code::AWAY, "the box is stopping").await;
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Pong(_))) => { answered = true; continue }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            _ = pings.tick() => {
                if api.services.access.authenticate(presented.credential()).is_none() {
                    return close(socket, close_code::POLICY, "the session or API key has ended").await;
                }
                if !answered {
                    return;
                }
                answered = false;
                Message::Ping(bytes::Bytes::new())
            }
            event = events.recv() => match event {
                Ok(event) => frame(&event),
                Err(RecvError::Lagged(missed)) => lagged(missed),
                Err(RecvError::Closed) => return,
            },
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Ends the connection with a reason. Whether the listener still hears it makes no difference.
async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
}

fn frame(published: &PublishedEvent) -> Message {
    let PublishedEvent { id, at, event } = published.clone();
    text(&EventFrame { id, at, event: event.into() })
}

/// Says that events were left out. It has the number 0, as it is about this listener alone.
fn lagged(missed: u64) -> Message {
    text(&EventFrame { id: 0, at: Timestamp::now(), event: Event::Lagged { missed } })
}

fn text(frame: &EventFrame) -> Message {
    Message::Text(serde_json::to_string(frame).expect("texts and numbers always serialise").into())
}
