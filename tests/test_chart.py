"""The Helm chart: whatever values are given, a cluster takes what comes of it and the portal starts in it, or helm
says at once what is wrong."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.chart import CHART, KUBERNETES, LEAST, ROOT, Refused, Rendered, helm, merged, rendered
from tests.chart_values import MATRIX, ON, PEER, S3, SCALED
from tests.services import program

pytestmark = [
    pytest.mark.only("single"),
    pytest.mark.skipif(not Path(program("helm")).exists(), reason="there is no helm for this machine"),
]

COMPONENTS = {"web", "live", "worker", "beat", "migrate"}


@pytest.fixture(scope="module", params=MATRIX, ids=list(MATRIX))
def chart(request: pytest.FixtureRequest) -> Rendered:
    return rendered(MATRIX[request.param])


def test_a_cluster_takes_it(chart: Rendered) -> None:
    for resource in chart.resources:
        # Which it does not know: it comes with the Prometheus operator.
        if resource["kind"] != "ServiceMonitor":
            kubernetes_validate.validate(resource, KUBERNETES, strict=True)


def test_a_cluster_does_not_take_anything() -> None:
    [deployment, *_] = rendered().of("Deployment").values()
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate({**deployment, "spec": {**deployment["spec"], "replica": 1}}, KUBERNETES, True)


def test_names_are_given_once(chart: Rendered) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in chart.resources]
    assert len(names) == len(set(names))
    assert all(len(name) <= 63 for _, name in names)


def test_no_pod_has_rights_or_writes_anywhere_but_in_its_volumes(chart: Rendered) -> None:
    pods = dict(chart.pods())
    assert set(pods) == COMPONENTS
    for pod in pods.values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        mounted = {one["name"] for one in pod["volumes"]}
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {one["name"] for one in container["volumeMounts"]} == mounted
            assert {"/tmp", "/data"} <= {one["mountPath"] for one in container["volumeMounts"]}
            assert set(container["resources"]) == {"requests", "limits"}


def test_every_process_is_probed_where_it_answers(chart: Rendered) -> None:
    for name, deployment in chart.of("Deployment").items():
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        [port] = container["ports"]
        variable = {"web": "PORT", "live": "SORTIE_LIVE_PORT"}.get(name, "SORTIE_PROBE_PORT")
        listens = {"PORT": "8000", "SORTIE_LIVE_PORT": "8001", **chart.environment(name)}
        assert str(port["containerPort"]) == listens[variable]
        probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
        assert {probe["port"] for probe in probes.values()} == {port["name"]}
        assert probes["liveness"]["path"] == probes["startup"]["path"] == "/healthz"
        assert probes["readiness"]["path"].startswith("/readyz?")


# Django's checks of each environment, each in a child of a process that has loaded the libraries.
CHECKS = """
import json, os, sys
import django
from django.conf import settings
from django.core import checks
from django.utils.functional import empty

environments = json.load(sys.stdin)
os.environ.update(environments[0], DJANGO_SETTINGS_MODULE="sortie.settings")
django.setup()
for variables in environments:
    if os.fork() == 0:
        for name in environments[0]:
            os.environ.pop(name)
        os.environ.update(variables)
        del sys.modules["sortie.settings"]
        settings._wrapped = empty
        print(json.dumps([str(found) for found in checks.run_checks()]), flush=True)
        os._exit(0)
    if os.wait()[1]:
        print(json.dumps(["It does not start."]), flush=True)
"""


def test_every_process_is_told_the_same(chart: Rendered) -> None:
    """So that what is found of the job's environment, which has the first admin besides, is true of all."""
    told = chart.environment("migrate").items()
    admin = {"SORTIE_ADMIN_USERNAME", "SORTIE_ADMIN_PASSWORD"}
    for name in COMPONENTS - {"migrate"}:
        assert {variable for variable, _ in told ^ chart.environment(name).items()} <= admin


def test_the_portal_starts_in_every_environment(tmp_path: Path) -> None:
    """Django's checks, in each of those that come of the matrix; what is written to is somewhere else here."""
    told = [rendered(values).environment("migrate") for values in MATRIX.values()]
    kept = tmp_path / "kept"
    kept.mkdir()
    here = {"SORTIE_DATA": str(tmp_path), "SORTIE_RECORDING_STORAGE_PATH": str(kept)}
    environments = sorted({json.dumps({**variables, **here}, sort_keys=True) for variables in told})
    wrong = json.dumps({**told[0], **here, "SORTIE_RECORDING_MAX_SIZE_MB": "many"})
    found = checked([*environments, wrong])
    assert found == [*([[]] * len(environments)), ["It does not start."]]
    assert len(environments) > 5


def checked(environments: list[str]) -> list[list[str]]:
    """What Django has to say about each."""
    done = subprocess.run(
        [sys.executable, "-c", CHECKS],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        input=f"[{','.join(environments)}]",
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_where_it_is_told_to_write_it_may(chart: Rendered) -> None:
    for name, pod in chart.pods():
        variables = chart.environment(name)
        if variables["SORTIE_RECORDING_STORAGE_BACKEND"] == "local":
            mounts = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]]
            path = f"{variables['SORTIE_RECORDING_STORAGE_PATH']}/"
            assert any(path.startswith(f"{mount}/") for mount in mounts)


