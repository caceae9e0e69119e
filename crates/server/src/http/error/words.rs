//! What each refusal says. Several denials share their words on purpose: nothing here tells whether an account exists.

use axum::http::StatusCode;
use poundlock_core::time::Span;

use crate::flow::Denial;

/// One kind of answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) code: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
    pub(super) retry_after: Option<i64>,
    pub(super) challenge: Option<&'static str>,
    /// `max_age` of the challenge, in seconds (RFC 9470 section 3).
    pub(super) max_age: Option<i64>,
}

const fn words(code: &'static str, status: StatusCode, title: &'static str, detail: &'static str) -> Words {
    Words { code, status, title, detail, retry_after: None, challenge: None, max_age: None }
}

const fn after(words: Words, wait: Span) -> Words {
    Words { retry_after: Some(wait.seconds_up()), ..words }
}

pub(super) const BAD_REQUEST: Words = words(
    "bad_request",
    StatusCode::BAD_REQUEST,
    "The request cannot be read",
    "Correct the request and send it again.",
);
pub(super) const UNUSABLE: Words =
    words("unusable", StatusCode::UNPROCESSABLE_ENTITY, "A value cannot be used", "Choose another value.");
pub(super) const CONTENT_TYPE: Words = words(
    "content_type",
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "The body must be JSON",
    "Send the header Content-Type: application/json.",
);
pub(super) const TOO_LARGE: Words =
    words("too_large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large", "Send at most 16 KiB.");
pub(super) const LONG_TARGET: Words = words(
    "long_target",
    StatusCode::URI_TOO_LONG,
    "The path or the query is too long",
    "Send at most 2048 bytes of path and query, 1024 of them query.",
);
pub(super) const LONG_HEADERS: Words = words(
    "long_headers",
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "The headers are too many or too large",
    "Send at most 64 headers and 16 KiB of them.",
);
pub(super) const NOT_FOUND: Words =
    words("not_found", StatusCode::NOT_FOUND, "There is nothing here", "Check the path against the documentation.");
pub(super) const MISSING: Words =
    words("missing", StatusCode::NOT_FOUND, "It is not there", "List what there is, and name one of that.");
pub(super) const CONFLICT: Words =
    words("conflict", StatusCode::CONFLICT, "That does not fit the present state", "Look again, then decide anew.");
pub(super) const METHOD: Words = words(
    "method",
    StatusCode::METHOD_NOT_ALLOWED,
    "This path has no such method",
    "Check the method against the documentation.",
);
pub(super) const MISDIRECTED: Words = words(
    "misdirected",
    StatusCode::MISDIRECTED_REQUEST,
    "This server has another name",
    "Send the request to the host in the issuer's address.",
);
pub(super) const PAST_THE_PROXY: Words = words(
    "past_the_proxy",
    StatusCode::FORBIDDEN,
    "This port is for the proxy alone",
    "Send the request to the issuer's address. If you are its proxy, have yourself added to listen.behind.",
);
pub(super) const SLOW: Words = words(
    "slow_body",
    StatusCode::REQUEST_TIMEOUT,
    "The body came too slowly",
    "Send the whole request within 10 seconds.",
);
pub(super) const UNAVAILABLE: Words = after(
    words(
        "unavailable",
        StatusCode::SERVICE_UNAVAILABLE,
        "The server cannot decide now",
        "Try again after as long as Retry-After says. What was sent may count as used.",
    ),
    Span::from_seconds(5),
);
pub(super) const INTERNAL: Words = words(
    "internal",
    StatusCode::INTERNAL_SERVER_ERROR,
    "Internal error",
    "Nothing was granted. Give the reference to whoever runs this server.",
);

/// The answer to a denial.
pub(super) const fn of_denial(denial: Denial) -> Words {
    match denial {
        Denial::Delayed(wait) | Denial::Source(wait) => after(
            words(
                "too_many_attempts",
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts",
                "Wait as long as Retry-After says. This attempt was not checked and does not count.",
            ),
            wait,
        ),
        Denial::RefreshTooOften(wait) => after(
            words(
                "refresh_too_often",
                StatusCode::TOO_MANY_REQUESTS,
                "This refresh token was sent too often",
                "Nothing has ended. Share one answer between parallel callers, and use the newest refresh token.",
            ),
            wait,
        ),
        Denial::Busy(wait) => after(
            words(
                "busy",
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is busy",
                "Wait as long as Retry-After says. This attempt was not checked and does not count.",
            ),
            wait,
        ),
        Denial::Credentials | Denial::Code | Denial::Gone | Denial::WrongStep | Denial::NameTaken => of_login(denial),
        Denial::Blocked | Denial::Rebind => of_guard(denial),
        _ => of_session(denial),
    }
}

