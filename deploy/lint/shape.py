"""What must be true of the compose file, the chart and the image, told from their text alone: no tool that renders a
chart, and no daemon that builds an image, can be reached in every place where this runs."""

import re
import sys
from pathlib import Path

import yaml

DEPLOY = Path(__file__).resolve().parent.parent
FAULTS = []


def must(holds, what):
    if not holds:
        FAULTS.append(what)


def enough(grace, stopping=0):
    """What docs/nodes.md asks for: more than the announcement and twice drain_seconds, of which the default is 10."""
    return grace > stopping + 2 * 10


def unit():
    text = (DEPLOY / "systemd/poundlock.service").read_text()
    must(enough(int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.M)[1])), "unit: killed while it ends")


def compose():
    file = yaml.safe_load((DEPLOY / "compose/compose.yml").read_text())
    for name, service in file["services"].items():
        must(service.get("read_only") is True, f"compose: {name} writes to its root")
        must(service.get("cap_drop") == ["ALL"], f"compose: {name} keeps capabilities")
        must("no-new-privileges:true" in service.get("security_opt", []), f"compose: {name} may gain privileges")
        must(not service.get("privileged"), f"compose: {name} is privileged")
        for secret in service.get("secrets", []):
            must(secret in file["secrets"], f"compose: {name} uses the secret {secret}, which is not there")
        for network in service.get("networks", []):
            must(network in file["networks"], f"compose: {name} uses the network {network}, which is not there")
        for volume in service.get("volumes", []):
            must(volume.split(":")[0] in file["volumes"], f"compose: {name} uses the volume {volume}")
        for port in service.get("ports", []):
            must(port.startswith("127.0.0.1:"), f"compose: {name} is open to other machines at {port}")
    ours = file["services"]["poundlock"]
    must(enough(int(ours["stop_grace_period"].removesuffix("s"))), "compose: killed while it ends")
    must("cap_add" not in ours, "compose: poundlock has capabilities")
    for name in ours["environment"]:
        secret = any(word in name for word in ("PASSWORD", "URL", "MASTER_KEY"))
        must(not secret or name.endswith("_FILE"), f"compose: {name} holds a secret in a variable")


def image():
    lines = (DEPLOY / "docker/Dockerfile").read_text().splitlines()
    last = [line for line in lines if line.startswith("USER ")][-1]
    must(last == "USER 65532:65532", f"Dockerfile: it runs as {last}")
    must(any(line.startswith("HEALTHCHECK ") for line in lines), "Dockerfile: no health check")
    must(all(":latest" not in line for line in lines), "Dockerfile: a base image without a version")


def chart():
    folder = DEPLOY / "helm/poundlock"
    values = yaml.safe_load((folder / "values.yaml").read_text())
    defined = set(re.findall(r'define "([^"]+)"', (folder / "templates/_names.tpl").read_text()))
    kinds = {}
    for path in sorted((folder / "templates").glob("*.yaml")):
        text, where = path.read_text(), f"chart: {path.name}"
        must(text.count("{{") == text.count("}}"), f"{where}: braces do not match")
        actions = re.findall(r"{{-?\s*(.*?)\s*-?}}", text)
        opened = sum(bool(re.match(r"(if|range|with|define)\b", action)) for action in actions)
        must(opened == actions.count("end"), f"{where}: {opened} blocks, {actions.count('end')} ends")
        for action in actions:
            for name in re.findall(r'include "([^"]+)"', action):
                must(name in defined, f"{where}: {name} is not defined")
            for dotted in re.findall(r"\.Values\.([A-Za-z.]+)", action):
                found = values
                for part in dotted.split("."):
                    found = found.get(part) if isinstance(found, dict) else None
                must(found is not None, f"{where}: {dotted} is not in values.yaml")
        kinds |= {one["kind"]: one for one in filled(text) if one}
    deployment(kinds.get("Deployment"))
    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
        must(kind in kinds, f"chart: no {kind}")


def filled(text):
    """The template with a plain value for each action: YAML, though not the one that Helm would make."""
    lines = []
    skip = False
    for line in text.splitlines():
        bare = line.strip()
        if re.fullmatch(r"{{-?\s*else\b.*}}", bare):
            skip = True
        elif re.fullmatch(r"{{-?\s*end\s*-?}}", bare):
            skip = False
        elif skip or re.fullmatch(r"{{-?\s*(if|range|with)\b.*}}", bare):
            continue
        elif re.fullmatch(r"{{-.*nindent.*}}", bare):
            lines.append(line[: len(line) - len(line.lstrip())] + "filled: in")
        else:
            lines.append(re.sub(r"{{.*?}}", "filled", line))
    return list(yaml.safe_load_all("\n".join(lines)))


def deployment(one):
    must(one is not None, "chart: no Deployment")
    if one is None:
        return
    pod = one["spec"]["template"]["spec"]
    must(pod["automountServiceAccountToken"] is False, "chart: pods hold a token of the cluster")
    stopping = re.search(r'STOPPING_SECONDS\n\s+value: "(\d+)"', (DEPLOY / "helm/poundlock/templates/deployment.yaml").read_text())
    must(stopping is not None, "chart: a pod closes its doors before its balancer knows")
    must(enough(pod["terminationGracePeriodSeconds"], int(stopping[1]) if stopping else 0), "chart: killed while it ends")
    must(pod["securityContext"]["runAsUser"] == 65532, "chart: another user than 65532")
    must(pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault", "chart: no seccomp profile")
    for container in pod["containers"]:
        context = container["securityContext"]
        must(context["readOnlyRootFilesystem"] is True, "chart: a writable root")
        must(context["allowPrivilegeEscalation"] is False, "chart: privileges may be gained")
        must(context["capabilities"]["drop"] == ["ALL"], "chart: capabilities are kept")
        must({"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys(), "chart: a probe is missing")
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        must(mounted == {volume["name"] for volume in pod["volumes"]}, "chart: mounts and volumes differ")


for check in (unit, compose, image, chart):
    check()
for fault in FAULTS:
    print(fault)
sys.exit(bool(FAULTS))
