//! What the tokens of a session say from its opening to its end.

use poundlock_verify::{Claims, JwkSet, Seconds, Verifier};

use super::*;
use crate::client::AudienceName;
use crate::id::Subject;
use crate::jws::Alg;
use crate::jws::SigningKey;
use crate::jws::tests::key;
use crate::token::{MintFault, Minted};

const ISSUER: &str = "https://login.example";

struct Mint {
    key: SigningKey,
    subject: Subject,
    client: Client,
    audience: AudienceName,
}

impl Mint {
    fn new() -> Self {
        Self {
            key: key(Alg::EdDsa),
            subject: Subject::new(&SeededRng::new(4)),
            client: client(),
            audience: AudienceName::parse("orders").unwrap(),
        }
    }

    fn mint(&self, session: &Session, now: Time) -> Result<Minted, MintFault> {
        let groups = ["staff".to_owned(), "secret".to_owned()];
        let saying = Saying {
            issuer: ISSUER,
            subject: &self.subject,
            audience: &self.audience,
            client: &self.client,
            groups: &groups,
            scope: None,
            status_uri: "https://login.example/status/3",
        };
        session.access_token(&saying, &self.key, now, &SeededRng::new(6))
    }

    /// What a service reads at the moment of issue.
    fn says(&self, session: &Session, now: Time) -> Claims {
        let keys = JwkSet::from_keys(vec![self.key.public_jwk().clone()]).unwrap();
        let token = self.mint(session, now).unwrap().token;
        Verifier::new(ISSUER, "orders").with_keys(keys).check(token.reveal(), Seconds::new(now.seconds())).unwrap()
    }
}

fn event(claims: &Claims) -> (i64, &str, Vec<&str>) {
    (claims.auth_time.value(), claims.acr.as_str(), claims.amr.iter().map(String::as_str).collect())
}

/// Over a day of refreshes, read back from its row each time, with freshness re-proved on the way.
#[test]
fn tok_03_every_token_of_a_session_tells_of_the_same_login() {
    let (mint, ring, rng) = (Mint::new(), ring(1), SeededRng::new(2));
    for (mut session, end) in [(session(), 24 * 60), (recovered(), 60)] {
        let first = mint.says(&session, NOW);
        for at in (10..end).step_by(50) {
            session = Session::from_row(&ring, &session.row(&ring, &rng)).unwrap().used(&client(), minutes(at));
            if at % 100 == 10 {
                session = session.freshened(fresh(id(1), user(1), minutes(at))).unwrap();
            }
            let now = mint.says(&session, minutes(at));
            assert_eq!(event(&now), event(&first), "after {at} minutes");
            assert_eq!((&now.sid, &now.sub, &now.scope), (&first.sid, &first.sub, &first.scope));
            assert!(now.mfa_time >= first.mfa_time && now.jti == first.jti, "one seed, one jti");
        }
    }
}

#[test]
fn mfa_20_a_token_shows_the_raise_while_it_lives_and_the_login_after() {
    let mint = Mint::new();
    let session = session().raised(&raised(id(1), user(1), minutes(30)), minutes(30)).unwrap();
    let (during, after) = (mint.says(&session, minutes(44)), mint.says(&session, minutes(45)));
    assert_eq!(event(&during), (minutes(30).seconds(), "aal2", vec!["pwd", "otp", "mfa"]));
    assert_eq!(event(&after), (NOW.seconds(), "aal2", vec!["pwd", "otp", "mfa"]));
    assert_eq!(after.mfa_time.value(), minutes(30).seconds());
}

#[test]
fn otp_12_rcv_08_a_token_names_the_code_that_was_used() {
    let mint = Mint::new();
    assert_eq!(event(&mint.says(&session(), NOW)), (NOW.seconds(), "aal2", vec!["pwd", "otp", "mfa"]));
    assert_eq!(event(&mint.says(&recovered(), NOW)), (NOW.seconds(), "recovery", vec!["pwd", "mfa", "rcv"]));
}

#[test]
fn tok_05_tok_12_tok_13_a_token_ends_with_its_session_and_shows_its_place_and_released_groups() {
    let mint = Mint::new();
    let claims = mint.says(&session(), NOW);
    assert_eq!(claims.groups, ["staff"]);
    let text = serde_json::to_value(&claims).unwrap();
    assert_eq!(text["status"]["status_list"]["idx"], 77);
    let late = mint.says(&recovered(), minutes(58));
    assert_eq!(late.exp.value(), minutes(60).seconds());
    assert_eq!(mint.mint(&recovered(), minutes(60)).unwrap_err(), MintFault::SessionOver);
}

/// RFT-13: whoever still holds an ended session as a value gets no token from it.
#[test]
fn rft_13_a_session_that_has_ended_signs_nothing() {
    let (mint, ring) = (Mint::new(), ring(1));
    let row = session().row(&ring, &SeededRng::new(2));
    let ended = Session::from_row(&ring, &SessionRow { ended_at: Some(minutes(1)), ..row.clone() }).unwrap();
    assert_eq!(mint.mint(&ended, minutes(1)).unwrap_err(), MintFault::SessionOver);
    assert!(mint.mint(&Session::from_row(&ring, &row).unwrap(), minutes(1)).is_ok());
}
