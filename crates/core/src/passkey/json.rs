//! The values of the library as JSON: what it would send, changed where we ask otherwise, and its states, kept as text.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Refusal;

/// The `publicKey` of what the library would send, with some members set or, by null, left out.
pub(super) fn changed(options: &impl serde::Serialize, changes: &Value) -> Result<Value, Refusal> {
    let mut options = serde_json::to_value(options).map_err(|_| Refusal::Malformed)?;
    let mut public_key = options.get_mut("publicKey").map(Value::take).ok_or(Refusal::Malformed)?;
    if let (Some(members), Some(changes)) = (public_key.as_object_mut(), changes.as_object()) {
        members.extend(changes.clone());
        members.retain(|_, value| !value.is_null());
    }
    Ok(public_key)
}

pub(super) fn text_of(state: &impl serde::Serialize) -> Result<String, Refusal> {
    serde_json::to_string(state).map_err(|_| Refusal::Malformed)
}

pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|_| Refusal::Malformed)
}

pub(super) fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_json::from_value(value).map_err(|_| Refusal::Malformed)
}
