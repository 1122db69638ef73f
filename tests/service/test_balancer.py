"""Several processes of the API behind haproxy: whatever comes, goes or dies there, no request is lost."""

import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median, quantiles

import psutil
import pytest

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
import httpx
from balancers import LACKING, Haproxy, haproxy
from drill_table import LONG, report
from drills import ONE, TOY, Load, Server, Steps, free_port, wait_for
from toy_scorer import write_release

from patrons.service.balancer import SLOTS, Balancer

pytestmark = [pytest.mark.drill, pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")]
FLIPS, ROLLBACKS, ASKED = (20, 5, 4000) if LONG else (4, 2, 400)
BLOCK = 100  # requests, of which a p95 is taken
PAUSE = 0.02  # seconds between the requests of a client
DRAIN = 2.0  # seconds: longer than the balancer takes to find out
QUICKLY = 2.0  # seconds within which a rollback is to be answered


class Colours:
    """Replicas of both colours behind a balancer; those of blue answer by release a, those of green by b."""

    def __init__(self, balancer: Haproxy, folder: Path, names=("blue1", "blue2", "green1")):
        self.balancer = balancer
        for colour, release in (("blue", "a"), ("green", "b")):
            (write_release(folder / release, release).parent / colour).write_text(release)
        self.slots = {colour: Balancer(balancer.run, colour) for colour in ("blue", "green")}
        self.servers = {name: Server(folder / name[:-1], folder, f"{name}.log") for name in names}

    def place(self) -> None:
        for name, server in self.servers.items():
            server.wait_for(server.answers)
            self.slots[name[:-1]].place(name, server.port)
        for name in self.servers:
            wait_for(lambda name=name: self.status(name) == "UP", name)

    def status(self, name: str) -> str:
        return self.slots[name[:-1]].rows()[name]["status"]

    def end(self) -> None:
        for server in self.servers.values():
            server.end()


@pytest.fixture
def colours(tmp_path, monkeypatch):
    monkeypatch.setenv("PATRONS_API_DRAIN", str(DRAIN))
    with haproxy() as balancer:
        colours = Colours(balancer, tmp_path)
        try:
            colours.place()
            yield colours
        finally:
            colours.end()


def flipped(load: Load, colours: Colours, colour: str) -> float:
    """Seconds from telling the balancer until the last answer of the other colour: 20 without one have come since."""
    release, other = {"blue": "ab", "green": "ba"}[colour]
    start, before = time.monotonic(), -1
    colours.balancer.tell(colour)
    while load.got[200, other] != before:
        before, took = load.got[200, other], time.monotonic() - start
        wait_for(load.more(release), f"answers of {release}")
    return took


def added(balancer: Haproxy, server: Server) -> tuple[float, float]:
    """Seconds that the balancer adds at the median and at p95: blocks of requests through it beside blocks without it.

    Of both the median of all blocks: where a machine is busy for a moment, that is in one of them.
    """
    with ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=one.url)) for one in (server, balancer)]
        blocks = [[[_took(client) for _ in range(BLOCK)] for client in clients] for _ in range(ASKED // BLOCK)]
    cuts = [[quantiles(seconds, n=20) for seconds in block] for block in blocks]
    return tuple(median(through[cut] - direct[cut] for direct, through in cuts) for cut in (9, 18))


def _took(client: httpx.Client) -> float:
    start = time.perf_counter()
    assert client.post("/predict", json=ONE).status_code == 200
    return time.perf_counter() - start


def test_flips_rollbacks_a_reload_and_a_drain_lose_no_request(colours):
    balancer = colours.balancer
    start = time.monotonic()
    middle, p95 = added(balancer, colours.servers["blue1"])
    words = f"{ASKED:,} requests and as many direct ones: {1000 * middle:.2f} ms at the median, {1000 * p95:.2f} at p95"
    report("what the balancer adds", words, "0", time.monotonic() - start)
    assert middle < 0.01  # a machine may be busy: the figures themselves are in docs/operations.md

    with Load(balancer.url, pause=PAUSE, fresh=True) as load:
        wait_for(load.more("a"), "answers of a")
        step = Steps(load)
        took = max(flipped(load, colours, ("green", "blue")[number % 2]) for number in range(FLIPS))
        step.over(f"{FLIPS} flips", f"the last answer of the former colour after {took:.2f} s at most")

        took = 0.0
        for _ in range(ROLLBACKS):
            flipped(load, colours, "green")
            took = max(took, flipped(load, colours, "blue"))
        step.over(f"{ROLLBACKS} rollbacks", f"the last answer of the newer release after {took:.2f} s at most")
        assert took < QUICKLY

        flipped(load, colours, "green")
        balancer.tell("drain", "blue2")
        workers = balancer.workers()
        balancer.tell("reload")
        wait_for(lambda: not workers & balancer.workers(), "the new worker")
        wait_for(load.more("b"), "answers of b")
        assert (balancer.tell("show").splitlines()[0], colours.status("blue2")) == ("green answers.", "DRAIN")
        step.over("reload", "haproxy.cfg was read again: who answers and who drains stayed")

        balancer.tell("ready", "blue2")
        flipped(load, colours, "blue")
        leaving = colours.servers["blue1"].process
        leaving.terminate()
        wait_for(lambda: colours.status("blue1").startswith("DOWN"), "the drain")
        assert leaving.poll() is None  # it waits for the balancer to find out
        leaving.wait(30)
        wait_for(load.more("a"), "answers of the other replica")
        step.over("SIGTERM to one of two replicas", f"it drained for {DRAIN:g} s, and the other went on")
    assert set(load.got) == {(200, "a"), (200, "b")}


def ports(count: int) -> int:
    """The first of so many free ports in a row."""
    while True:
        first = free_port()
        with suppress(OSError), ExitStack() as bound:
            for port in range(first, first + count):
                bound.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


@pytest.fixture
def scaled(tmp_path):
    """A balancer with `patrons scale` behind it, whose replicas take 50 ms for a customer."""
    write_release(tmp_path / "a", "a", slow=0.05)
    with haproxy() as balancer:
        options = ["--least", "1", "--most", "3", "--calm", "2", "--port", str(ports(SLOTS))]
        command = [sys.executable, "-m", "patrons.cli.main", "scale", "blue", *options, "--"]
        command += [sys.executable, str(TOY), str(tmp_path / "a"), "{port}"]
        with (tmp_path / "log").open("w") as log:
            scaler = subprocess.Popen(command, env=balancer.environment, stdout=log, stderr=log)
        try:
            yield balancer, scaler
            assert scaler.poll() is None, (tmp_path / "log").read_text()
        finally:
            replicas = psutil.Process(scaler.pid).children() if scaler.poll() is None else []
            scaler.terminate()
            scaler.wait(30)
            assert not [replica for replica in replicas if replica.is_running()]


def test_more_and_fewer_replicas_by_load_and_a_killed_one_lose_no_request(scaled):
    balancer, scaler = scaled
    blue = Balancer(balancer.run, "blue")

    def up(*names):
        return lambda: sorted(blue.taken()) == list(names)

    wait_for(up("blue1"), "the first replica")
    with Load(balancer.url, clients=8, pause=1.0, fresh=True) as load:
        wait_for(load.more("a"), "answers")
        step, load.pause = Steps(load), 0.0
        wait_for(up("blue1", "blue2", "blue3"), "three replicas")
        wait_for(load.more("a", 100), "answers of three replicas")
        step.over("1 → 3 replicas", "eight clients ask without a pause")

        port = blue.rows()["blue2"]["addr"].rpartition(":")[2]
        [killed] = [one for one in psutil.Process(scaler.pid).children() if one.cmdline()[-1] == port]
        killed.kill()
        wait_for(lambda: not up("blue1", "blue2", "blue3")(), "the death")
        wait_for(up("blue1", "blue2", "blue3"), "another replica")
        step.over("SIGKILL of one of three replicas", "another one was started in its place")

        load.pause = 1.0
        wait_for(up("blue1"), "one replica")
        wait_for(load.more("a"), "answers")
        step.over("3 → 1 replicas", "the same clients ask once a second")
    assert set(load.got) == {(200, "a")}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a key and a certificate that it signed itself."""
    file = tmp_path_factory.mktemp("tls") / "own.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    parts = [file.with_suffix(".key"), file.with_suffix(".crt")]
    subprocess.run([*command, "-keyout", parts[0], "-out", parts[1]], check=True, capture_output=True)
    file.write_text("".join(part.read_text() for part in parts))
    return file


def test_it_answers_https_where_it_has_a_certificate_and_numbers_of_its_own(certificate):
    with haproxy(PATRONS_BALANCER_TLS=str(certificate)) as balancer:
        trust = ssl.create_default_context(cafile=certificate)
        address = f"https://127.0.0.1:{balancer.port}"
        refused = httpx.get(f"{address}/metrics", verify=trust)
        assert (refused.status_code, "each replica" in refused.text) == (404, True)
        assert "max-age" in refused.headers["strict-transport-security"]
        assert httpx.post(f"{address}/predict", json=ONE, verify=trust).status_code == 503  # there is no replica
        with pytest.raises(httpx.TransportError):
            httpx.get(address.replace("https", "http"))
        numbers = httpx.get(f"http://127.0.0.1:{balancer.metrics}/metrics").text
        assert 'haproxy_frontend_http_responses_total{proxy="api",code="4xx"} 1' in numbers
        with pytest.raises(AssertionError, match="no replica of green is ready"):
            balancer.tell("green")
        assert balancer.tell("show") == "blue answers.\n"


class Names(threading.Thread):
    """A name server that gives the same addresses for every name."""

    def __init__(self):
        super().__init__(daemon=True)
        self.addresses: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"

    def run(self):
        while asked := self.socket.recvfrom(512):
            question = asked[0][12 : asked[0].index(b"\0", 12) + 5]  # a name, its type and class
            found = [socket.inet_aton(one) for one in self.addresses]
            head = asked[0][:2] + struct.pack(">5H", 0x8180, 1, len(found), 0, 0)
            records = [
                b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 1, 4) + one for one in found
            ]  # an address each, for 1 s
            self.socket.sendto(head + question + b"".join(records), asked[1])


class Ready(BaseHTTPRequestHandler):
    """Says to everyone that it is ready."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *facts):
        pass


def test_replicas_come_and_go_with_the_addresses_of_their_name_and_see_no_half_a_request():
    """As in containers, where all replicas of a service have one name."""
    names, addresses = Names(), ["127.0.0.2", "127.0.0.3"]
    names.start()
    port = free_port()
    replicas = [ThreadingHTTPServer((address, port), Ready) for address in addresses]
    with ExitStack() as stack:
        for replica in replicas:
            threading.Thread(target=stack.enter_context(replica).serve_forever, daemon=True).start()
        where = {"PATRONS_BLUE": f"blue:{port}", "PATRONS_GREEN": f"green:{port}"}
        balancer = stack.enter_context(haproxy(PATRONS_BALANCER_DNS=names.address, **where))
        blue, took = Balancer(balancer.run, "blue"), []
        for names.addresses in (addresses[:1], addresses, addresses[1:]):

            def reached():
                rows = blue.rows()
                return sorted(rows[name]["addr"].partition(":")[0] for name in blue.taken()) == names.addresses

            took.append(wait_for(reached, f"replicas at {names.addresses}"))
            assert httpx.get(balancer.url).status_code == 200
        with socket.create_connection(("127.0.0.1", balancer.port)) as slow:
            slow.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nha")
            before = blue.rows()["BACKEND"]["stot"]
            time.sleep(0.3)
            assert blue.rows()["BACKEND"]["stot"] == before
            slow.sendall(b"lf")
            assert b" 200 " in slow.recv(100)
            assert int(blue.rows()["BACKEND"]["stot"]) == int(before) + 1
        for replica in replicas:
            replica.shutdown()
    report("replicas by name", f"1 → 2 → 1 addresses, each found within {max(took):.1f} s", "0", sum(took))
