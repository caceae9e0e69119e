//! The browser that asks: its cookies, its language, and the one way to answer it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT_LANGUAGE, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use poundlock_core::id::LoginId;
use poundlock_core::secret::{Digest, Secret};

use super::super::edge::cookie::{Kind, Names};
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::error::path_of;
use super::said::Said;
use crate::app::SharedApp;
use crate::flow::browser::{Entered, Goal, Held, form_token, is_form_token, login_id, new_browser, signed_in};
use crate::flow::session::Caller;
use crate::flow::{Answer, Refused};
use crate::journal::Origin;
use crate::page::{Frame, Html, Language, url};
use crate::refusals::Told;

/// Logins that one browser holds at once; the oldest goes first.
const LOGINS_MAX: usize = 8;

/// Known devices of one browser, for as many accounts.
const DEVICES_MAX: usize = 4;

/// A browser and its request.
pub(crate) struct Browser {
    pub(crate) app: SharedApp,
    pub(crate) origin: Origin,
    pub(crate) request: RequestId,
    names: Names,
    headers: HeaderMap,
    /// What its forms are bound to, and whether it brought that along.
    form: Secret<String>,
    has_form: bool,
    is_posted: bool,
    language: Language,
    path: String,
    here: String,
    set: Vec<HeaderValue>,
}

impl FromRequestParts<SharedApp> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Infallible> {
        let Ok(request) = RequestId::from_request_parts(parts, app).await;
        let Ok(origin) = Origin::from_request_parts(parts, app).await;
        let names = Names::of(app);
        let brought = names.read(&parts.headers, Kind::Form);
        let has_form = brought.is_some();
        let (here, chosen) = path_of(&parts.uri);
        let mut browser = Self {
            form: brought.unwrap_or_else(|| new_browser(app)),
            app: SharedApp::clone(app),
            origin,
            request,
            language: language(&names, &parts.headers, chosen.as_deref()),
            names,
            headers: parts.headers.clone(),
            has_form,
            is_posted: parts.method == Method::POST,
            path: parts.uri.path().to_owned(),
            here,
            set: Vec::new(),
        };
        browser.greet(chosen.as_deref());
        Ok(browser)
    }
}

/// The language of an answer: what the address asks for, what was chosen before, what the browser prefers.
pub(super) fn language(names: &Names, headers: &HeaderMap, asked: Option<&str>) -> Language {
    let chosen = names.read(headers, Kind::Language);
    let prefers = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::wanted(asked, chosen.as_ref().map(|chosen| chosen.reveal().as_str()), prefers)
}

impl Browser {
    /// Gives it the cookies that any page gives.
    fn greet(&mut self, chosen: Option<&str>) {
        // Attack: a form of another site, which comes without the cookie, has it replaced: every open page is stale.
        if !self.has_form && !self.may_hold_back() {
            let form = self.form.clone();
            self.put(Kind::Form, &form);
        }
        if chosen.and_then(Language::of_tag).is_some() {
            self.put(Kind::Language, &Secret::new(self.language.tag().to_owned()));
        }
    }

    /// The session cookie.
    pub(crate) fn session(&self) -> Option<Secret<String>> {
        self.names.read(&self.headers, Kind::Session)
    }

    /// Whether it may have a session that it did not send along: with a form of another site it sends no cookie of ours
    /// (`SameSite=Lax`), with the link that the answer leads to it does.
    pub(crate) fn may_hold_back(&self) -> bool {
        self.is_posted && self.session().is_none()
    }

    /// Who is signed in, if anybody is.
    pub(crate) async fn caller(&self) -> Answer<Option<Caller>> {
        let Some(cookie) = self.session() else { return Ok(None) };
        let now = crate::flow::now(&self.app, &self.origin)?;
        signed_in(&self.app, &cookie, now).await
    }

    /// What the browser holds of the login that the address names; `None` when that is another browser's.
    pub(crate) fn held(&self, id: &str) -> Option<Held> {
        let id: LoginId = id.parse().ok()?;
        let handle = self.names.read(&self.headers, Kind::Login(id))?;
        (login_id(&handle) == Some(id)).then(|| Held::page(handle, self.session()))
    }

    /// A cookie that the browser brought.
    pub(crate) fn read(&self, kind: Kind) -> Option<Secret<String>> {
        self.names.read(&self.headers, kind)
    }

    /// Gives it a cookie with the answer.
    pub(crate) fn put(&mut self, kind: Kind, value: &Secret<String>) {
        self.set.extend(self.names.set(kind, value));
    }

    /// Takes a cookie from it with the answer.
    pub(crate) fn take(&mut self, kind: Kind) {
        self.set.extend(self.names.clear(kind));
    }

    /// Whether the browser kept the cookie that its forms are bound to.
    pub(crate) const fn keeps_cookies(&self) -> bool {
        self.has_form
    }

    /// Who it is where nobody is named: whoever keeps the cookie of its forms.
    pub(crate) fn holder(&self) -> Digest {
        Digest::of(format!("browser {}", self.form.reveal()).as_bytes())
    }

    /// Whether a form carries the token of this browser and page.
    pub(crate) fn is_its_token(&self, sent: &str) -> bool {
        is_form_token(&self.app, sent, &self.form, self.bound().as_ref())
    }

