//! What the types of a handler tell of its route: the body and query it reads, whether it wants a token, what it answers.

use axum::extract::State;
use axum::http::HeaderMap;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::super::body::Json;
use super::super::edge::request_id::RequestId;
use super::super::error::Problem;
use super::super::error::words::{self, Words};
use super::super::url::{Path, Query};
use crate::app::SharedApp;
use crate::flow::session::Caller;
use crate::journal::Origin;

/// A JSON Schema and the name it has in the document.
pub(crate) struct Schema {
    pub(crate) name: String,
    pub(crate) schema: Value,
}

/// One way in which a route answers a request that it does not refuse.
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// Content type and form; none where there is no body.
    pub(crate) content: Option<(&'static str, Schema)>,
    pub(crate) says: &'static str,
}

/// What is known of a route from its handler's types.
#[derive(Default)]
pub(crate) struct Signature {
    pub(crate) body: Option<Schema>,
    /// Whether the body may be left out.
    pub(crate) is_body_optional: bool,
    /// Whether a body proves what the token would.
    pub(crate) is_token_optional: bool,
    /// Whether the body is a form of parameters that the standards name.
    pub(crate) is_form: bool,
    pub(crate) query: Option<Schema>,
    pub(crate) is_bearer: bool,
    pub(crate) answers: Vec<Answered>,
    pub(crate) problems: Vec<Words>,
}

/// An argument of a handler.
pub(crate) trait Takes {
    fn takes(signature: &mut Signature);
}

/// What a handler returns.
pub(crate) trait Answers {
    fn answers(signature: &mut Signature);
}

/// A handler, by its types.
pub(crate) trait Described<T> {
    fn describe(signature: &mut Signature);
}

macro_rules! described {
    ($($argument:ident)*) => {
        impl<F, Future, Answer, $($argument,)*> Described<($($argument,)*)> for F
        where
            F: FnOnce($($argument,)*) -> Future,
            Future: std::future::Future<Output = Answer>,
            Answer: Answers,
            $($argument: Takes,)*
        {
            fn describe(signature: &mut Signature) {
                $($argument::takes(signature);)*
                Answer::answers(signature);
            }
        }
    };
}

described!();
described!(A);
described!(A B);
described!(A B C);
described!(A B C D);
described!(A B C D E);
described!(A B C D E G);

/// These tell nothing of the route: every request has them.
macro_rules! untold {
    ($($argument:ty),*) => {
        $(impl Takes for $argument {
            fn takes(_: &mut Signature) {}
        })*
    };
}

untold!(State<SharedApp>, Origin, RequestId, HeaderMap);

impl<A: Takes, B: Takes> Takes for (A, B) {
    fn takes(signature: &mut Signature) {
        A::takes(signature);
        B::takes(signature);
    }
}

impl Takes for Caller {
    fn takes(signature: &mut Signature) {
        signature.is_bearer = true;
        signature.problems.push(words::UNAUTHENTICATED);
    }
}

impl<T> Takes for Path<T> {
    fn takes(signature: &mut Signature) {
        signature.problems.extend([words::BAD_REQUEST, words::NOT_FOUND]);
    }
}

impl<T: JsonSchema> Takes for Query<T> {
    fn takes(signature: &mut Signature) {
        signature.query = Some(request_schema::<T>());
        signature.problems.push(words::BAD_REQUEST);
    }
}

impl<T: JsonSchema> Takes for Json<T> {
    fn takes(signature: &mut Signature) {
        signature.body = Some(request_schema::<T>());
        signature.problems.extend([words::BAD_REQUEST, words::CONTENT_TYPE, words::TOO_LARGE, words::SLOW]);
    }
}

impl<T: JsonSchema> Answers for axum::Json<T> {
    fn answers(signature: &mut Signature) {
        let content = Some(("application/json", answer_schema::<T>()));
        signature.answers.push(Answered { status: 200, content, says: "Done." });
    }
}

impl<T: Answers> Answers for Result<T, Problem> {
    fn answers(signature: &mut Signature) {
        T::answers(signature);
        signature.problems.extend([words::INTERNAL, words::UNAVAILABLE, words::CLOCK]);
    }
}

fn request_schema<T: JsonSchema>() -> Schema {
    schema::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// The form of what is answered.
pub(crate) fn answer_schema<T: JsonSchema>() -> Schema {
    schema::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn schema<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("title");
    }
    let full = std::any::type_name::<T>();
    Schema { name: full.split_once("::http::").map_or(full, |(_, name)| name).replace("::", "."), schema }
}
