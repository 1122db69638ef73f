"""The REST API, asked by a client in the same process: statuses, errors, keys, limits, logs."""

import asyncio
import io
import json
import re
import socket
import stat
import sys
import threading

import pytest

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
import httpx
from flama.client import LifespanContextManager
from toy_scorer import ToyScorer, write_release

from patrons.events import Log
from patrons.monitoring.ledger import Ledger
from patrons.service import bodies, keys
from patrons.service.cards import later_card
from patrons.service.follow import Located, named_by
from patrons.service.limits import Gate
from patrons.service.messages import LaterCard
from patrons.service.problems import Problem
from patrons.service.requests import read
from patrons.service.settings import Settings, SettingsError, from_environment
from serving import api as api_module
from serving.api import Service, create_app

ONE = {"customers": [{"customer_id": "Jane Doe", "recency_days": 20}]}


class Asked:
    """A running application: `ask` sends requests, `log` holds the lines."""

    def __init__(self, folder, keys_file=None, load=ToyScorer, **settings):
        self.stream = io.StringIO()
        self.service = Service(Settings(release=named_by(folder), keys=keys_file, **settings), load, Log(self.stream))
        self.app = create_app(self.service)

    def run(self, talk):
        """Run a coroutine function that takes a client, in the application's life."""

        async def whole():
            client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://localhost")
            async with LifespanContextManager(self.app.app), client:
                return await talk(client)

        return asyncio.run(whole())

    def ask(self, method, path, **options):
        return self.run(lambda client: client.request(method, path, **options))

    @property
    def log(self):
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def release(tmp_path):
    return write_release(tmp_path / "release", "aaa")


@pytest.fixture
def api(release):
    return Asked(release)


def test_what_is_unlike_the_training_is_told_by_customer_and_by_feature(api, release):
    cents = {"recency_days": 9000, "channel": "fax", "chanel": "web"}
    one = api.ask("POST", "/predict", json={"customers": [cents]}).json()
    told = [
        "recency_days: 9,000 lies far outside 0 to 90, the range in training",
        "channel: 'fax' is not known from training; there is: web, shop",
    ]
    assert one["answers"][0]["warnings"] == told
    assert one["warnings"] == told
    both = {"customers": [cents, {"recency_days": 20, "Channel": "web"}]}
    two = Asked(release).ask("POST", "/predict", json=both).json()
    assert [answer["warnings"] for answer in two["answers"]] == [told, None]
    assert "channel: 1 of 1 customers have a value that is not known from training: 'fax' (1)" in two["warnings"][0]
    assert "recency_days: 1 of 2 customers lie far outside 0 to 90" in two["warnings"][1]
    misspelt = api.ask("POST", "/predict", json={"customers": [{"recency_days": 20, "Channel": "web"}]}).json()
    assert (misspelt["ignored"], misspelt["warnings"]) == (
        ["Channel"],
        ["'Channel' is no feature: did you mean 'channel'?"],
    )
    assert api.ask("POST", "/predict", json=ONE).json()["warnings"] == []
    schema = api.ask("GET", "/schema/").json()["components"]["schemas"]
    assert "warnings" in next(part for name, part in schema.items() if name.endswith("PredictResponse"))["required"]
    assert "warnings" in next(part for name, part in schema.items() if name.endswith("Answer"))["properties"]


def test_one_customer_gets_an_answer_with_the_release_that_gave_it(api):
    answer = api.ask("POST", "/predict", json=ONE).json()
    assert (answer["release"], answer["scored"], answer["refused"]) == ("aaa", 1, 0)
    assert answer["answers"][0]["churn_probability"] == 0.2
    assert answer["answers"][0]["customer_id"] == "Jane Doe"


def test_customers_that_cannot_be_scored_come_back_in_their_place_with_the_reason(api):
    rows = [{"recency_days": 10}, {"customer_id": "b"}, {"recency_days": 30, "colour": "red"}]
    answer = api.ask("POST", "/predict", json={"customers": rows}).json()
    assert [customer["error"] for customer in answer["answers"]] == [None, "recency_days is missing", None]
    assert (answer["scored"], answer["refused"], answer["ignored"]) == (2, 1, ["colour"])


