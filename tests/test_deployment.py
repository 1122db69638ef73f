"""docs/deployment.md and compose.yaml: what they call, mount, open and set is there, and takes what it is given."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
from patrons.cli.main import parser
from serving import api

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "deployment.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
LINES = [line.partition("    #")[0].strip() for block in BLOCKS for line in block.splitlines() if line]
COMPOSE = yaml.safe_load((ROOT / "serving" / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]


def words(line: str, command: str) -> list[str]:
    """The arguments of a command in a line of shell, up to what follows it."""
    text = re.split(r" \| | > | && |\)| &$", line.partition(command)[2])[0]
    return shlex.split(text)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_is_shell(number):
    done = subprocess.run(["bash", "-n"], input=BLOCKS[number], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_commands_of_patrons_take_the_arguments_that_the_page_gives_them():
    lines = [line for line in LINES if ".venv/bin/patrons" in line]
    called = [parser().parse_args(words(line, ".venv/bin/patrons")).called for line in lines]
    assert set(called) == {"models", "keys", "scale", "deploy"}
    for line in lines:
        if "serving/api.py" in line:
            options = api.arguments(words(line.replace("{port}", "8001"), "serving/api.py"))
            assert (options.release.name, options.port) == (re.search(r"scale (\w+)", line)[1], 8001)


def test_the_targets_scripts_and_services_of_the_page_exist():
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^run:", makefile, re.MULTILINE)
    assert re.search(r"^\$\(SERVING\):", makefile, re.MULTILINE)  # make .venv/.serving
    assert "SERVING := .venv/.serving" in makefile
    for colour in re.findall(r"serving/balancer\.sh (\w+)", PAGE):
        assert re.search(rf"^(blue \| green|{colour})\)$", (ROOT / "serving" / "balancer.sh").read_text(), re.MULTILINE)
    assert "balancer" in SERVICES
    told = re.search(r"port (\d+), MLflow at (\d+), the app at (\d+)", PAGE).groups()
    opened = [SERVICES[name]["ports"][0].split(":")[1] for name in ("balancer", "tracking", "app")]
    assert list(told) == opened


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_of_compose_names_is_there(name):
    service = SERVICES[name]
    dockerfile = (ROOT / "serving" / service["build"]["context"] / service["build"]["dockerfile"]).read_text()
    command = service.get("command", [])
    given = shlex.split(command) if isinstance(command, str) else command
    for word in given:
        if word.startswith("serving/"):
            assert (ROOT / word).is_file()
            assert f"{word} " in dockerfile or f"{Path(word).parent}/ " in dockerfile  # and in the image
    for mount in service["volumes"]:
        source = mount["source"] if isinstance(mount, dict) else mount.partition(":")[0]
        assert source[0] in "$./" or source in COMPOSE["volumes"], mount
    variables = service.get("environment", {})
    settings = "".join(path.read_text() for path in [ROOT / "serving" / "haproxy.cfg", *(ROOT / "src").rglob("*.py")])
    for variable in variables:
        known = variable.removeprefix("PATRONS_API_").lower() if variable.startswith("PATRONS_API_") else variable
        assert variable in settings or known in settings or variable.startswith("MLFLOW_"), variable


def test_the_ports_of_compose_are_those_that_its_services_listen_at():
    balancer = SERVICES["balancer"]
    inside = {port.split(":")[-1] for port in balancer["ports"]}
    told = balancer["environment"]
    assert inside == {told[f"PATRONS_BALANCER_{name}"].rpartition(":")[2] for name in ("BIND", "METRICS")}
    for colour in ("blue", "green"):
        name, port = told[f"PATRONS_{colour.upper()}"].split(":")
        assert (name, [port]) == (colour, SERVICES[colour]["expose"])
    assert "--server.port=8501" in SERVICES["app"]["command"]
    assert "--port" in (ROOT / "serving" / "tracking.Dockerfile").read_text()
    assert SERVICES["tracking"]["ports"] == ["127.0.0.1:5000:5000"]