    /// What the token is bound to beside the cookie: the session, on the pages of a session. The pages before one are the
    /// same with and without: of two tabs that sign in, the second must not be refused for what the first has done.
    fn bound(&self) -> Option<Secret<String>> {
        let before = [url::SIGN_IN, url::INVITE].iter().any(|path| self.path.starts_with(path));
        if before { None } else { self.session() }
    }

    /// A page.
    pub(crate) fn page(self, render: impl FnOnce(&Frame<'_>) -> Html) -> Response {
        let csrf = form_token(&self.app, &self.form, self.bound().as_ref());
        let frame = Frame { brand: &self.app.brand, language: self.language, csrf: &csrf, path: &self.here };
        let html = render(&frame);
        self.dressed(html_response(StatusCode::OK, html))
    }

    /// What a script of ours asked for.
    pub(crate) fn json(self, value: &serde_json::Value) -> Response {
        self.dressed(axum::Json(value).into_response())
    }

    /// On to another page, which is got: nothing is sent twice.
    pub(crate) fn to(self, path: &str) -> Response {
        let Ok(location) = HeaderValue::try_from(path) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        self.dressed((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
    }

    /// A refusal that no form can answer.
    pub(crate) fn refused(self, refused: Refused) -> Response {
        let problem = Problem::of(refused, &self.request);
        self.problem(problem)
    }

    /// The same, already in words.
    pub(crate) fn problem(self, problem: Problem) -> Response {
        self.dressed(problem.into_response())
    }

    /// Back to a form at `path`, which says what went wrong, or a page that does.
    pub(crate) fn again(self, path: &str, refused: Refused, typed: &str) -> Response {
        match Said::of(&refused, &self.request.to_string(), path, typed) {
            Some(said) => self.again_saying(path, refused, &said),
            None => self.refused(refused),
        }
    }

    /// Back to a form at `path`, which says this of the refusal.
    pub(crate) fn again_saying(mut self, path: &str, refused: Refused, said: &Said) -> Response {
        let told = Problem::of(refused, &self.request).told();
        self.say(said);
        let mut response = self.to(path);
        response.extensions_mut().insert::<Told>(told);
        response
    }

    /// Leaves something for the page at its path to say.
    pub(crate) fn say(&mut self, said: &Said) {
        self.put(Kind::Said, &Secret::new(said.text()));
    }

    /// What this page is to say, once.
    pub(crate) fn said(&mut self) -> Option<Said> {
        let said = Said::parse(self.read(Kind::Said)?.reveal())?;
        if !said.is_for(&self.here) {
            return None;
        }
        self.take(Kind::Said);
        Some(said)
    }

    /// Whether the session of this caller still lives.
    pub(crate) async fn caller_of(&self, caller: &Caller) -> Answer<Option<Caller>> {
        crate::flow::browser::again(&self.app, caller).await
    }

    /// The browser holds a login from now on.
    pub(crate) fn hold(&mut self, handle: &Secret<String>) -> Option<LoginId> {
        let id = login_id(handle)?;
        let held = self.names.logins(&self.headers);
        for old in held.iter().take((held.len() + 1).saturating_sub(LOGINS_MAX)) {
            self.take(Kind::Login(*old));
        }
        self.put(Kind::Login(id), handle);
        Some(id)
    }

    /// A login is completed: the browser has a session, is a known device, and goes where it wanted to.
    pub(crate) fn enter(mut self, entered: &Entered) -> Response {
        self.put(Kind::Session, &entered.cookie);
        self.take(Kind::Invite);
        self.take(Kind::StepUp);
        if let Some(device) = &entered.device {
            let devices = self.devices_with(device);
            self.put(Kind::Device, &devices);
        }
        let next = if entered.shows_codes { url::ACCOUNT_CODES } else { entered.next.as_str() };
        self.to(next)
    }

    /// The known devices, this one first.
    fn devices_with(&self, device: &Secret<String>) -> Secret<String> {
        let before = self.read(Kind::Device).unwrap_or_else(|| Secret::new(String::new()));
        let others = before.reveal().split('.').filter(|one| !one.is_empty() && one != device.reveal());
        let all: Vec<&str> = std::iter::once(device.reveal().as_str()).chain(others).take(DEVICES_MAX).collect();
        Secret::new(all.join("."))
    }

    fn dressed(self, mut response: Response) -> Response {
        for line in self.set {
            response.headers_mut().append(SET_COOKIE, line);
        }
        response
    }
}

/// A page as an answer.
pub(super) fn html_response(status: StatusCode, html: Html) -> Response {
    (status, axum::response::Html(html.0)).into_response()
}

/// A browser that is signed in. Another is sent to sign in first, and back.
pub(crate) struct SignedIn {
    pub(crate) browser: Browser,
    pub(crate) caller: Caller,
}

impl FromRequestParts<SharedApp> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Response> {
        let Ok(browser) = Browser::from_request_parts(parts, app).await;
        let path = (parts.method == Method::GET).then(|| browser.here.clone());
        Self::of(browser, path.as_deref()).await
    }
}

impl SignedIn {
    /// The caller of this browser, or the way to the sign-in page and from there to `path`.
    pub(crate) async fn of(browser: Browser, path: Option<&str>) -> Result<Self, Response> {
        match browser.caller().await {
            Ok(Some(caller)) => Ok(Self { browser, caller }),
            Ok(None) => Err(browser.to(&Goal::of_page(path, None).sign_in())),
            Err(refused) => Err(browser.refused(refused)),
        }
    }
}