def test_a_request_of_which_nobody_can_be_scored_is_422_and_says_why(api):
    answer = api.ask("POST", "/predict", json={"customers": [{"customer_id": "b"}]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "customers.0"
    assert "recency_days is missing" in answer.json()["errors"][0]["found"]


@pytest.mark.parametrize(
    ("body", "status", "field", "found"),
    [
        (b"{", 400, "body", "character 1"),
        (b'{"customers": [{"recency_days": NaN}]}', 422, "customers.0.recency_days", "NaN"),
        (b"\xff", 400, "body", "byte 0xff at position 0, which is no UTF-8"),
        (b"[" * 100_000, 400, "body", "nested too deeply"),
        (b"[1]", 422, "body", "a list of 1"),
        (b"{}", 422, "customers", "an object of 0 fields"),
        (b'{"customers": []}', 422, "customers", "a list of 0"),
        (b'{"customers": [1]}', 422, "customers.0", "1"),
        (b'{"customers": [{"recency_days": [1]}]}', 422, "customers.0.recency_days", "a list of 1"),
        (b'{"customers": [{"recency_days": 1e999}]}', 422, "customers.0.recency_days", "Infinity"),
        (b'{"customers": [{"recency_days": 1' + b"0" * 400 + b"}]}", 422, "customers.0.recency_days", "a huge number"),
        (b'{"customers": [{"customer_id": "\\ud800"}]}', 422, "customers.0.customer_id", "'\\ud800'"),
        (b'{"customers": [{"recency_days": 1}], "option": 1}', 422, "option", "1"),
        (json.dumps({"customers": [{}] * 1001}).encode(), 422, "customers", "a list of 1,001"),
    ],
)
def test_a_wrong_body_is_answered_with_the_field_what_was_found_and_what_is_expected(api, body, status, field, found):
    answer = api.ask("POST", "/predict", content=body, headers={"content-type": "application/json"})
    error = answer.json()["errors"][0]
    assert answer.status_code == status
    assert error["field"] == field
    assert found in error["found"]
    assert error["expected"]
    assert error["next"]


def test_names_that_the_release_does_not_know_make_no_table(release):
    shapes = []

    class Watched(ToyScorer):
        def score_rows(self, table, watch=None):
            shapes.append((table.shape, threading.current_thread().name.startswith("score")))
            return super().score_rows(table, watch)

    rows = [{"recency_days": 1, **{f"other{row}.{name}": 1 for name in range(9)}} for row in range(100)]
    answer = Asked(release, load=Watched).ask("POST", "/predict", json={"customers": rows}).json()
    assert (answer["scored"], len(answer["ignored"])) == (100, 20)
    assert shapes == [((100, 1), True)]  # only the feature, and not on the loop


def test_a_table_of_unknown_names_alone_has_a_row_for_everyone(api):
    answer = api.ask("POST", "/predict", json={"customers": [{"x": 1}, {"y": 2}]})
    assert [error["field"] for error in answer.json()["errors"]] == ["customers.0", "customers.1"]


@pytest.mark.parametrize(("customers", "beside"), [(1, False), (1000, True)])
def test_a_large_body_is_read_beside_the_loop(api, monkeypatch, customers, beside):
    threads = []
    monkeypatch.setattr(bodies, "read", lambda *given: threads.append(threading.current_thread()) or read(*given))
    rows = [{"customer_id": "x" * 50, "recency_days": 20}] * customers
    assert api.ask("POST", "/predict", json={"customers": rows}).json()["scored"] == customers
    assert [thread is not threading.main_thread() for thread in threads] == [beside]


def test_other_content_paths_and_methods_have_their_statuses(api):
    assert api.ask("POST", "/predict", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert api.ask("POST", "/predict", content=b"{}").status_code == 415
    latin = {"content-type": "application/json; charset=latin-1"}
    wrong = api.ask("POST", "/predict", content=b"{}", headers=latin).json()["errors"][0]
    assert "charset=latin-1" in wrong["found"]
    assert api.ask("GET", "/nothing").status_code == 404
    refused = api.ask("GET", "/predict")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_a_body_beyond_the_limit_is_413_whether_its_length_is_stated_or_not(release):
    small = Asked(release, body=100)

    async def pieces():
        for _ in range(20):
            yield b" " * 10

    json_kind = {"content-type": "application/json"}
    assert small.ask("POST", "/predict", content=b" " * 101, headers=json_kind).status_code == 413
    assert small.ask("POST", "/predict", content=pieces(), headers=json_kind).status_code == 413
    assert small.ask("POST", "/predict", content=json.dumps(ONE), headers=json_kind).status_code == 200


def test_an_error_of_our_own_is_500_as_json_and_tells_neither_client_nor_log_what_was_sent(api):
    answer = api.ask("POST", "/predict", json={"customers": [{"customer_id": "Jane Doe", "recency_days": 666}]})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret" not in api.stream.getvalue()
    failure = next(line for line in api.log if line["event"] == "failure")
    assert failure["error"] == "RuntimeError"
    assert "score_one" in failure["where"]
    assert failure["request_id"] == answer.json()["request_id"]


def test_only_good_keys_open_and_a_revoked_one_closes(release, tmp_path):
    file = tmp_path / "keys.json"
    crm, app = keys.add(file, "crm"), keys.add(file, "app")
    api = Asked(release, file)

    def status(key, path="/model", kind="Bearer"):
        return api.ask("GET", path, headers={"authorization": f"{kind} {key}"} if key else {}).status_code

    assert [status(crm), status(app), status(crm, kind="bearer")] == [200, 200, 200]
    assert [status(""), status("x"), status(crm[:-1] + "!"), status(crm, kind="Basic")] == [401] * 4
    assert [status("", path) for path in ("/metrics", "/nothing", "/predict")] == [401] * 3
    assert [status("", path) for path in ("/health/live", "/health/ready", "/docs/", "/schema/")] == [200] * 4
    keys.revoke(file, "crm")
    api.app.keys._looked = 0.0  # as if a second had passed
    assert [status(crm), status(app)] == [401, 200]


def test_the_keys_file_holds_no_key_and_is_for_its_owner_only(tmp_path):
    file = tmp_path / "deep" / "keys.json"
    key = keys.add(file, "crm")
    assert key.rpartition("_")[2] not in file.read_text()
    assert key.split("_", 2)[2] not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_name_has_one_key_at_a_time(tmp_path):
    file = tmp_path / "keys.json"
    keys.add(file, "crm")
    with pytest.raises(keys.KeysError, match="already"):
        keys.add(file, "crm")
    keys.revoke(file, "crm")
    assert keys.add(file, "crm")
    with pytest.raises(keys.KeysError, match="No key"):
        keys.revoke(file, "else")


def test_without_keys_the_service_answers_this_machine_only(tmp_path):
    with pytest.raises(SettingsError, match="this machine only"):
        Settings(release=tmp_path, keys=None, host="0.0.0.0")
    with pytest.raises(SettingsError, match=r"PATRONS_API_PORT is .many., and must be a whole number"):
        from_environment(tmp_path, True, {"PATRONS_API_PORT": "many"})
    assert from_environment(tmp_path, True, {"PATRONS_API_TIMEOUT": "5"}, port=1, host=None).timeout == 5.0


def test_requests_beyond_the_bound_are_refused_at_once_and_the_others_are_served(tmp_path):
    slow = write_release(tmp_path / "slow", "slow", slow=0.1)
    api = Asked(slow, running=1, waiting=2, per_key=9)

    async def crowd(client):
        return await asyncio.gather(*(client.post("/predict", json=ONE) for _ in range(8)))

    answers = api.run(crowd)
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [503] * 5
    assert {answer.headers.get("retry-after") for answer in answers} == {None, "1"}


def test_one_key_cannot_take_every_place(tmp_path):
    slow = write_release(tmp_path / "slow", "slow", slow=0.1)
    file = tmp_path / "keys.json"
    greedy, other = keys.add(file, "greedy"), keys.add(file, "other")
    api = Asked(slow, file, running=1, waiting=5, per_key=2)

    async def crowd(client):
        keyed = [*[greedy] * 4, other]
        sent = (client.post("/predict", json=ONE, headers={"authorization": f"Bearer {key}"}) for key in keyed)
        return await asyncio.gather(*sent)

    assert [answer.status_code for answer in api.run(crowd)] == [200, 200, 429, 429, 200]


def test_a_request_that_takes_too_long_is_503_and_its_place_is_free_again(tmp_path):
    slow = write_release(tmp_path / "slow", "slow", slow=0.2)
    api = Asked(slow, timeout=0.3)

    async def talk(client):
        late = await client.post("/predict", json={"customers": [{"recency_days": 1}] * 3})
        await asyncio.sleep(0.5)
        return late, await client.post("/predict", json=ONE)

    late, after = api.run(talk)
    assert (late.status_code, late.json()["errors"][0]["field"]) == (503, "time")
    assert after.status_code == 200
    assert api.service.gate.busy == 0


def test_logs_have_an_id_and_no_personal_data(api):
    headers = {"x-request-id": "nightly-job-17"}
    answer = api.ask("POST", "/predict?name=Jane", json=ONE, headers=headers)
    api.ask("GET", "/customers/Jane")
    line = next(line for line in api.log if line["event"] == "request")
    assert answer.headers["x-request-id"] == line["request_id"] == "nightly-job-17"
    assert (line["path"], line["status"], line["scored"], line["release"]) == ("/predict", 200, 1, "aaa")
    assert "Jane" not in api.stream.getvalue()
    assert "recency" not in api.stream.getvalue()


def test_no_request_is_kept_after_its_answer(api):
    assert api.ask("POST", "/predict", json=ONE).status_code == 200
    assert len(api.app.app.injector.cache) == 0  # Flama's own, which would hold whole requests


def test_metrics_count_requests_customers_and_show_the_release(api):
    async def talk(client):
        await client.post("/predict", json=ONE)
        return await client.get("/metrics")

    text = api.run(talk).text
    assert 'patrons_requests_total{path="/predict",status="200"} 1.0' in text
    assert 'patrons_customers_total{outcome="scored"} 1.0' in text
    assert 'patrons_release_info{release="aaa",slot="blue"} 1.0' in text
    assert "patrons_release_refused 0.0" in text
    if sys.platform == "linux":  # elsewhere a process does not say so
        for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds"):
            assert re.search(rf"^process_{name} [1-9.]", text, re.MULTILINE), name


def test_metrics_say_that_the_release_that_is_wanted_was_refused(tmp_path):
    bad = Asked(write_release(tmp_path / "bad", "bad", problems=["golden customer 1 differs"]))
    assert "patrons_release_refused 1.0" in bad.ask("GET", "/metrics").text


def test_the_model_card_lists_the_features_in_words(api):
    card = api.ask("GET", "/model").json()
    assert (card["release"], card["slot"], card["idle"]) == ("aaa", "blue", None)
    assert card["features"][0] == {
        "name": "recency_days",
        "kind": "number",
        "unit": "days",
        "meaning": "days since the last order",
        "example": 30.0,
        "required": True,
    }


def test_the_model_card_says_how_likely_later_segments_were_measured():
    coverage = {"value": 0.86, "low": 0.85, "high": 0.87}
    later = {"used": True, "days": 90, "level": 0.9, "threshold": 0.1, "coverage": coverage}
    later["origins"] = [{"value": 0.86}, {"value": 0.79}, {"value": 0.9}]
    measured = {"coverage": 0.86, "coverage_low": 0.85, "coverage_high": 0.87}
    measured |= {"coverage_mean": pytest.approx(0.85), "coverage_lowest": 0.79, "coverage_days": 3}
    assert later_card(later) == {"days": 90, "level": 0.9, **measured}
    assert set(later_card(later)) == set(LaterCard.model_fields)
    assert later_card({}) is None


def test_without_a_release_it_lives_but_is_not_ready(tmp_path):
    broken = Asked(write_release(tmp_path / "broken", "bad", problems=["golden customer 1 differs"]))
    assert broken.ask("GET", "/health/live").status_code == 200
    for method, path, body in (("GET", "/health/ready", None), ("GET", "/model", None), ("POST", "/predict", ONE)):
        answer = broken.ask(method, path, json=body)
        assert answer.status_code == 503
        if path == "/health/ready":  # which needs no key
            assert answer.json()["errors"][0]["found"] == "none yet"
    assert "golden" in answer.json()["errors"][0]["found"]


def test_the_docs_ask_no_other_host(api):
    page = api.ask("GET", "/docs/")
    assert "http" not in page.text.replace("<!doctype html>", "")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert api.ask("GET", f"/docs/{name}").status_code == 200


def test_openapi_describes_every_path_with_errors_and_examples(api):
    schema = api.ask("GET", "/schema/").json()
    assert set(schema["paths"]) == {"/predict", "/model", "/health/live", "/health/ready", "/metrics"}
    post = schema["paths"]["/predict"]["post"]
    assert set(post["responses"]) == {"200", "400", "401", "408", "413", "415", "421", "422", "429", "503"}
    reference = post["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert "example" in schema["components"]["schemas"][reference]


@pytest.mark.parametrize("promoted", [True, False, None])
def test_the_model_says_whether_it_was_promoted(release, promoted):
    api = Asked(release)
    api.service.follower.locate = lambda again: Located(release, promoted)
    assert api.ask("GET", "/model").json()["promoted"] is promoted


@pytest.mark.parametrize(
    ("options", "allowed"),
    [(["--no-keys"], True), ([], False), (["--allow-unpromoted"], True), (["--host", "::1"], False)],
)
def test_with_keys_results_that_nobody_promoted_answer_only_if_that_is_said(monkeypatch, tmp_path, options, allowed):
    asked = []
    monkeypatch.setenv("PATRONS_KEYS", str(tmp_path / "keys.json"))
    keys.add(tmp_path / "keys.json", "crm")
    monkeypatch.setattr(api_module, "champion_of", lambda name, root, unpromoted: asked.append(unpromoted))
    api_module.configured(api_module.arguments(["--name", "demo", *options]))
    assert asked == [allowed]


OPEN = ["--name", "demo", "--no-keys"]


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        (["--release", "nowhere"], {}, "--release: there is nothing at nowhere"),
        (["--name", "../demo"], {}, "--name: '../demo' cannot be the name of a series"),
        (
            ["--name", "demo"],
            {},
            r"There is no file of keys .*none/keys\.json\. Make a key: .venv/bin/patrons keys add NAME",
        ),
        ([*OPEN, "--host", "0.0.0.0"], {}, "Without keys the service may listen on this machine"),
        ([*OPEN, "--port", "70000"], {}, "port is 70000, and must be from 0 to 65535"),
        (OPEN, {"TIMEOUT": "nan"}, r"timeout is nan, .* \(PATRONS_API_TIMEOUT or an option\)"),
        (OPEN, {"RUNNING": "2.5"}, r"PATRONS_API_RUNNING is '2\.5', and must be a whole number"),
        (OPEN, {"WAITING": "-1"}, "waiting is -1, and must be 0 or more"),
    ],
)
def test_settings_that_are_wrong_end_with_exit_2_and_a_sentence(
    monkeypatch, tmp_path, capsys, options, environment, sentence
):
    monkeypatch.setenv("PATRONS_KEYS", str(tmp_path / "none" / "keys.json"))
    for name, value in environment.items():
        monkeypatch.setenv(f"PATRONS_API_{name}", value)
    assert api_module.main(options) == 2
    said = capsys.readouterr().err
    assert re.match(f"api: {sentence}", said)
    assert said.count("\n") == 1


def test_a_port_that_is_taken_ends_with_exit_2_and_a_sentence(monkeypatch, release, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert api_module.main(["--release", str(release), "--no-keys", "--port", port]) == 2
    assert (
        f"cannot listen on 127.0.0.1, port {port} (Address already in use). Choose another" in capsys.readouterr().err
    )


def test_without_keys_a_name_that_is_not_this_machines_is_refused(release, tmp_path):
    api = Asked(release)
    for host, status in (("127.0.0.1:8000", 200), ("[::1]:8000", 200), ("LOCALHOST", 200), ("evil.example", 421)):
        assert api.ask("GET", "/health/live", headers={"host": host}).status_code == status
    wrong = api.ask("POST", "/predict", json=ONE, headers={"host": "127.0.0.1.evil.example"}).json()["errors"][0]
    assert (wrong["field"], wrong["found"]) == ("Host", "'127.0.0.1.evil.example'")
    keys.add(tmp_path / "keys.json", "crm")
    assert Asked(release, tmp_path / "keys.json").ask("GET", "/health/live", headers={"host": "a.b"}).status_code == 200


def test_a_place_is_taken_only_when_the_body_is_there(release):
    api = Asked(release, running=1, waiting=0, per_key=1, timeout=0.4)

    async def slow():
        yield b"{"
        await asyncio.sleep(0.3)
        yield json.dumps(ONE).encode()[1:]

    async def stuck():
        yield b"{"
        await asyncio.sleep(1)
        yield b"}"

    async def talk(client):
        kind = {"content-type": "application/json"}
        waiting = [client.post("/predict", content=body, headers=kind) for body in (slow(), stuck(), stuck())]
        others = [asyncio.create_task(one) for one in waiting]
        await asyncio.sleep(0.1)
        return await client.post("/predict", json=ONE), *await asyncio.gather(*others)

    answers = api.run(talk)
    assert [answer.status_code for answer in answers] == [200, 200, 408, 408]
    assert answers[2].json()["errors"][0]["expected"] == "a whole body within 0.4 s"


def test_bodies_in_memory_are_bounded_for_all_and_for_each_key():
    gate = Gate(running=1, waiting=1, per_key=1, body=10)  # 160 bytes, and 80 a key
    with gate.room("a") as a, gate.room("b") as b, gate.room("c") as c:
        a(80)
        with pytest.raises(Problem, match="429"):
            a(1)
        b(79)
        c(1)
        with pytest.raises(Problem, match="503"):
            c(1)
    assert not gate.held


def test_what_has_no_room_is_refused_while_it_comes_and_leaves_none_taken(release):
    api = Asked(release, body=100)
    api.service.gate.memory = 50
    answer = api.ask("POST", "/predict", content=b" " * 60, headers={"content-type": "application/json"})
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["field"] == "bytes of requests in memory"
    assert not api.service.gate.held


def test_the_service_keeps_answers_where_it_is_told_to_and_nothing_otherwise(tmp_path):
    release = write_release(tmp_path / "release", "aaa")
    assert Asked(release).service.keeper is None
    api = Asked(release, ledger=str(tmp_path / "ledger" / "shop"))
    assert api.ask("POST", "/predict", json=ONE).status_code == 200
    rows = Ledger(tmp_path / "ledger" / "shop").scores()
    assert rows[["customer_id", "release", "probability"]].values.tolist() == [["Jane Doe", "aaa", 0.2]]
    assert 'patrons_ledger_answers_total{outcome="kept"} 1.0' in api.service.metrics.text()
