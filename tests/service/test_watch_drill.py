"""Prometheus, Alertmanager and node_exporter for real: people are told when nobody answers, and when it is over."""

import json
import re
import shutil
import socketserver
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
import httpx
from balancers import LACKING, haproxy
from drill_table import report
from drills import ONE, ROOT, Server, free_port, wait_for
from toy_scorer import write_release
from toy_state import everything

from patrons.monitoring import exported
from patrons.service import keys
from patrons.service.balancer import Balancer

FOLDER = ROOT / "serving" / "prometheus"
TOOLS = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")
LACKING = [*LACKING, *(tool for tool in TOOLS if shutil.which(tool) is None)]
pytestmark = [pytest.mark.drill, pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")]
BROKEN = {"customers": [{"recency_days": 666}]}  # a 500 of the toy scorer
OTHERS = {"and", "or", "unless", "bool", "offset"}  # names in PromQL that are no metrics


class Post(BaseHTTPRequestHandler):
    """Keeps what a webhook is told: status and name of each alert."""

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.told += [(one["status"], one["labels"]["alertname"]) for one in message["alerts"]]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    """Takes mail as far as SMTP must (RFC 5321), and keeps it."""

    def handle(self):
        self._say("220 here")
        while line := self.rfile.readline().strip():
            if line.upper() == b"DATA":
                self._say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.told.append(b"".join(lines).decode())
            self._say("221 bye" if line.upper() == b"QUIT" else "250 well")
            if line.upper() == b"QUIT":
                break

    def _say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def told(kind, handler):
    """A server at a port of its own that keeps in `told` what it is told."""
    with kind(("127.0.0.1", 0), handler) as server:
        server.told, server.daemon_threads = [], True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def running(folder, *command):
    """A process with its log in a folder."""
    with (folder / f"{command[0]}.log").open("w") as log:
        process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log, cwd=folder)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


def alertmanager(folder: Path, post: int, mail: int) -> Path:
    """The routes of serving/prometheus/alertmanager.yml, told to ours at once."""
    text = (FOLDER / "alertmanager.yml").read_text()
    config = yaml.safe_load(text.replace("127.0.0.1:9099", f"127.0.0.1:{post}"))
    config["global"] |= {"smtp_smarthost": f"127.0.0.1:{mail}", "smtp_require_tls": False}
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "0s", "group_interval": "1s"}
    (folder / "smtp").write_text("secret")
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    return folder / "alertmanager.yml"


def prometheus(folder: Path, ports: dict[str, int], key: str) -> Path:
    """serving/prometheus/prometheus.yml and its rules with our ports, a look a second, and no wait of 30 s."""
    text = (FOLDER / "prometheus.yml").read_text()
    for host, port in ports.items():
        text = text.replace(host, f"127.0.0.1:{port}")
    config = yaml.safe_load(text)
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    replicas = next(job for job in config["scrape_configs"] if job["job_name"] == "patrons-api")
    del replicas["dns_sd_configs"]
    replicas["file_sd_configs"] = [{"files": ["replicas.json"]}]
    (folder / "key").write_text(f"{key}\n")
    (folder / "rules.yml").write_text((FOLDER / "rules.yml").read_text().replace("for: 30s", "for: 1s"))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    return folder / "prometheus.yml"


