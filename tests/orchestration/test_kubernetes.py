"""The manifests of orchestration/kubernetes: valid, and what they say agrees with the service that they run."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
from patrons.cli.main import parser
from patrons.cli.scale import TARGETS
from patrons.service.metrics import Metrics
from patrons.service.server import GRACE
from patrons.service.settings import Settings

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "orchestration" / "kubernetes"
SCHEMA = json.loads((Path(__file__).parent / "kubernetes.schema.json").read_text())
RAW = [path for path in sorted((MANIFESTS / "base").glob("*.yaml")) if path.stem != "kustomization"]


def faults(manifest: dict) -> list[str]:
    """What Kubernetes would refuse in a manifest, unknown fields among them."""
    assert manifest["kind"] in SCHEMA["$defs"]
    validator = Draft202012Validator({"$ref": f"#/$defs/{manifest['kind']}", **SCHEMA})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]


def read(name: str) -> dict:
    return yaml.safe_load((MANIFESTS / "base" / f"{name}.yaml").read_text())


DEPLOYMENT, SCALER = read("deployment")["spec"], read("hpa")["spec"]
POD = DEPLOYMENT["template"]["spec"]
[API] = POD["containers"]


@pytest.mark.parametrize("path", RAW, ids=lambda path: path.stem)
def test_a_manifest_is_one_that_kubernetes_takes(path):
    assert faults(yaml.safe_load(path.read_text())) == []


def test_a_field_that_is_misspelt_or_of_another_type_is_found():
    manifest = read("pdb")
    manifest["spec"] |= {"maxUnavailabel": 1, "selector": "patrons-api"}
    assert sorted(fault.partition(":")[0] for fault in faults(manifest)) == ["$.spec", "$.spec.selector"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="not installed: kubectl")
@pytest.mark.parametrize(("overlay", "measures"), [("base", ["Resource"]), ("waiting", ["Resource", "Pods"])])
def test_what_kustomize_makes_is_valid_and_has_the_keys_of_the_file(overlay, measures, tmp_path):
    shutil.copytree(MANIFESTS, tmp_path / "kubernetes")
    (tmp_path / "kubernetes" / "base" / "secrets" / "keys.json").write_text("{}")
    command = ["kubectl", "kustomize", str(tmp_path / "kubernetes" / overlay)]
    made = list(yaml.safe_load_all(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    assert [fault for manifest in made for fault in faults(manifest)] == []
    by_kind = {manifest["kind"]: manifest for manifest in made}
    assert len(by_kind) == len(made) == len(RAW) + 1
    assert by_kind["Secret"]["data"] == {"keys.json": "e30="}  # {} in base64
    assert by_kind["Secret"]["metadata"]["name"] == "patrons-keys"  # as the pods have it
    assert {one["metadata"].get("namespace", one["metadata"]["name"]) for one in made} == {"patrons"}
    assert [one["type"] for one in by_kind["HorizontalPodAutoscaler"]["spec"]["metrics"]] == measures
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert by_kind["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] == f"patrons:{version}"


def test_service_budget_policy_and_spread_are_of_the_pods_that_the_deployment_makes():
    labels = DEPLOYMENT["template"]["metadata"]["labels"]
    spread = [one["labelSelector"]["matchLabels"] for one in POD["topologySpreadConstraints"]]
    budget, policy = read("pdb")["spec"]["selector"], read("network-policy")["spec"]["podSelector"]
    selected = [read("service")["spec"]["selector"], budget["matchLabels"], policy["matchLabels"], *spread]
    assert [DEPLOYMENT["selector"]["matchLabels"], *selected] == [labels] * 6
    assert SCALER["scaleTargetRef"]["name"] == read("deployment")["metadata"]["name"]
    assert "replicas" not in DEPLOYMENT  # or each apply would undo the autoscaler


def test_a_replica_has_time_to_drain_and_to_finish_what_runs():
    [drain] = [float(one["value"]) for one in API["env"] if one["name"] == "PATRONS_API_DRAIN"]
    before, ready = API["lifecycle"]["preStop"]["sleep"]["seconds"], API["readinessProbe"]
    longest = before + drain + 2 * Settings.timeout + GRACE  # a body, its answer, and the connection
    assert POD["terminationGracePeriodSeconds"] > longest
    assert drain > ready["failureThreshold"] * (ready["periodSeconds"] + ready["timeoutSeconds"])


def test_probes_ask_what_the_service_answers_and_a_busy_replica_is_not_killed():
    paths = {name: API[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    assert paths == {"startup": "/health/ready", "readiness": "/health/ready", "liveness": "/health/live"}
    served = (ROOT / "serving" / "api.py").read_text()
    assert all(f'"{path}"' in served for path in paths.values())
    assert API["livenessProbe"]["failureThreshold"] * API["livenessProbe"]["periodSeconds"] == 60


def test_the_autoscaler_has_the_targets_and_the_calm_of_patrons_scale():
    [measure] = SCALER["metrics"]
    share = measure["resource"]["target"]["averageUtilization"] / 100
    assert share * float(API["resources"]["requests"]["cpu"]) == TARGETS["cores"]
    overlay = yaml.safe_load((MANIFESTS / "waiting" / "kustomization.yaml").read_text())
    [added] = yaml.safe_load(overlay["patches"][0]["patch"])
    pods = added["value"]["pods"]
    assert float(pods["target"]["averageValue"]) == TARGETS["requests"] == Settings.running
    assert f"\n{pods['metric']['name']} 0.0\n" in Metrics().text()
    calm = parser().parse_args(["scale", "blue", "--", "api"]).calm
    assert SCALER["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == calm


def test_a_replica_has_no_rights_and_only_its_releases_and_keys_to_read():
    own, pod = API["securityContext"], POD["securityContext"]
    assert (pod["runAsNonRoot"], pod["runAsUser"], POD["automountServiceAccountToken"]) == (True, 10001, False)
    assert "USER 10001" in (ROOT / "serving" / "Dockerfile").read_text()
    assert (own["readOnlyRootFilesystem"], own["allowPrivilegeEscalation"]) == (True, False)
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert {one["mountPath"]: one.get("readOnly", False) for one in API["volumeMounts"]} == {
        "/srv/releases": True,
        "/srv/keys": True,
        "/tmp": False,
    }
    assert API["resources"].keys() == {"requests", "limits"}
    assert read("network-policy")["spec"]["egress"] == []


def test_no_secret_is_in_git():
    ignored = (ROOT / ".gitignore").read_text()
    assert "orchestration/kubernetes/base/secrets/*" in ignored
    texts = "".join(path.read_text() for path in MANIFESTS.rglob("*.yaml"))
    assert re.findall(r"pk_[0-9a-f]{8}|stringData|password", texts) == []
