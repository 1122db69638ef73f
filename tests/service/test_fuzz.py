"""The API under schemathesis: requests made up from its own description get documented answers and never a 500."""

import subprocess
import sys

import pytest

pytest.importorskip("schemathesis", reason="the serving extra is not installed: make test installs it")
from tests.service.test_server import server, shown  # noqa: F401

pytestmark = pytest.mark.drill
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_made_up_requests_get_documented_answers_and_no_500(server, tmp_path):  # noqa: F811
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/schema/", f"--checks={CHECKS}"]
    bounds = ["--max-examples=60", "--seed=1", "--generation-deterministic", "--phases=examples,coverage,fuzzing"]
    done = subprocess.run([*command, *bounds, "--no-color"], capture_output=True, text=True, timeout=250, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-500:]
    assert {event["status"] for event in server.events("request")} >= {200, 400, 405, 415, 422}
    assert not server.events("failure")