class Watched:
    """Two replicas behind the balancer, with all that watches them."""

    def __init__(self, folder: Path, stack: ExitStack, patch):
        self.folder, self.stack = folder, stack
        write_release(folder / "a", "a")
        self.key = keys.add(folder / "keys.json", "prometheus")
        for name, value in (("TOY_KEYS", "1"), ("PATRONS_KEYS", str(folder / "keys.json"))):
            patch.setenv(name, value)
        self.servers = [Server(folder / "a", folder, f"blue{number}.log") for number in (1, 2)]
        self.post, self.mail = (
            stack.enter_context(told(kind, handler))
            for kind, handler in ((ThreadingHTTPServer, Post), (socketserver.ThreadingTCPServer, Mail))
        )
        self.balancer = stack.enter_context(haproxy())
        self.slots = Balancer(self.balancer.run, "blue")
        for number, server in enumerate(self.servers, 1):
            self.place(f"blue{number}", server)
        self._watch(everything(folder / "project", patch))  # who is there before has nothing to tell

    def _watch(self, project):
        (self.folder / "metrics").mkdir()
        text = exported.text(["toy"], project.root, project.folders)
        (self.folder / "metrics" / "patrons.prom").write_text(text)
        hosts = ("balancer:8405", "node-exporter:9100", "127.0.0.1:9090", "alertmanager:9093")
        ports = {host: free_port() for host in hosts} | {"balancer:8405": self.balancer.metrics}
        node, own, alerts = (f"127.0.0.1:{ports[host]}" for host in hosts[1:])
        self.client = self.stack.enter_context(httpx.Client(base_url=f"http://{own}"))
        routes = alertmanager(self.folder, self.post.server_port, self.mail.server_address[1])
        rules = prometheus(self.folder, ports, self.key)
        self.name_replicas()
        collect = ["--collector.disable-defaults", "--collector.textfile"]
        collect += [f"--collector.textfile.directory={self.folder / 'metrics'}"]
        told_by = [f"--config.file={routes}", f"--storage.path={self.folder / 'alerts'}", "--cluster.listen-address="]
        seen_by = [f"--config.file={rules}", f"--storage.tsdb.path={self.folder / 'tsdb'}"]
        for tool, options, address in zip(TOOLS, (seen_by, told_by, collect), (own, alerts, node), strict=True):
            self.stack.enter_context(running(self.folder, tool, *options, f"--web.listen-address={address}"))

    def name_replicas(self):
        """Say which replicas there are, as names in a network would."""
        targets = [f"127.0.0.1:{server.port}" for server in self.servers]
        partial = self.folder / "replicas.partial"
        partial.write_text(json.dumps([{"targets": targets}]))
        partial.rename(self.folder / "replicas.json")

    def place(self, name, server):
        server.wait_for(server.answers)
        self.slots.place(name, server.port)
        wait_for(lambda: self.slots.rows()[name]["status"] == "UP", name)

    def predict(self, body):
        """The status of an answer of the balancer."""
        headers = {"authorization": f"Bearer {self.key}"}
        return httpx.post(f"{self.balancer.url}/predict", json=body, headers=headers).status_code

    def ask(self, query):
        """What Prometheus answers: label sets."""
        with suppress(httpx.TransportError):
            answer = self.client.get("/api/v1/query", params={"query": query})
            if answer.status_code != 503:  # while it starts
                assert answer.status_code == 200, (query, answer.text)
                return [one["metric"] for one in answer.json()["data"]["result"]]
        return []


@pytest.mark.parametrize(
    ("source", "silenced"),
    [
        ({"series": "demo"}, [("PatronsBackupOld", "demo"), ("PatronsMonitoringStopped", "demo")]),
        ({}, [("PatronsBackupOld", None)]),  # nothing is exported at all
    ],
    ids=["of a series", "of all"],
)
def test_old_numbers_silence_the_alerts_of_their_series_alone(source, silenced, tmp_path):
    told = [("PatronsBackupOld", {"series": series}) for series in ("demo", "shop")] + [("PatronsBackupOld", {})]
    told += [("PatronsMonitoringStopped", {"series": "demo"}), ("PatronsSeriesFailed", {"series": "demo"})]
    alerts = [{"labels": {"alertname": name, **more}} for name, more in [("PatronsExportSilent", source), *told]]
    address, routes = f"127.0.0.1:{free_port()}", alertmanager(tmp_path, free_port(), free_port())
    options = [f"--config.file={routes}", f"--storage.path={tmp_path / 'alerts'}", "--cluster.listen-address="]

    def ready():
        with suppress(httpx.TransportError):
            return httpx.post(f"http://{address}/api/v2/alerts", json=alerts).is_success

    def inhibited():
        found = httpx.get(f"http://{address}/api/v2/alerts").json()
        held = [one["labels"] for one in found if one["status"]["inhibitedBy"]]
        return len(found) == len(alerts) and sorted((one["alertname"], one.get("series")) for one in held)

    with running(tmp_path, "prometheus-alertmanager", *options, f"--web.listen-address={address}"):
        wait_for(ready, "Alertmanager")
        wait_for(inhibited, "what is silenced")
        assert inhibited() == silenced


