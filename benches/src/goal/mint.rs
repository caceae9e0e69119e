//! Goal 3: a whole access token against the raw signature over as many bytes.

use anyhow::{Context, Result, anyhow};
use jsonwebtoken::{Header, encode};
use poundlock_core::jws::Alg;
use poundlock_verify::{Claims, b64};

use super::crypto::{ALGS, Keys, Mint, library_random, signed};
use crate::call::Call;
use crate::report::{Measure, Section, Unit, Wanted};
use crate::rounds::{self, Operation, Plan};
use crate::stats::ratios;

pub(super) fn measure(call: &Call) -> Result<Section> {
    let plan = Plan { rounds: call.pick(11, 5), slice_millis: call.pick(300, 40) };
    let mint = Mint::new()?;
    let mut measures = Vec::new();
    for alg in ALGS {
        measures.extend(one(plan, &mint, &Keys::make(alg)?)?);
    }
    Ok(Section {
        goal: 3,
        title: "minting an access token",
        measures,
        notes: vec![
            "`Session::access_token` of an open session: event, `jti`, claims to JSON, base64, signature. Yardstick: \
             the bare signature of aws-lc-rs over the signed bytes of such a token."
                .to_owned(),
            "Rates are per second of CPU of one thread. RS256 keys have 3,072 bits, since no other size is made."
                .to_owned(),
        ],
    })
}

fn one(plan: Plan, mint: &Mint, keys: &Keys) -> Result<Vec<Measure>> {
    let alg = keys.alg;
    let token = mint.token(keys)?;
    let message = signed(token.reveal())?.as_bytes();
    let payload = token.reveal().split('.').nth(1).and_then(|part| b64::decode(part).ok()).context("a payload")?;
    let claims: Claims = serde_json::from_slice(&payload)?;
    let header = Header {
        typ: Some("at+jwt".to_owned()),
        kid: Some(keys.key.kid().to_owned()),
        ..Header::new(keys.algorithm())
    };
    let (encoding, rng) = (keys.encoding()?, library_random());
    let ours: Operation<'_> = Box::new(|| Ok(mint.token(keys)?.reveal().len()));
    let raw: Operation<'_> = Box::new(|| keys.sign(&rng, message));
    let other: Operation<'_> = Box::new(|| Ok(encode(&header, &claims, &encoding)?.len()));
    let rates = rounds::run(plan, &mut [ours, raw, other])?;
    let [ours, raw, other] = rates.as_slice() else { return Err(anyhow!("three operations")) };
    let wanted = match alg {
        Alg::Es256 => Wanted::AtLeast(0.92),
        Alg::Rs256 => Wanted::AtLeast(0.97),
        Alg::EdDsa => Wanted::Nothing,
    };
    let yardstick = format!("raw {alg} sign");
    let beside = Wanted::Nothing;
    Ok(vec![
        Measure::ratio(&format!("{alg} mint"), &yardstick, &ratios(ours, raw), Unit::Percent, wanted),
        Measure::ratio(&format!("{alg} by jsonwebtoken"), &yardstick, &ratios(other, raw), Unit::Percent, beside),
        Measure::beside(&format!("{alg} tokens per CPU second"), ours, Unit::PerSecond),
    ])
}
