//! The pages for people: forms in, pages and redirects out, by the same flows as the API. Decides nothing.
//!
//! Every POST ends in 303 to a page (so that reload and the back button send nothing again), or in a page that says what
//! went wrong and has a way on. Every form goes through [`form::Form`], which is the only way to read one and checks where
//! it comes from.

pub(crate) mod account;
pub(crate) mod assets;
pub(crate) mod browser;
pub(crate) mod change;
pub(crate) mod error;
pub(crate) mod form;
pub(crate) mod grants;
pub(crate) mod invite;
pub(crate) mod login;
pub(crate) mod passkey;
pub(crate) mod said;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod step_up;

use super::oidc::{authorize, logout};
use super::table::Table;
use crate::page::url;

/// Every page. They are no part of the API document: programs use the API.
pub(crate) fn table(table: Table) -> Table {
    table
        .get_page("/", account::home)
        .get_page(url::SIGN_IN, sign_in::show)
        .post_page(url::SIGN_IN, sign_in::begin)
        .post_page(url::SIGN_IN_PASSKEY, passkey::sign_in)
        .post_page("/sign-in/passkey/options", passkey::ask)
        .get_page("/sign-in/{login}", login::show)
        .post_page("/sign-in/{login}", login::choose)
        .post_page("/sign-in/{login}/totp", login::totp)
        .post_page("/sign-in/{login}/recovery-code", login::recovery)
        .get_page("/sign-in/{login}/passkey", passkey::show)
        .post_page("/sign-in/{login}/passkey", passkey::within)
        .post_page("/sign-in/{login}/passkey/options", passkey::ask_within)
        .get_page(url::INVITE, invite::show)
        .post_page(url::INVITE, invite::accept)
        .get_page(url::SIGN_OUT, sign_out::show)
        .post_page(url::SIGN_OUT, sign_out::end)
        .get_page(url::SIGNED_OUT, sign_out::done)
        .get_page(url::ACCOUNT, account::show)
        .post_page("/account/sessions/{id}/end", account::end_session)
        .post_page("/account/sessions/end-others", account::end_others)
        .post_page("/account/devices/{id}/forget", account::forget_device)
        .post_page("/account/grants/{client}/withdraw", grants::withdraw)
        .post_page(url::ACCOUNT_PASSWORD, change::password)
        .get_page(url::ACCOUNT_PASSWORD_NEW, change::new_password)
        .post_page(url::ACCOUNT_PASSWORD_NEW, change::set_password)
        .post_page(url::ACCOUNT_FACTORS, change::add_factor)
        .get_page("/account/factors/{id}/name", change::new_name)
        .post_page("/account/factors/{id}/name", change::rename_factor)
        .post_page("/account/factors/{id}/remove", change::remove_factor)
        .get_page(url::ACCOUNT_CODES, change::codes)
        .post_page(url::ACCOUNT_CODES, change::new_codes)
        .post_page(url::ACCOUNT_CODES_SAVED, change::codes_saved)
        .get_page(url::ACCOUNT_STEP_UP, step_up::show)
        .post_page(url::ACCOUNT_STEP_UP, step_up::begin)
        .post_page("/account/step-up/passkey", passkey::change)
        .post_page("/account/step-up/passkey/options", passkey::ask_change)
        .get_page("/oauth/authorize", authorize::begin)
        .post_page("/oauth/authorize", authorize::begin)
        .get_page(url::AUTHORIZE_CONTINUE, authorize::resume)
        .post_page(url::AUTHORIZE_CONSENT, authorize::consent)
        .get_page("/oidc/logout", logout::begin)
        .post_page("/oidc/logout", logout::begin)
        .get_page("/assets/{name}", assets::file)
}