def test_services_lead_to_pods(chart: Rendered) -> None:
    for name, service in chart.of("Service").items():
        template = chart.of("Deployment")[name]["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        [port] = service["spec"]["ports"]
        assert port["targetPort"] in {one["name"] for one in template["spec"]["containers"][0]["ports"]}


# --- What follows from values -------------------------------------------------------------------------------------


def test_the_values_of_recordings_are_those_of_the_contract() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())["recording"]
    references = {"existingSecret"}
    assert set(values) == {"enabled", "storageBackend", "storagePath", "maxSizeMB", "retentionDays", "s3"}
    assert set(values["s3"]) - references == {"bucket", "region", "endpoint", "prefix"}
    told = rendered(
        {
            "recording": {
                "enabled": True,
                "storageBackend": "s3",
                "storagePath": "/data/kept",
                "maxSizeMB": 1500,
                "retentionDays": 30,
                "s3": {"bucket": "b", "region": "eu-1", "endpoint": "https://s3.example", "prefix": "p/"},
            }
        }
    ).environment("web")
    assert {
        name: value for name, value in told.items() if name.startswith(("SORTIE_RECORDING", "SORTIE_VIDEO"))
    } == {
        "SORTIE_VIDEO_RECORDING_ENABLED": "true",
        "SORTIE_RECORDING_STORAGE_BACKEND": "s3",
        "SORTIE_RECORDING_STORAGE_PATH": "/data/kept",
        "SORTIE_RECORDING_MAX_SIZE_MB": "1500",
        "SORTIE_RECORDING_RETENTION_DAYS": "30",
        "SORTIE_RECORDING_S3_BUCKET": "b",
        "SORTIE_RECORDING_S3_REGION": "eu-1",
        "SORTIE_RECORDING_S3_ENDPOINT": "https://s3.example",
        "SORTIE_RECORDING_S3_PREFIX": "p/",
    }


def test_the_defaults_are_those_of_the_portal() -> None:
    told = rendered().environment("web")
    readme = (ROOT / "README.md").read_text()
    for name in ("VIDEO_RECORDING_ENABLED", "RECORDING_STORAGE_BACKEND", "RECORDING_STORAGE_PATH"):
        assert f"| `SORTIE_{name}` | `{told[f'SORTIE_{name}']}` |" in readme
    for name in ("MAX_SIZE_MB", "RETENTION_DAYS", "S3_REGION", "S3_PREFIX"):
        assert f"| `SORTIE_RECORDING_{name}` | `{told[f'SORTIE_RECORDING_{name}']}` |" in readme


def test_secrets_are_only_named() -> None:
    chart = rendered(MATRIX["everything said"])
    assert chart.of("Secret") == {}
    for _, container in chart.containers():
        for variable in container["env"]:
            if re.search("SECRET|PASSWORD|TOKEN|_URL$|_KEY", variable["name"]):
                assert "secretKeyRef" in variable["valueFrom"], variable["name"]


def test_the_ingress_lets_the_largest_recording_and_websockets_through() -> None:
    [ingress] = rendered({"recording": {"maxSizeMB": 2000}}).of("Ingress").values()
    annotations = ingress["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == "2001m"
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) >= 3600
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    assert [(one["path"], one["backend"]["service"]["name"]) for one in paths] == [
        ("/live/", "portal-sortie-live"),
        ("/mcp", "portal-sortie-live"),
        ("/", "portal-sortie-web"),
    ]
    said = rendered(MATRIX["everything said"]).of("Ingress")
    assert said["portal-sortie"]["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"] == "2g"


def claims(chart: Rendered, component: str) -> list[str]:
    volumes = dict(chart.pods())[component]["volumes"]
    return [one["persistentVolumeClaim"]["claimName"] for one in volumes if "persistentVolumeClaim" in one]


@pytest.mark.parametrize(
    ("case", "claim"),
    [
        ("local", "portal-sortie-data"),
        ("an existing claim", "recordings"),
        ("s3, staged on disk", "portal-sortie-data"),
        ("s3", None),
    ],
)
def test_who_reads_recordings_shares_the_volume_and_nobody_else_has_it(case: str, claim: str | None) -> None:
    chart = rendered(MATRIX[case])
    wanted = [claim] if claim else []
    assert claims(chart, "web") == claims(chart, "worker") == claims(chart, "live") == wanted
    assert claims(chart, "beat") == claims(chart, "migrate") == []
    made = chart.of("PersistentVolumeClaim")
    assert list(made) == ([claim] if claim == "portal-sortie-data" else [])
    assert all(one["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"} for one in made.values())


