//! What each refusal says: one table. Several denials share their words on purpose: nothing here tells whether an account
//! exists.

use axum::http::StatusCode;
use poundlock_core::time::Span;

use crate::flow::Denial;

/// One kind of answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) code: &'static str,
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(super) detail: &'static str,
    pub(super) retry_after: Option<i64>,
    pub(super) challenge: Option<&'static str>,
    /// `max_age` of the challenge, in seconds (RFC 9470 section 3).
    pub(super) max_age: Option<i64>,
}

impl Words {
    /// The `type` of the problem: stable, for programs to tell problems apart by.
    pub(crate) fn uri(&self) -> String {
        format!("urn:poundlock:problem:{}", self.code)
    }
}

/// Defines each kind of answer as a constant, with the seconds to wait where they are always the same, and the list of
/// them all.
macro_rules! words {
    ($($name:ident $code:literal $status:ident $title:literal $detail:literal $(after $seconds:literal)?;)*) => {
        $(pub(crate) const $name: Words = Words {
            code: $code,
            status: StatusCode::$status,
            title: $title,
            detail: $detail,
            retry_after: [$(Some($seconds),)? None][0],
            challenge: None,
            max_age: None,
        };)*

        /// Every kind of answer: what docs/problems.md and the API document list.
        pub(crate) const ALL: &[Words] = &[$($name,)*];
    };
}

words! {
    BAD_REQUEST "bad_request" BAD_REQUEST
        "The request cannot be read"
        "Correct the request and send it again.";
    UNUSABLE "unusable" UNPROCESSABLE_ENTITY
        "A value cannot be used"
        "Choose another value.";
    CONTENT_TYPE "content_type" UNSUPPORTED_MEDIA_TYPE
        "The body must be JSON"
        "Send the header Content-Type: application/json.";
    TOO_LARGE "too_large" PAYLOAD_TOO_LARGE
        "The body is too large"
        "Send at most 16 KiB, or 256 KiB to the admin socket.";
    LONG_TARGET "long_target" URI_TOO_LONG
        "The path or the query is too long"
        "Send at most 2048 bytes of path and query, 1024 of them query; 8192 where a request for a code travels along.";
    LONG_HEADERS "long_headers" REQUEST_HEADER_FIELDS_TOO_LARGE
        "The headers are too many or too large"
        "Send at most 64 headers and 16 KiB of them.";
    NOT_FOUND "not_found" NOT_FOUND
        "There is nothing here"
        "Check the path against the documentation.";
    MISSING "missing" NOT_FOUND
        "It is not there"
        "List what there is, and name one of that.";
    CONFLICT "conflict" CONFLICT
        "That does not fit the present state"
        "Look again, then decide anew.";
    METHOD "method" METHOD_NOT_ALLOWED
        "This path has no such method"
        "Check the method against the documentation.";
    MISDIRECTED "misdirected" MISDIRECTED_REQUEST
        "This server has another name"
        "Send the request to the host in the issuer's address.";
    PAST_THE_PROXY "past_the_proxy" FORBIDDEN
        "This port is for the proxy alone"
        "Send the request to the issuer's address. If you are its proxy, have yourself added to listen.behind.";
    NOT_HTTPS "not_https" FORBIDDEN
        "This request did not come over https"
        "Use the issuer's https address. If you run its proxy, have it set X-Forwarded-Proto to https for clients that \
         came over TLS.";
    SLOW "slow_body" REQUEST_TIMEOUT
        "The body came too slowly"
        "Send the whole request within 10 seconds.";
    FOREIGN_FORM "foreign_form" FORBIDDEN
        "This form did not come from our page"
        "Nothing was done. Open the page here, and send its form.";
    STALE_FORM "stale_form" FORBIDDEN
        "This form is out of date"
        "Nothing was done. Open the page again, and send its form.";
    NO_COOKIES "no_cookies" FORBIDDEN
        "Your browser kept no cookie of this page"
        "Allow cookies for this address, then open the page again. They carry your login and nothing else.";
    UNAVAILABLE "unavailable" SERVICE_UNAVAILABLE
        "The server cannot decide now"
        "Try again after as long as Retry-After says. What was sent may count as used."
        after 5;
    INTERNAL "internal" INTERNAL_SERVER_ERROR
        "Internal error"
        "Nothing was granted. Give the reference to whoever runs this server.";
    TOO_MANY_ATTEMPTS "too_many_attempts" TOO_MANY_REQUESTS
        "Too many attempts"
        "Wait as long as Retry-After says. This attempt was not checked and does not count.";
    REFRESH_TOO_OFTEN "refresh_too_often" TOO_MANY_REQUESTS
        "This refresh token was sent too often"
        "Nothing has ended. Share one answer between parallel callers, and use the newest refresh token.";
    BUSY "busy" SERVICE_UNAVAILABLE
        "The server is busy"
        "Wait as long as Retry-After says. This attempt was not checked and does not count.";
    CREDENTIALS "credentials" UNAUTHORIZED
        "Name or password is wrong"
        "Check both. An account without a second factor needs an invite or ticket first.";
    CODE "code" UNAUTHORIZED
        "The code is wrong or has been used"
        "Wait for the next code. If codes never fit, the device's clock is off: send two codes that follow each other.";
    PASSKEY "passkey" UNAUTHORIZED
        "The passkey's answer is refused"
        "Ask for new options and try again, or use another factor.";
    PASSKEY_COPIED "passkey_copied" FORBIDDEN
        "There may be a copy of this passkey"
        "Its counter went back, so it was refused. Use another factor, then remove this one.";
    WRONG_STEP "wrong_step" CONFLICT
        "This login expects another step"
        "Follow the state of the last answer, or begin again.";
    NAME_TAKEN "name_taken" CONFLICT
        "This name is taken"
        "Ask for an invite with another name. This one stays valid.";
    GONE "gone" GONE
        "This login, invite or step-up is over"
        "It was used, has expired, or never was. Begin again.";
    REBIND "rebind" FORBIDDEN
        "Too many wrong attempts in all"
        "Use another factor or a recovery code, or ask an administrator to unlock it or to reset it.";
    BLOCKED "blocked" FORBIDDEN
        "Too many wrong attempts by strangers"
        "Log in from a device that has logged in before, send a recovery code along, or ask an administrator to unlock.";
    INSUFFICIENT_USER_AUTHENTICATION "insufficient_user_authentication" UNAUTHORIZED
        "The second factor must be proved again"
        "Send a code with the login in this answer. The refresh token was not used up.";
    SESSION_ENDED "session_ended" UNAUTHORIZED
        "This session has ended"
        "Log in again.";
    REFRESH_REUSE "refresh_reuse" UNAUTHORIZED
        "A used refresh token came back"
        "Somebody may have copied it, so the session was ended. Log in again.";
    STEP_UP "step_up" FORBIDDEN
        "This change needs a step-up"
        "Post to /v1/step-up with this action and target, prove both factors, and send the step_up secret along.";
    NOT_ALLOWED "not_allowed" FORBIDDEN
        "This client may not ask for that"
        "Check client, audience and scope against the client's registration.";
    HELD "held" FORBIDDEN
        "This factor is on probation"
        "It was enrolled after a recovery, and changes nothing for 72 hours. Prove an older factor to end that early.";
    LAST_ONE "last_one" CONFLICT
        "The last one cannot go"
        "Add another second factor, or another administrator, first.";
    CLOCK "clock" SERVICE_UNAVAILABLE
        "The server's clock is not to be trusted"
        "Nothing is issued until it agrees again. Whoever runs this server finds the reason in the log."
        after 30;
    BAD_REFRESH "bad_refresh" UNAUTHORIZED
        "The refresh token is not valid"
        "Log in again.";
    CLIENT_REQUEST "client_request" BAD_REQUEST
        "The app's request does not stand"
        "Go back to the app and begin again. If it stays so, whoever made the app must correct it.";
    BAD_CODE "bad_code" BAD_REQUEST
        "The authorization code gives nothing"
        "It is unknown, over, used, or of another client, address or verifier. Send the user to sign in again.";
    BAD_CLIENT "bad_client" UNAUTHORIZED
        "The client did not prove that it is itself"
        "Check the id, the secret, and how the secret is sent.";
    UNAUTHENTICATED "unauthenticated" UNAUTHORIZED
        "A valid access token for the account API is needed"
        "Log in or refresh with the audience that ends in /account, and send the token as a Bearer.";
}

