//! Every kind of problem that the API can answer with: its name, its status, its title and the usual cure.

use axum::http::StatusCode;

/// A kind of problem. Its name is the last part of the problem document's `type`, and is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slug {
    /// The request is not one that the API understands.
    InvalidRequest,
    /// Something that was asked for is not offered.
    Unsupported,
    /// The input has more tokens than the model reads.
    ContextLengthExceeded,
    /// Nobody is signed in.
    Unauthorized,
    /// The user name or the password is wrong.
    WrongCredentials,
    /// Who is signed in may not do this.
    Forbidden,
    /// The claim code is wrong.
    WrongClaimCode,
    /// The request came from another site's page.
    CrossOriginRequest,
    /// There is nothing under this address or id.
    NotFound,
    /// The address exists, and this method is not offered there.
    MethodNotAllowed,
    /// The box has an owner already.
    AlreadyClaimed,
    /// The state of things does not allow it.
    Conflict,
    /// The body is larger than is taken.
    PayloadTooLarge,
    /// The body's type is not one that is taken.
    UnsupportedMediaType,
    /// An idempotency key came again with another request.
    IdempotencyKeyReused,
    /// Too many wrong tries.
    TooManyAttempts,
    /// Too much is under way.
    Busy,
    /// The recovery key is another one's.
    RecoveryKeyWrong,
    /// The token does not take the PIN.
    WrongPin,
    /// The token waits for its PIN.
    TokenNeedsPin,
    /// The token takes no PIN any more.
    TokenLocked,
    /// The token is not there.
    TokenGone,
    /// This machine takes no updates.
    UpdatesUnsupported,
    /// Another step of an update is under way.
    UpdateUnderWay,
    /// A release was refused.
    UpdateRefused,
    /// The disk that holds the box's data is full.
    StorageFull,
    /// A part of the box that is needed does not work now.
    Unavailable,
    /// The box failed.
    Internal,
}