def test_a_volume_for_one_node_keeps_its_pods_on_one_node() -> None:
    deployments = rendered(ON).of("Deployment")
    for name in ("web", "live", "worker"):
        spec = deployments[name]["spec"]
        assert spec["strategy"] == {"type": "Recreate"}
        [term] = spec["template"]["spec"]["affinity"]["podAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        assert term["labelSelector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    assert "podAffinity" not in deployments["beat"]["spec"]["template"]["spec"]["affinity"]


def test_there_is_one_beat_whatever_happens() -> None:
    for case in MATRIX.values():
        spec = rendered(case).of("Deployment")["beat"]["spec"]
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
        break


def test_what_is_scaled_has_no_fixed_number() -> None:
    chart = rendered(MATRIX["scaled"])
    assert set(chart.of("HorizontalPodAutoscaler")) == {"web", "live", "worker"}
    assert all("replicas" not in chart.of("Deployment")[name]["spec"] for name in ("web", "live", "worker"))


def test_migrations_run_again_when_they_may_be_others() -> None:
    def name(*values: dict[str, Any]) -> str:
        [job] = rendered(*values).of("Job").values()
        return str(job["metadata"]["name"])

    assert name() == name({"web": {"podAnnotations": {"team": "audit"}}})
    assert name() != name({"image": {"tag": "2"}})


def test_prometheus_shows_its_token_and_strangers_are_kept_out() -> None:
    chart = rendered(MATRIX["watched and fenced"])
    monitor = chart.of("ServiceMonitor")["portal-sortie"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    ports = {one["port"] for one in monitor["spec"]["endpoints"]}
    assert ports == {port["name"] for service in chart.of("Service").values() for port in service["spec"]["ports"]}
    for endpoint in monitor["spec"]["endpoints"]:
        assert endpoint["authorization"]["credentials"] == {"name": "sortie", "key": "SORTIE_METRICS_TOKEN"}
    policies = chart.of("NetworkPolicy")
    assert set(policies) == COMPONENTS
    assert policies["worker"]["spec"]["ingress"] == [{"ports": [{"port": "probes"}], "from": [PEER]}]
    assert policies["migrate"]["spec"]["ingress"] == []
    assert policies["live"]["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_grafana_is_given_the_dashboard() -> None:
    assert rendered().of("ConfigMap") == {}
    [given] = rendered(MATRIX["watched and fenced"]).of("ConfigMap").values()
    assert given["metadata"]["labels"].items() >= {("grafana_dashboard", "1"), ("folder", "operations")}
    dashboard = (CHART / "dashboards" / "sortie.json").read_text()
    assert json.loads(given["data"]["sortie.json"]) == json.loads(dashboard)


# --- What is refused ----------------------------------------------------------------------------------------------

BAD: list[tuple[dict[str, Any], str]] = [
    (merged(ON, {"web": {"replicas": 2}}), "several web pods need persistence.accessModes to have ReadWriteMany"),
    (merged(ON, {"web": SCALED["web"]}), "several web pods need persistence.accessModes to have ReadWriteMany"),
    (
        merged(MATRIX["s3, staged on disk"], {"web": {"replicas": 2}}),
        "several web pods need persistence.accessModes to have ReadWriteMany",
    ),
    (merged(ON, {"persistence": {"accessModes": ["ReadWriteOncePod"]}}), "ReadWriteOncePod cannot work"),
    ({"recording": {"storageBackend": "s3"}}, "recording.s3.bucket: name the bucket"),
    ({"staging": {"backend": "s3"}}, "recording.s3.bucket: name the bucket"),
    ({"secrets": {"secretKey": {"name": ""}}}, "secrets.secretKey.name: name an existing secret"),
    ({"secrets": {"databaseUrl": {"name": ""}}}, "whose key DATABASE_URL holds postgres://"),
    ({"ingress": {"host": ""}}, "ingress.host: say under which name the portal is reached"),
    ({"ingress": {"enabled": False}}, "allowedHosts: without an ingress"),
    ({"serviceMonitor": {"enabled": True}}, "secrets.metricsToken.name: serviceMonitor needs the token"),
    (
        merged(S3, {"web": {"autoscaling": {"enabled": True, "minReplicas": 9}}}),
        "web.autoscaling: minReplicas is more than maxReplicas",
    ),
    ({"recording": {"storageBackend": "nfs"}}, "storageBackend"),
    ({"recording": {"maxSizeMB": 0}}, "maxSizeMB"),
    ({"recording": {"maxSizeMB": "500"}}, "maxSizeMB"),
    ({"recording": {"storagePath": "recordings"}}, "storagePath"),
    ({"recording": {"s3": {"endpoint": "s3.example:9000"}}}, "endpoint"),
    ({"recording": {"retention": 5}}, "retention"),
    ({"beat": {"replicas": 2}}, "replicas"),
]


@pytest.mark.parametrize(("values", "said"), BAD, ids=[said for _, said in BAD])
def test_what_would_not_work_is_refused_with_a_word_about_it(values: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        rendered(values)
    assert said in str(refused.value)


def test_nothing_is_to_be_said_against_it() -> None:
    for case in ("local", "s3", "everything said"):
        said = helm("lint", merged(LEAST, MATRIX[case]), "--strict")
        assert "0 chart(s) failed" in said, said
