//! `/v1/admin/audit`: the log told, explained, exported and pruned.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use poundlock_core::audit::{Checkpoint, Personal, Record, explain as sentences, utc};
use poundlock_core::id::RecordId;
use poundlock_core::time::Time;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::body::Json;
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::table::{Answered, Answers, Signature, answer_schema};
use super::super::url::{Path, Query};
use crate::app::SharedApp;
use crate::flow::admin::audit::{self as flow, Part, Told};
use crate::journal::Origin;

/// Most records of one answer.
const TAIL_MOST: i64 = 1000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tail {
    #[schemars(range(min = 1, max = TAIL_MOST))]
    limit: Option<i64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prune {
    #[schemars(extend("anyOf" = [{ "format": "date" }, { "format": "date-time" }]))]
    before: String,
}

type Answer = Result<axum::Json<Value>, Problem>;

/// How the log stands: its key, chains, checkpoints, and what no chain holds.
pub(crate) async fn state(State(app): State<SharedApp>, origin: Origin, request: RequestId) -> Answer {
    let state = flow::state(&app, &origin).await.map_err(|refused| Problem::of(refused, &request))?;
    let chains: Vec<Value> = state.chains.iter().map(|head| json!({ "chain": head.chain, "seq": head.seq })).collect();
    let oldest: Vec<Value> = state
        .oldest
        .iter()
        .map(|(told, late)| {
            let event = told.record.as_ref().map(|record| record.event().name());
            let at = told.record.as_ref().map(|record| utc(record.at()));
            json!({ "reference": told.id.to_string(), "event": event, "at": at, "late": late })
        })
        .collect();
    Ok(axum::Json(json!({
        "key": state.key.to_string(),
        "chains": chains,
        "last_checkpoint": state.last.as_ref().map(checkpoint),
        "begins_at": state.cut.as_ref().map(|cut| utc(cut.at())),
        "unlinked": { "count": state.unlinked, "oldest": oldest },
    })))
}

/// The newest records, oldest first.
pub(crate) async fn tail(State(app): State<SharedApp>, request: RequestId, Query(query): Query<Tail>) -> Answer {
    let limit = query.limit.unwrap_or(20);
    if !(1..=TAIL_MOST).contains(&limit) {
        return Err(Problem::bad_request(&request, &format!("limit must be 1 to {TAIL_MOST}")));
    }
    let told = flow::tail(&app, limit).await.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(json!({ "records": told.iter().map(shown).collect::<Vec<_>>() })))
}

/// One record in words.
pub(crate) async fn explain(State(app): State<SharedApp>, request: RequestId, Path(reference): Path<String>) -> Answer {
    let id: RecordId =
        reference.parse().map_err(|bad: poundlock_core::id::BadId| Problem::bad_request(&request, &bad.to_string()))?;
    let told = flow::one(&app, id).await.map_err(|refused| Problem::of(refused, &request))?;
    told.as_ref().map(|told| axum::Json(shown(told))).ok_or_else(|| Problem::not_found(&request))
}

/// Lines of JSON, as they come.
pub(crate) struct Export(Body);

impl IntoResponse for Export {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/x-ndjson")], self.0).into_response()
    }
}

impl Answers for Export {
    fn answers(signature: &mut Signature) {
        let content = Some(("application/x-ndjson", answer_schema::<String>()));
        signature.answers.push(Answered { status: 200, content, says: "One record a line." });
    }
}

/// The whole log, line by line.
pub(crate) async fn export(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
) -> Result<Export, Problem> {
    let lines = flow::export(app, &origin).await.map_err(|refused| Problem::of(refused, &request))?;
    let stream = stream::unfold(lines, |mut lines| async move {
        let line = lines.recv().await?;
        Some((line.map(Bytes::from), lines))
    });
    Ok(Export(Body::from_stream(stream)))
}

/// Removes what is older than a day or a moment.
pub(crate) async fn prune(
    State(app): State<SharedApp>,
    origin: Origin,
    request: RequestId,
    Json(body): Json<Prune>,
) -> Answer {
    let before = moment(&body.before)
        .ok_or_else(|| Problem::bad_request(&request, "before must be a day such as 2026-01-31, or a UTC moment"))?;
    let pruned = flow::prune(&app, before, &origin).await.map_err(|refused| Problem::of(refused, &request))?;
    Ok(axum::Json(json!({
        "records": pruned.records,
        "checkpoint": pruned.checkpoint,
        "begins_at": utc(pruned.begins_at),
    })))
}

/// Reads a day, which begins at midnight UTC, or a moment of RFC 3339.
fn moment(text: &str) -> Option<Time> {
    let timestamp: jiff::Timestamp = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()).ok()?;
    Some(Time::from_millis(timestamp.as_millisecond()))
}

fn checkpoint(checkpoint: &Checkpoint) -> Value {
    json!({ "number": checkpoint.number(), "at": utc(checkpoint.at()), "text": checkpoint.canonical() })
}

/// A record as people and programs read it.
fn shown(told: &Told) -> Value {
    let Some(record) = &told.record else {
        return json!({
            "reference": told.id.to_string(),
            "damaged": true,
            "lines": ["What is stored under this reference is no record any more: run `poundlock audit verify`."],
        });
    };
    let (state, personal) = match &told.personal {
        Part::None => ("none", Value::Null),
        Part::Open(personal) => ("open", opened(personal)),
        Part::Gone => ("erased", Value::Null),
    };
    let mut lines = sentences(record);
    match &told.personal {
        Part::None => {}
        Part::Open(personal) => lines.extend(personal.lines()),
        Part::Gone => lines.push("Name and source can no longer be read: their key was destroyed.".to_owned()),
    }
    let mut shown = fields(record);
    shown.insert("personal_state".to_owned(), state.into());
    shown.insert("personal".to_owned(), personal);
    shown.insert("lines".to_owned(), lines.into());
    Value::Object(shown)
}

fn fields(record: &Record) -> Map<String, Value> {
    let details: Map<String, Value> = record.details().map(|(key, value)| (key.name(), json!(value))).collect();
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("reference", record.id().to_string().into());
    put("at", utc(record.at()).into());
    put("event", record.event().name().into());
    put("owasp", record.owasp().into());
    put("says", record.event().says().into());
    put("outcome", json!(record.outcome()));
    put("node", record.node().as_str().into());
    put("user", json!(record.user().map(|user| user.to_string())));
    put("session", json!(record.session().map(|session| session.to_string())));
    put("client", json!(record.client()));
    put("request", json!(record.request()));
    put("reason", json!(record.reason()));
    put("count", record.count().into());
    put("details", Value::Object(details));
    fields
}

fn opened(personal: &Personal) -> Value {
    json!({ "name": personal.name, "source": personal.source, "agent": personal.agent, "note": personal.note })
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(moment("1970-01-02").map(|time| time.millis()), Some(86_400_000));
        assert_eq!(moment("1970-01-01T01:00:00Z").map(|time| time.millis()), Some(3_600_000));
        for bad in ["", "yesterday", "2026-13-01", "2026-02-30", "2026-01-01T00:00"] {
            assert!(moment(bad).is_none(), "{bad}");
        }
    }
}
