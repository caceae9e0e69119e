//! `/oauth/token`: a code or a refresh token for tokens. The client proves itself first, as its kind demands.

use poundlock_core::audit::{Event, Key};
use poundlock_core::client::{Client, ClientKind, Scope};
use poundlock_core::id::FamilyId;
use poundlock_core::oidc::client_auth::{claimed, prove};
use poundlock_core::oidc::code::{Code, CodeRow, Facts, Redeemed, Shown, redeem};
use poundlock_core::oidc::{OPENID, OauthError, Params, Refusal};
use poundlock_core::refresh::{Family, Granted, Start};
use poundlock_core::secret::Secret;
use poundlock_core::session::Session;
use poundlock_core::time::Time;
use poundlock_core::token::Acr;
use poundlock_store::user::Account;
use poundlock_store::{Batch, audit, client_secret, code, refresh as families, session, user};

use super::super::refresh::{Refreshed, Wish, trade};
use super::super::session::{Bearer, answer, id_token};
use super::super::{Answer, Denial, Fault, Refused, commit, now, refuse, refuse_unrecorded, to_the_end};
use super::Declined;
use crate::app::{App, SharedApp};
use crate::journal::{Note, Origin};

/// How often a decision is made anew after losing a race. Each loss means another caller has moved on.
const RACES_MAX: usize = 4;

/// What came to the token endpoint.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) params: Params,
    /// What stood behind `Basic` in the `Authorization` header.
    pub(crate) basic: Option<Secret<String>>,
    /// The origin of the page that asks, where a browser says one.
    pub(crate) page: Option<String>,
}

/// Gives tokens.
pub(crate) async fn exchange(app: SharedApp, asked: Asked, origin: Origin) -> Result<Refreshed, Declined> {
    if asked.params.has_repeated() {
        return Err(Refusal::new(OauthError::InvalidRequest, "a parameter comes more than once").into());
    }
    let Asked { params, basic, page } = asked;
    let at = now(&app, &origin)?;
    let client = authenticate(&app, (&params, basic.as_ref()), page.as_deref(), (at, &origin)).await?;
    match params.one("grant_type") {
        Some("authorization_code") => by_code(app, client, params, origin).await,
        Some("refresh_token") => by_refresh(app, client, &params, origin).await,
        Some(_) => {
            let known = "the grant types are authorization_code and refresh_token";
            Err(Refusal::new(OauthError::UnsupportedGrantType, known).into())
        }
        None => Err(Refusal::new(OauthError::InvalidRequest, "grant_type is missing").into()),
    }
}

/// Who calls. An unknown client and a wrong secret are told alike.
async fn authenticate(
    app: &App,
    (params, basic): (&Params, Option<&Secret<String>>),
    page: Option<&str>,
    (at, origin): (Time, &Origin),
) -> Result<Client, Declined> {
    let claim = claimed(basic, params)?;
    let client = app.registry.load().client(Some(&claim.client)).cloned();
    let secrets = match &client {
        Some(client) if client.kind == ClientKind::Confidential => {
            client_secret::of_client(&app.store, client.id.as_str()).await?
        }
        _ => Vec::new(),
    };
    let proved = client.filter(|client| prove(client, &claim, &secrets, at).is_ok());
    let Some(client) = proved else {
        let note = Note::new(app, origin, at);
        let record = note.record(Event::ClientRefused);
        return Err(refuse(app, Batch::new(), record, Denial::BadClient, b"client").await.into());
    };
    // Attack: a page that is none of the client's exchanges a code that it got hold of, in a browser that trusts it.
    if page.is_some_and(|page| !client.origins.iter().any(|known| known == page)) {
        return Err(Refusal::new(OauthError::InvalidRequest, "this page is no registered origin of the client").into());
    }
    Ok(client)
}

async fn by_refresh(app: SharedApp, client: Client, params: &Params, origin: Origin) -> Result<Refreshed, Declined> {
    let token = params.secret("refresh_token").cloned();
    let token = token.ok_or_else(|| Refusal::new(OauthError::InvalidRequest, "refresh_token is missing"))?;
    let scope = params.one("scope").map(Scope::parse).transpose();
    let scope = scope.map_err(|_| Refusal::new(OauthError::InvalidScope, "the scope cannot be read"))?;
    let audience = params.one("audience").or_else(|| params.one("resource")).map(str::to_owned);
    Ok(trade(app, (token, Some(client.id)), Wish { audience, scope }, origin).await?)
}

/// What stands in the store when a code is shown.
struct Loaded {
    row: CodeRow,
    session: Session,
    account: Account,
}

async fn by_code(app: SharedApp, client: Client, params: Params, origin: Origin) -> Result<Refreshed, Declined> {
    let text = params.secret("code").cloned();
    let text = text.ok_or_else(|| Refusal::new(OauthError::InvalidRequest, "code is missing"))?;
    let at = now(&app, &origin)?;
    let code = Code::parse(&text).ok_or_else(|| Declined::Ours(refuse_unrecorded(&origin, Denial::BadCode)))?;
    let redeemed = to_the_end(app.flows.begin(), async move {
        for _ in 0..RACES_MAX {
            let note = Note::new(&app, &origin, at).client(client.id.as_str());
            let Some(loaded) = load(&app, &code).await? else {
                // Attack: codes that were never given, each another one, leave a record each. They share one room.
                return Err(refused(&app, &note, b"code", "code_unknown").await);
            };
            let note = note.about(&loaded.account.user);
            let decided =
                redeem(&app.ring, &loaded.row, shown(&client, &params, at)).map_err(|_| Fault::Seal("code"))?;
            if let Some(answer) = act(&app, (&note, &client), &code, loaded, decided).await? {
                return answer;
            }
        }
        Err(refuse_unrecorded(&origin, Denial::BadCode))
    });
    Ok(redeemed.await?)
}

