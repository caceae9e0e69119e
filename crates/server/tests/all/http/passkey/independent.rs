//! An authenticator and a browser that others wrote: what they send is taken as it is.

use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use poundlock::testing::TestApp;
use poundlock_store::on_both;
use serde_json::{Value, json};

use super::{options, prove};
use crate::http::behind::{ISSUER, claims};

struct Consents;

#[async_trait::async_trait]
impl UserValidationMethod for Consents {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

on_both! {
    async fn wan_26_an_independent_authenticator_enrols_and_logs_in(store) {
        let app = TestApp::on(&store).await;
        let invite = app.admin(http::Method::POST, "/v1/admin/invites", Some(&json!({ "name": "eve", "groups": [] }))).await.ok();
        let accept = json!({ "invite": invite["invite"], "password": "quite unguessable eve phrase" });
        let login = app.post("/v1/invite/accept", &accept).await.ok()["login"].clone();
        let offered = app.post("/v1/login/enrol/passkey", &json!({ "login": login })).await.ok();
        let store_of_keys: Option<Passkey> = None;
        let authenticator = Authenticator::new(Aaguid::new_empty(), store_of_keys, Consents, passkey::crypto::aws_lc_rs::AwsLcRsBackend);
        let mut client = Client::new(authenticator).allows_insecure_localhost(true);
        let origin = url::Url::parse(ISSUER).unwrap();
        let wanted: CredentialCreationOptions = serde_json::from_value(json!({ "publicKey": offered["publicKey"] })).unwrap();
        let made = client.register(&origin, wanted, DefaultClientData).await.unwrap();
        let body = json!({ "login": login, "credential": serde_json::to_value(&made).unwrap() });
        let tokens = app.post("/v1/login/enrol/passkey/confirm", &body).await.ok();
        assert_eq!(claims(&tokens)["acr"], "phr");
        for _ in 0..2 {
            let asked = options(&app, None).await.ok();
            let wanted: CredentialRequestOptions = serde_json::from_value(json!({ "publicKey": asked["publicKey"] })).unwrap();
            let answer = client.authenticate(&origin, wanted, DefaultClientData).await.unwrap();
            let credential: Value = serde_json::to_value(&answer).unwrap();
            let tokens = prove(&app, &asked["login"], &credential).await.ok();
            assert_eq!(claims(&tokens)["acr"], "phr");
        }
    }
}
