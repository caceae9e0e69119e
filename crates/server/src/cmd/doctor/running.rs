//! What only a running server has seen.

use serde_json::Value;
use tokio::net::UnixStream;

use super::Check;
use crate::client::admin::Admin;
use crate::config::Config;

const SERVER: &str = "Server";
const PROXY: &str = "Proxy";

pub(super) async fn look(config: &Config) -> Vec<Check> {
    let socket = config.admin_socket();
    if UnixStream::connect(&socket).await.is_err() {
        return vec![Check::ok(SERVER, "None answers here; what only a running one has seen is not told.")];
    }
    let asked = async {
        let admin = Admin::open(config.clone()).await?;
        let seen = admin.get("/v1/admin/doctor").await;
        admin.close().await?;
        seen
    };
    match asked.await {
        Ok(seen) => told(&seen),
        Err(error) => vec![Check::failed(SERVER, &error)],
    }
}

fn told(seen: &Value) -> Vec<Check> {
    let mut checks = vec![match seen.get("clock_ready").and_then(Value::as_bool) {
        Some(true) => Check::ok(SERVER, "It runs, and believes its clock."),
        _ => Check::fail(
            SERVER,
            "It runs, but does not believe its clock, and issues nothing.",
            "set the clock; after a wanted correction, restart the server",
        ),
    }];
    if let Some(peer) = seen.get("unasked_proxy").and_then(Value::as_str) {
        checks.push(Check::warn(
            PROXY,
            format!("{peer} forwards addresses of clients, and is not trusted: they all count as {peer}."),
            format!("if it is your proxy, add {peer} to listen.behind"),
        ));
    }
    checks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::State;
    use super::*;

    #[test]
    fn thr_07_a_proxy_that_nobody_named_is_shown_with_what_to_do() {
        let checks = told(&json!({ "clock_ready": true, "unasked_proxy": "10.0.0.7" }));
        assert!(checks.iter().any(|check| check.state == State::Warn
            && check.act.as_deref() == Some("if it is your proxy, add 10.0.0.7 to listen.behind")));
        assert_eq!(told(&json!({ "clock_ready": true, "unasked_proxy": null })).len(), 1);
    }

    #[test]
    fn ops_10_a_clock_that_is_not_believed_is_wrong() {
        assert_eq!(told(&json!({ "clock_ready": false })).first().map(|check| check.state), Some(State::Fail));
    }
}
