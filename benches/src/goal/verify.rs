//! Goal 2: a whole check of an access token against the raw signature check of the same bytes.

use std::collections::HashSet;

use anyhow::{Context, Result, anyhow};
use jsonwebtoken::{Validation, decode};
use poundlock_verify::{Claims, JwkSet, Seconds, Verifier, b64};

use super::crypto::{ALGS, Keys, Mint, signed};
use crate::call::Call;
use crate::report::{Measure, Section, Unit, Wanted};
use crate::rounds::{self, Operation, Plan};
use crate::stats::ratios;
use crate::world::ISSUER;

pub(super) fn measure(call: &Call) -> Result<Section> {
    let plan = Plan { rounds: call.pick(11, 5), slice_millis: call.pick(300, 40) };
    let mint = Mint::new()?;
    let mut measures = Vec::new();
    for alg in ALGS {
        measures.extend(one(plan, &mint, &Keys::make(alg)?)?);
    }
    Ok(Section {
        goal: 2,
        title: "cold check of an access token",
        measures,
        notes: vec![
            "`Verifier::check` of one token that a session minted: split, header, key by `kid`, signature, strict \
             JSON, claims, times. Yardstick: `ParsedPublicKey::verify_sig` of aws-lc-rs over the same bytes."
                .to_owned(),
            "Rates are per second of CPU of one thread. RS256 keys have 3,072 bits. The goal names ES256 and EdDSA."
                .to_owned(),
        ],
    })
}

fn one(plan: Plan, mint: &Mint, keys: &Keys) -> Result<Vec<Measure>> {
    let alg = keys.alg;
    let token = mint.token(keys)?;
    let token = token.reveal().as_str();
    let now = Seconds::new(mint.now.seconds());
    let audience = mint.audience(alg).context("an audience")?;
    let set = JwkSet::from_keys(vec![keys.key.public_jwk().clone()])?;
    let verifier = Verifier::new(ISSUER, audience).with_keys(set);
    let public = keys.public()?;
    let message = signed(token)?.as_bytes();
    let signature =
        token.rsplit_once('.').and_then(|(_, signature)| b64::decode(signature).ok()).context("a signature")?;
    let (validation, decoding) = (validation(keys, audience), keys.decoding()?);
    let ours: Operation<'_> = Box::new(|| Ok(verifier.check(token, now)?.iss.len()));
    let raw: Operation<'_> = Box::new(|| {
        public.verify_sig(message, &signature).map_err(|_| anyhow!("the signature is wrong"))?;
        Ok(signature.len())
    });
    let other: Operation<'_> = Box::new(|| Ok(decode::<Claims>(token, &decoding, &validation)?.claims.iss.len()));
    let rates = rounds::run(plan, &mut [ours, raw, other])?;
    let [ours, raw, other] = rates.as_slice() else { return Err(anyhow!("three operations")) };
    let wanted = if alg == poundlock_verify::Alg::Rs256 { Wanted::Nothing } else { Wanted::AtLeast(0.96) };
    let yardstick = format!("raw {alg} verify");
    Ok(vec![
        Measure::ratio(&format!("{alg} check"), &yardstick, &ratios(ours, raw), Unit::Percent, wanted),
        Measure::ratio(
            &format!("{alg} by jsonwebtoken"),
            &yardstick,
            &ratios(other, raw),
            Unit::Percent,
            Wanted::Nothing,
        ),
        Measure::beside(&format!("{alg} checks per CPU second"), ours, Unit::PerSecond),
    ])
}

fn validation(keys: &Keys, audience: &str) -> Validation {
    let mut validation = Validation::new(keys.algorithm());
    validation.validate_nbf = true;
    validation.iss = Some(HashSet::from([ISSUER.to_owned()]));
    validation.set_audience(&[audience]);
    validation
}