fn shown<'a>(client: &'a Client, params: &'a Params, now: Time) -> Shown<'a> {
    let (redirect_uri, verifier) = (params.one("redirect_uri"), params.secret("code_verifier"));
    Shown { client: client.id.as_str(), redirect_uri, verifier, now }
}

async fn load(app: &App, code: &Code) -> Answer<Option<Loaded>> {
    let digest = code.digest();
    let read = app
        .store
        .read(move |r| {
            Box::pin(async move {
                let Some(row) = code::in_snapshot(r, digest).await? else { return Ok(None) };
                let Some(session) = session::in_snapshot(r, row.session).await? else { return Ok(None) };
                let account = user::in_snapshot(r, session.user).await?;
                Ok(account.map(|account| (row, session, account)))
            })
        })
        .await?;
    let Some((row, session, account)) = read else { return Ok(None) };
    let session = Session::from_row(&app.ring, &session).map_err(|_| Fault::Seal("session"))?;
    Ok(Some(Loaded { row, session, account }))
}

/// Does what was decided; `None` when another caller was first, and the decision must be made anew.
async fn act(
    app: &App,
    (note, client): (&Note<'_>, &Client),
    code: &Code,
    loaded: Loaded,
    decided: Redeemed,
) -> Answer<Option<Answer<Refreshed>>> {
    let facts = match decided {
        Redeemed::Tokens(facts) => facts,
        Redeemed::Refuse(why) => {
            return Ok(Some(Err(refused(app, note, code.digest().as_bytes(), why.as_str()).await)));
        }
        Redeemed::Replay(family) => return Ok(Some(Err(replayed(app, note, (code, &loaded.session), family).await))),
    };
    if !loaded.session.lives(note.now()) || !loaded.account.standing().active {
        return Ok(Some(Err(refused(app, note, code.digest().as_bytes(), "session_ended").await)));
    }
    // Its registration may have changed since the code was given.
    if client.audience_for(Some(&facts.audience)).is_err() || client.dpop_required {
        return Ok(Some(Err(refused(app, note, code.digest().as_bytes(), "not_allowed").await)));
    }
    give(app, (note, client), code, loaded, facts).await
}

/// Whoever has a code for the second time has all that its client has: what it became ends (OAE-04).
async fn replayed(app: &App, note: &Note<'_>, (code, session): (&Code, &Session), family: FamilyId) -> Refused {
    let mut batch = Batch::new();
    families::end(&mut batch, family, note.now(), "code_replay");
    let record = note.record(Event::CodeReused).within(session.id()).alerting();
    refuse(app, batch, record, Denial::CodeReplay, code.digest().as_bytes()).await
}

/// Spends the code for a family of its own, and signs the tokens once that is committed.
async fn give(
    app: &App,
    (note, client): (&Note<'_>, &Client),
    code: &Code,
    loaded: Loaded,
    facts: Facts,
) -> Answer<Option<Answer<Refreshed>>> {
    let Loaded { session, account, .. } = loaded;
    let now = note.now();
    let scope = Scope::parse(&facts.scope).unwrap_or_default().within(&client.scope);
    let granted = Granted { audience: facts.audience.clone(), scope: scope.as_str().to_owned() };
    let start =
        Start { session: session.id(), client: client.id.as_str().to_owned(), binding: None, granted: Some(granted) };
    let (token, family) = Family::start(start, now, &app.ring, &app.rng);
    let mut batch = Batch::new();
    user::stands(&mut batch, account.user.id, account.user.version);
    session::lives(&mut batch, session.id(), session.version());
    code::spend(&mut batch, code.digest(), family.id);
    families::replace(&mut batch, session.id(), client.id.as_str());
    families::insert(&mut batch, &family);
    if client.backchannel_logout_uri.is_some() {
        families::await_logout(&mut batch, family.id);
    }
    let record = note.record(Event::CodeRedeemed).within(session.id()).with(Key::Audience, facts.audience.as_str());
    audit::record(&mut batch, &record);
    if commit(app, batch).await?.is_none() {
        return Ok(None);
    }
    // A session that a recovery opened is not refreshed by anybody.
    let refreshable = client.refresh_tokens && session.event(now).acr() != Acr::Recovery;
    let bearer = Bearer::of(&account.user).with_scope(scope.as_str());
    let refresh = refreshable.then_some(&token);
    let opened = answer(app, &session, client, refresh, (&bearer, &facts.audience, now))?;
    let id_token = if scope.holds(OPENID) {
        let saying = (&account.user, client, facts.nonce.as_deref(), &opened.access_token);
        Some(id_token(app, &session, saying, now)?)
    } else {
        None
    };
    Ok(Some(Ok(Refreshed { opened, scope, id_token })))
}

async fn refused(app: &App, note: &Note<'_>, target: &[u8], rule: &'static str) -> Refused {
    let record = note.record(Event::CodeRefused).with(Key::Rule, rule);
    refuse(app, Batch::new(), record, Denial::BadCode, target).await
}