@pytest.fixture
def watched(tmp_path):
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        found = Watched(tmp_path, stack, patch)
        stack.callback(lambda: [server.end() for server in found.servers])
        yield found


def queries():
    """Every expression of the rules and of the dashboard, of any series."""
    rules = [rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]]
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    targets = [target for panel in dashboard["panels"] for target in panel.get("targets", [])]
    labels = [one["query"]["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    named = [re.fullmatch(r"label_values\((\w+), \w+\)", text)[1] for text in labels]
    return [*(rule["expr"] for rule in rules), *(target["expr"].replace("$series", ".*") for target in targets), *named]


def selectors(query):
    """The metrics of a query, each with what it asks of labels."""
    plain = re.sub(r"\b(by|on|without|ignoring)\s*\([^)]*\)|\[[^]]*\]", " ", query)
    return {
        f"{name}{asked}" for name, asked in re.findall(r"\b([a-zA-Z_:][\w:]*)\b(\{[^}]*\})?(?!\s*\()", plain)
    } - OTHERS


def test_selectors_are_the_metrics_of_a_query_and_nothing_else():
    query = 'sum by (le) (rate(a_bucket{path="/predict",le!="x(y"}[5m])) / b:c > 0.25 or absent(up == 1) and on (job) d'
    assert selectors(query) == {'a_bucket{path="/predict",le!="x(y"}', "b:c", "up", "d"}


def test_when_nobody_answers_people_are_told_and_told_again_when_it_is_over(watched):
    alert = "PatronsNoReplicaReady"
    jobs = {job["job_name"] for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]}
    wait_for(lambda: {one["job"] for one in watched.ask("up == 1")} == jobs, "all that is asked")
    assert [watched.predict(body) for body in (ONE, BROKEN)] == [200, 500]
    for counted in ('patrons_requests_total{status="500"}', "patrons_customers_total"):
        wait_for(lambda counted=counted: watched.ask(counted), counted)

    assert not watched.post.told
    start = time.monotonic()
    for server in watched.servers:
        server.end()
    assert watched.predict(ONE) == 503
    firing = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    wait_for(lambda: watched.ask(firing), "the alert in Prometheus")
    wait_for(lambda: ("firing", alert) in watched.post.told, "the alert at the webhook")
    took = time.monotonic() - start
    wait_for(lambda: any("[FIRING:1]" in text and alert in text for text in watched.mail.told), "the alert by mail")

    watched.servers = [Server(watched.folder / "a", watched.folder, "blue3.log")]
    watched.name_replicas()
    watched.servers[0].wait_for(watched.servers[0].answers)
    back, before = time.monotonic(), len(watched.post.told)
    watched.place("blue3", watched.servers[0])
    wait_for(lambda: ("resolved", alert) in watched.post.told[before:], "that it is over, at the webhook")
    over = time.monotonic() - back
    wait_for(lambda: not watched.ask(firing), "that it is over, in Prometheus")
    assert {name for _, name in watched.post.told} == {alert}
    words = f"the alert reached webhook and mail after {took:.1f} s; that it was over after {over:.1f} s"
    report("SIGKILL of every replica", words, "the one request of then", time.monotonic() - start)

    asked = {selector for query in queries() for selector in selectors(query)}
    asked = {re.sub(r"(patrons_delivery)\{state.*\}", r"\1", selector) for selector in asked}  # it has one state
    missing = sorted(selector for selector in asked if not watched.ask(f"last_over_time({selector}[5m])"))
    assert (len(asked) > 40, missing) == (True, [])
    for query in queries():
        watched.ask(query)  # an error in it fails