impl Slug {
    /// Every kind, in the order of the OpenAPI document.
    pub const ALL: [Self; 28] = [
        Self::InvalidRequest,
        Self::Unsupported,
        Self::ContextLengthExceeded,
        Self::Unauthorized,
        Self::WrongCredentials,
        Self::Forbidden,
        Self::WrongClaimCode,
        Self::CrossOriginRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::AlreadyClaimed,
        Self::Conflict,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::IdempotencyKeyReused,
        Self::TooManyAttempts,
        Self::Busy,
        Self::RecoveryKeyWrong,
        Self::WrongPin,
        Self::TokenNeedsPin,
        Self::TokenLocked,
        Self::TokenGone,
        Self::UpdatesUnsupported,
        Self::UpdateUnderWay,
        Self::UpdateRefused,
        Self::StorageFull,
        Self::Unavailable,
        Self::Internal,
    ];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::Unsupported => "unsupported",
            Self::ContextLengthExceeded => "context-length-exceeded",
            Self::Unauthorized => "unauthorized",
            Self::WrongCredentials => "wrong-credentials",
            Self::Forbidden => "forbidden",
            Self::WrongClaimCode => "wrong-claim-code",
            Self::CrossOriginRequest => "cross-origin-request",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::AlreadyClaimed => "already-claimed",
            Self::Conflict => "conflict",
            Self::PayloadTooLarge => "payload-too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::TooManyAttempts => "too-many-attempts",
            Self::Busy => "busy",
            Self::RecoveryKeyWrong => "recovery-key-wrong",
            Self::WrongPin => "wrong-pin",
            Self::TokenNeedsPin => "token-needs-pin",
            Self::TokenLocked => "token-locked",
            Self::TokenGone => "token-gone",
            Self::UpdatesUnsupported => "updates-unsupported",
            Self::UpdateUnderWay => "update-under-way",
            Self::UpdateRefused => "update-refused",
            Self::StorageFull => "storage-full",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status it is answered with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::Unsupported | Self::ContextLengthExceeded => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::WrongClaimCode | Self::CrossOriginRequest => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::AlreadyClaimed | Self::Conflict | Self::UpdatesUnsupported | Self::UpdateUnderWay => {
                StatusCode::CONFLICT
            }
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::IdempotencyKeyReused | Self::RecoveryKeyWrong | Self::WrongPin | Self::UpdateRefused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::TokenNeedsPin | Self::TokenLocked | Self::TokenGone | Self::Unavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What it is, the same for every occurrence.
    pub fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request is not valid",
            Self::Unsupported => "This is not supported",
            Self::ContextLengthExceeded => "The input is longer than the model reads",
            Self::Unauthorized => "Nobody is signed in",
            Self::WrongCredentials => "The user name or the password is wrong",
            Self::Forbidden => "This is not allowed",
            Self::WrongClaimCode => "The claim code is wrong",
            Self::CrossOriginRequest => "The request came from another site",
            Self::NotFound => "There is nothing here",
            Self::MethodNotAllowed => "This method is not offered here",
            Self::AlreadyClaimed => "The box has an owner already",
            Self::Conflict => "The present state does not allow this",
            Self::PayloadTooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body's type is not taken",
            Self::IdempotencyKeyReused => "The idempotency key was used for another request",
            Self::TooManyAttempts => "Too many wrong tries",
            Self::Busy => "Too much is under way",
            Self::RecoveryKeyWrong => "The recovery key is wrong",
            Self::WrongPin => "The PIN is wrong",
            Self::TokenNeedsPin => "The token needs its PIN",
            Self::TokenLocked => "The token has locked itself",
            Self::TokenGone => "The token is not there",
            Self::UpdatesUnsupported => "This machine takes no updates",
            Self::UpdateUnderWay => "An update is under way",
            Self::UpdateRefused => "The update was refused",
            Self::StorageFull => "The disk is full",
            Self::Unavailable => "A part of the box does not work now",
            Self::Internal => "The box failed",
        }
    }

    /// What to do next, where nothing more particular is known.
    pub fn next(self) -> &'static str {
        match self {
            Self::InvalidRequest => "Correct what is named under `errors`, and send the request again.",
            Self::Unsupported => "Leave out or change what is named, and send the request again.",
            Self::ContextLengthExceeded => "Shorten the input, or ask for a shorter answer.",
            Self::Unauthorized => {
                "Sign in with POST /api/v1/access/session, or send an API key as `Authorization: Bearer …`."
            }
            Self::WrongCredentials => "Check both, and try again.",
            Self::Forbidden => "Ask an administrator of the box.",
            Self::WrongClaimCode => "Read the code from the box's console, and try again.",
            Self::CrossOriginRequest => "Use the box's own web page, or an API key.",
            Self::NotFound => "Check the address; /api/openapi.json lists all that there are.",
            Self::MethodNotAllowed => "Use one of the methods in the `Allow` header.",
            Self::AlreadyClaimed => "Sign in instead, or ask the owner for an account.",
            Self::Conflict => "Look at the present state, and decide again.",
            Self::PayloadTooLarge => "Send less at once.",
            Self::UnsupportedMediaType => "Send JSON with `Content-Type: application/json`.",
            Self::IdempotencyKeyReused => "Use a new key for a new request.",
            Self::TooManyAttempts => "Wait as long as `Retry-After` says, in seconds.",
            Self::Busy => "Try again in a moment, as `Retry-After` says.",
            Self::RecoveryKeyWrong => "Compare it with what you wrote down, letter by letter, and try again.",
            Self::WrongPin => {
                "Look the PIN up before you try again: a token locks itself after some wrong ones."
            }
            Self::TokenNeedsPin => {
                "Enter it under Keys on the box's page, or with POST /api/v1/security/tokens/{name}/login."
            }
            Self::TokenLocked => "Unlock it with its own tools; a TPM unlocks itself after a while.",
            Self::TokenGone => "Plug it in or start its daemon again; /readyz shows its state.",
            Self::UpdatesUnsupported => {
                "Updates replace the image that a box runs from; a developer's machine runs what was built there."
            }
            Self::UpdateUnderWay => "Wait until it ends; GET /api/v1/updates tells how far it is.",
            Self::UpdateRefused => {
                "Nothing was changed. Look for another release, or tell those who made it."
            }
            Self::StorageFull => {
                "Make room, for example by deleting what is no longer needed; reading goes on meanwhile."
            }
            Self::Unavailable => "Look at /readyz for how the parts of the box are, and try again.",
            Self::Internal => "Try again; if it stays, look in the log for this request id.",
        }
    }

    /// The kind of error that OpenAI's clients know for it.
    pub fn openai_type(self) -> &'static str {
        match self.status().as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        }
    }
}