const fn of_login(denial: Denial) -> Words {
    match denial {
        Denial::Credentials => words(
            "credentials",
            StatusCode::UNAUTHORIZED,
            "Name or password is wrong",
            "Check both. An account without a second factor needs an invite or ticket first.",
        ),
        Denial::Code => words(
            "code",
            StatusCode::UNAUTHORIZED,
            "The code is wrong or has been used",
            "Wait for the next code. If codes never fit, the device's clock is off: send two codes that follow each other.",
        ),
        Denial::WrongStep => words(
            "wrong_step",
            StatusCode::CONFLICT,
            "This login expects another step",
            "Follow the state of the last answer, or begin again.",
        ),
        Denial::NameTaken => words(
            "name_taken",
            StatusCode::CONFLICT,
            "This name is taken",
            "Ask for an invite with another name. This one stays valid.",
        ),
        _ => words(
            "gone",
            StatusCode::GONE,
            "This login, invite or step-up is over",
            "It was used, has expired, or never was. Begin again.",
        ),
    }
}

const fn of_guard(denial: Denial) -> Words {
    match denial {
        Denial::Rebind => words(
            "rebind",
            StatusCode::FORBIDDEN,
            "Too many wrong attempts in all",
            "Use another factor or a recovery code, or ask an administrator to unlock it or to reset it.",
        ),
        _ => words(
            "blocked",
            StatusCode::FORBIDDEN,
            "Too many wrong attempts by strangers",
            "Log in from a device that has logged in before, send a recovery code along, or ask an administrator to unlock.",
        ),
    }
}

const fn of_session(denial: Denial) -> Words {
    match denial {
        Denial::Reprove(max_age) => Words {
            challenge: Some("Bearer error=\"insufficient_user_authentication\""),
            max_age: Some(max_age.seconds()),
            ..words(
                "insufficient_user_authentication",
                StatusCode::UNAUTHORIZED,
                "The second factor must be proved again",
                "Send a code with the login in this answer. The refresh token was not used up.",
            )
        },
        Denial::SessionEnded => {
            words("session_ended", StatusCode::UNAUTHORIZED, "This session has ended", "Log in again.")
        }
        Denial::RefreshReuse => words(
            "refresh_reuse",
            StatusCode::UNAUTHORIZED,
            "A used refresh token came back",
            "Somebody may have copied it, so the session was ended. Log in again.",
        ),
        Denial::StepUp => words(
            "step_up",
            StatusCode::FORBIDDEN,
            "This change needs a step-up",
            "Post to /v1/step-up with this action and target, prove both factors, and send the step_up secret along.",
        ),
        Denial::NotAllowed => words(
            "not_allowed",
            StatusCode::BAD_REQUEST,
            "This client may not ask for that",
            "Check client, audience and scope against the client's registration.",
        ),
        Denial::Held => words(
            "held",
            StatusCode::FORBIDDEN,
            "This factor is on probation",
            "It was enrolled after a recovery, and changes nothing for 72 hours. Prove an older factor to end that early.",
        ),
        Denial::LastOne => words(
            "last_one",
            StatusCode::CONFLICT,
            "The last one cannot go",
            "Add another second factor, or another administrator, first.",
        ),
        Denial::Clock => after(
            words(
                "clock",
                StatusCode::SERVICE_UNAVAILABLE,
                "The server's clock is not to be trusted",
                "Nothing is issued until it agrees again. Whoever runs this server finds the reason in the log.",
            ),
            Span::from_seconds(30),
        ),
        Denial::BadRefresh => {
            words("bad_refresh", StatusCode::UNAUTHORIZED, "The refresh token is not valid", "Log in again.")
        }
        _ => Words {
            challenge: Some("Bearer error=\"invalid_token\""),
            ..words(
                "unauthenticated",
                StatusCode::UNAUTHORIZED,
                "A valid access token for the account API is needed",
                "Log in or refresh with the audience that ends in /account, and send the token as a Bearer.",
            )
        },
    }
}