const fn after(words: Words, wait: Span) -> Words {
    Words { retry_after: Some(wait.seconds_up()), ..words }
}

/// The answer to a denial.
pub(super) const fn of_denial(denial: Denial) -> Words {
    match denial {
        Denial::Delayed(wait) | Denial::Source(wait) => after(TOO_MANY_ATTEMPTS, wait),
        Denial::RefreshTooOften(wait) => after(REFRESH_TOO_OFTEN, wait),
        Denial::Busy(wait) => after(BUSY, wait),
        Denial::Credentials => CREDENTIALS,
        Denial::Passkey => PASSKEY,
        Denial::PasskeyCopied => PASSKEY_COPIED,
        Denial::Code => CODE,
        Denial::Gone => GONE,
        Denial::WrongStep => WRONG_STEP,
        Denial::NameTaken => NAME_TAKEN,
        Denial::Blocked => BLOCKED,
        Denial::Rebind => REBIND,
        Denial::Reprove(max_age) => Words {
            challenge: Some("Bearer error=\"insufficient_user_authentication\""),
            max_age: Some(max_age.seconds()),
            ..INSUFFICIENT_USER_AUTHENTICATION
        },
        Denial::SessionEnded => SESSION_ENDED,
        Denial::RefreshReuse => REFRESH_REUSE,
        Denial::StepUp => STEP_UP,
        Denial::NotAllowed => NOT_ALLOWED,
        Denial::Held => HELD,
        Denial::LastOne => LAST_ONE,
        Denial::Clock => CLOCK,
        Denial::BadRefresh => BAD_REFRESH,
        Denial::BadCode | Denial::CodeReplay => BAD_CODE,
        Denial::BadClient => BAD_CLIENT,
        Denial::Unauthenticated => Words { challenge: Some("Bearer error=\"invalid_token\""), ..UNAUTHENTICATED },
    }
}
