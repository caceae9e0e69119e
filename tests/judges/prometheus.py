"""The Prometheus client's own parser reads what /metrics answers, and finds no secret and no name of a user in it."""

import os
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from _server import PASSWORD, Server, until

os.environ["POUNDLOCK_METRICS__LISTEN"] = "127.0.0.1:0"


def address(server):
    """Where the server says that it shows its metrics."""
    for line in (server.folder / "log").read_text().splitlines():
        if "showing metrics on " in line:
            return line.split("showing metrics on ")[1].split()[0]
    return None


with Server() as server:
    url = until(lambda: address(server))
    server.post("/v1/login", {"name": "ada", "password": "not this one"})
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        text = answer.read().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    kinds = {family.type for family in families.values()}
    assert kinds == {"counter", "gauge", "histogram", "info"}, kinds
    assert len(families) >= 25, sorted(families)
    exemplars = [sample.exemplar for sample in families["poundlock_http_request_seconds"].samples if sample.exemplar]
    assert exemplars and all(exemplar.labels["request"].startswith("req_") for exemplar in exemplars)
    refused = {sample.labels["reason"]: sample.value for sample in families["poundlock_denials"].samples}
    assert refused.get("credentials") == 1.0, refused
    for secret in [PASSWORD, "ada", *[value for value in server.first.values() if isinstance(value, str)]]:
        assert secret not in text or secret == server.issuer, secret
