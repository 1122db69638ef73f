"""The set-up says one thing: pyproject.toml, requirements.lock, environment.yml, the Makefile and README agree."""

import ast
import configparser
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import patrons

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = (
    "requirements.lock",
    *(f"serving/{name}.lock" for name in ("requirements", "image", "tracking")),
    "orchestration/dvc/requirements.lock",
    "orchestration/airflow/requirements.lock",
    "orchestration/spark/requirements.lock",
)
LOCKS = {name: (ROOT / name).read_text(encoding="utf-8") for name in PINNED}
SERVING = ("serve", "serve-test")  # extras that `make run` does without
PIN = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)\s*(?:;(?P<marker>[^\\]*))?(?P<hashes>(?:\s*\\\n\s+--hash=\S+)*)$"
)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = {  # what markers ask, and what uv calls it
    "linux-x86_64": ({"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}, "linux"),
    "linux-arm64": (
        {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
        "aarch64-unknown-linux-gnu",
    ),
    "macos-arm64": (
        {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
        "aarch64-apple-darwin",
    ),
}
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def pins(lock: str = "requirements.lock") -> list[re.Match]:
    """Every entry of a lock: a name, a version, perhaps a marker, and hashes."""
    entries = re.split(r"\n(?=\S)", LOCKS[lock].strip())
    return [PIN.match(entry) or pytest.fail(f"not a pinned, hashed requirement: {entry[:80]!r}") for entry in entries]


def applies(pin: re.Match, there: dict[str, str]) -> bool:
    """Whether a pin is for such a machine and Python."""
    return pin["marker"] is None or Marker(pin["marker"].strip()).evaluate(there)


def environment() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def wanted() -> list[tuple[str, str]]:
    """Each dependency with the lock that pins it."""
    extras = PROJECT["optional-dependencies"].items()
    folders = {**dict.fromkeys(SERVING, "serving/"), "spark": "orchestration/spark/"}
    told = [(line, folders.get(extra, "")) for extra, lines in extras for line in lines]
    return [
        (line, f"{folder}requirements.lock")
        for line, folder in [*((one, "") for one in PROJECT["dependencies"]), *told]
    ]


def versions_of(lock: str) -> dict[str, str]:
    return {canonicalize_name(pin["name"]): pin["version"] for pin in pins(lock)}


def tracked() -> list[Path]:
    """Files that git holds or would hold; none where this is no git checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize(("line", "lock"), wanted())
def test_a_dependency_is_pinned_at_a_version_that_its_range_allows(line, lock):
    requirement = Requirement(line)
    versions = versions_of(lock)
    name = canonicalize_name(requirement.name)
    assert name in versions, f"{name} is not in {lock}: run `make lock`"
    assert versions[name] in requirement.specifier


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_can_be_read_whole_and_pins_each_package_once(lock):
    names = [canonicalize_name(pin["name"]) for pin in pins(lock)]
    pinned = LOCKS[lock].count("==") - sum((pin["marker"] or "").count("==") for pin in pins(lock))
    assert len(names) == len(set(names)) == pinned


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock.startswith("serving")])
def test_serving_has_the_versions_that_the_models_were_made_with(lock):
    trained = versions_of("requirements.lock")
    served = versions_of(lock)
    assert {name: served[name] for name in served if name in trained} == {
        name: trained[name] for name in served if name in trained
    }
    assert "scikit-learn" in served


def test_the_image_has_no_notebooks_and_only_the_small_mlflow():
    served = versions_of("serving/image.lock")
    assert not [name for name in served if "jupyter" in name or name in ("mlflow", "nbconvert", "papermill")]
    assert "mlflow-skinny" in served


@pytest.mark.parametrize("lock", LOCKS)
def test_each_pin_has_a_hash_and_a_marker_that_can_be_read(lock):
    for pin in pins(lock):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", pin["hashes"]), pin["name"]
        assert pin["marker"] is None or Marker(pin["marker"].strip())


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index(lock):
    assert not re.search(r"://|^\s*(--index|--extra-index|--find-links|-i |-f )", LOCKS[lock], re.MULTILINE)


@pytest.mark.parametrize("lock", ["requirements.lock", "serving/requirements.lock"])
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_brings_one_xgboost_everywhere(lock, system, python):
    there = {**SYSTEMS[system][0], "python_version": python, "python_full_version": f"{python}.0"}
    installed = {canonicalize_name(pin["name"]) for pin in pins(lock) if applies(pin, there)}
    assert installed & {"xgboost", "xgboost-cpu"} == {"xgboost" if system == "macos-arm64" else "xgboost-cpu"}


@pytest.mark.drill
@pytest.mark.parametrize("lock", ["requirements.lock", "serving/requirements.lock"])
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_pinned_package_has_a_wheel_for(python, system, lock, tmp_path):
    """Asks the index, and installs nothing."""
    uv = Path(sys.executable).parent / "uv"
    command = [uv, "pip", "install", "--dry-run", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--target", tmp_path, "--python-version", python, "--python-platform", SYSTEMS[system][1]]
    asked = subprocess.run([*command, "-r", lock], cwd=ROOT, capture_output=True, text=True, check=False)
    if re.search("fetch|error sending request|dns error|timed out|offline", asked.stderr.lower()):
        pytest.skip("the package index cannot be reached")
    assert asked.returncode == 0, asked.stderr


def test_the_pythons_that_are_supported_are_the_same_everywhere():
    [conda] = [line for line in environment()["dependencies"] if str(line).startswith("python")]
    inside = SpecifierSet(conda.removeprefix("python"))
    assert [minor for minor in range(20) if f"3.{minor}.0" in inside] == [11, 12, 13]
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
    assert f"--python-version {PYTHONS[0]}" in MAKEFILE
    assert " ".join(f"python{version}" for version in reversed(PYTHONS)) in MAKEFILE
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"\b3\.\d\d\b", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert (told[0], told[-1]) == (PYTHONS[0], PYTHONS[-1])


def test_conda_installs_the_lock_and_nothing_else():
    [extra] = [line["pip"] for line in environment()["dependencies"] if isinstance(line, dict)]
    assert extra == ["--requirement requirements.lock"]
    assert {line for line in environment()["dependencies"] if isinstance(line, str)} == {"python>=3.11,<3.14", "pip"}


def stand_in(folder: Path, name: str, *, able: bool) -> None:
    """A command that answers as a Python does, and says so when it is to make an environment."""
    path = folder / name
    path.write_text(
        "#!/bin/sh\ncase $1 in\n"
        f'-c) exit {0 if able else 1} ;;\n--version) echo {name} ;;\n*) echo {name} was asked: "$@" ;;\nesac\n'
    )
    path.chmod(0o755)


def make_anew(folder: Path, pythons: dict[str, bool], *arguments: str) -> subprocess.CompletedProcess:
    """What make says where these Pythons are on the path, each able or not to make an environment."""
    shutil.copy(ROOT / "Makefile", folder)
    for name, able in {
        **dict.fromkeys(("python3.13", "python3.12", "python3.11", "python3"), False),
        **pythons,
    }.items():
        stand_in(folder, name, able=able)
    environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    command = ["make", "--no-print-directory", ".venv", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("pythons", "arguments", "chosen"),
    [
        ({"python3.12": True, "python3.13": True}, (), "python3.13"),
        ({"python3.11": True, "python3.12": True, "python3": True}, (), "python3.12"),
        ({"python3": True}, (), "python3"),
        ({"python3.13": True, "mine": True}, ("PYTHON=mine",), "mine"),
    ],
)
def test_make_takes_the_newest_python_that_can_or_the_one_it_is_told(pythons, arguments, chosen, tmp_path):
    done = make_anew(tmp_path, pythons, *arguments)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == f"{chosen} was asked: -m venv --clear .venv"


@pytest.mark.parametrize("arguments", [(), ("PYTHON=nonesuch",)])
def test_where_there_is_no_python_make_says_what_to_install(arguments, tmp_path):
    done = make_anew(tmp_path, {}, *arguments)
    assert done.returncode != 0
    assert "Python 3.11, 3.12 or 3.13" in done.stdout
    assert {"Debian", "Ubuntu", "Fedora", "macOS"} <= set(re.findall(r"\w+", done.stdout))
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("asked", "anew"), [("", False), ("3.11", False), ("3.12", True)], ids=["none asked for", "the same", "another"]
)
def test_an_environment_of_another_python_is_made_anew(asked, anew, tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for path, says in ((".venv/bin/python", "3.11"), ("other", asked)):
        (tmp_path / path).write_text(f"#!/bin/sh\necho {says}\n")
        (tmp_path / path).chmod(0o755)
    for name in (".venv/bin/pip", ".venv/.ready"):
        (tmp_path / name).touch()
    command = ["make", "--dry-run", ".venv/.ready", *(["PYTHON=./other"] if asked else [])]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ("-m venv --clear .venv" in done.stdout) is anew


def test_a_commit_is_checked_as_lint_checks():
    recipe = MAKEFILE.partition("\nlint:")[2].partition("\n\n")[0]
    linted = re.findall(r"\$\(BIN\)/([a-z]+(?: [a-z]+| --[a-z]+)*)", recipe)
    config = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    hooks = [hook for repository in yaml.safe_load(config)["repos"] for hook in repository["hooks"]]
    assert [hook["entry"].removeprefix(".venv/bin/") for hook in hooks] == linted
    assert len(hooks) == 4
    assert all(hook["language"] == "system" for hook in hooks)  # nothing is fetched


def test_every_test_is_run_by_make_test_or_by_make_drills():
    left_out, taken = re.findall(r'-m "([^"]*)"', MAKEFILE)
    assert left_out == f"not ({taken})"
    steps = re.findall(r"^make (\w+)", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert steps == ["lint", "test", "drills"]


def test_plain_make_lists_every_target():
    command = ["make", "--no-print-directory"]  # which make adds where make runs the tests
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in listed.splitlines()[1:]} == TARGETS
    assert {"run", "test", "lab", "ui", "lint", "clean"} <= TARGETS


def test_the_make_targets_that_readers_are_told_of_exist():
    texts = [path.read_text(encoding="utf-8") for path in ROOT.glob("*.md")]
    told = {target for text in texts for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)}
    assert told
    assert told <= TARGETS


def test_no_file_holds_a_path_of_one_machine_or_an_address_of_a_registry():
    files = tracked()
    if not files:
        pytest.skip("this is no git checkout")
    places = ("/" + "work/", "/" + "root/", "/" + "home/", "pypi" + ".org", "pythonhosted" + ".org", "/opt/" + "wheels")
    texts = {path: path.read_bytes().decode("utf-8", errors="ignore") for path in files}
    assert [(path.name, place) for path, text in texts.items() for place in places if place in text] == []


def test_the_package_that_users_get_holds_the_templates():
    templates = Path(patrons.__file__).parent / "reports" / "templates"
    assert (templates / "patrons" / "index.html.j2").is_file()
    assert (templates / "style.css").is_file()


def test_the_changelog_and_the_licence_are_what_the_project_says():
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{PROJECT['license']} License")


@pytest.mark.parametrize("serving", [False, True])
def test_every_package_that_the_code_imports_is_declared(serving):
    """Only the API and the app may import what the extra `serve` brings."""
    own = [ROOT / "src" / "patrons" / name for name in ("service", "app")]
    paths = [path for folder in ("src", "notebooks") for path in (ROOT / folder).rglob("*.py")]
    sources = [path.read_text() for path in paths if serving or path.parent not in own]
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        cells = json.loads(path.read_text())["cells"]
        sources += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    packages = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"patrons"}
    packages.remove("pyspark")  # of the extra `spark`, which has an environment of its own
    distributions = importlib.metadata.packages_distributions()
    wanted = [*PROJECT["dependencies"], *(PROJECT["optional-dependencies"]["serve"] if serving else [])]
    declared = {canonicalize_name(Requirement(text).name) for text in wanted}
    undeclared = {one for one in packages if not declared & {canonicalize_name(d) for d in distributions.get(one, [])}}
    assert not undeclared, f"add to pyproject.toml: {undeclared}"


COMPOSE = yaml.safe_load((ROOT / "serving" / "compose.yaml").read_text(encoding="utf-8"))["services"]


@pytest.mark.parametrize("name", COMPOSE)
def test_a_service_of_compose_is_our_own_image_without_root_on_this_machine_only(name):
    service = COMPOSE[name]
    dockerfile = (ROOT / "serving" / service["build"]["context"] / service["build"]["dockerfile"]).read_text()
    last = "\n" + dockerfile.rpartition("\nFROM ")[2]
    assert service.get("ports") or service.get("expose") or service["network_mode"] == "none"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert re.search(r"^USER 1\d{4}$", last, re.MULTILINE)
    assert "healthcheck" in service or "\nHEALTHCHECK " in last
    assert service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_compose_runs_replicas_of_the_api_that_only_the_balancer_reaches(colour):
    service = COMPOSE[colour]
    assert service["deploy"]["replicas"] == 2
    assert (service["expose"], "ports" in service, service["read_only"]) == (["8000"], False, True)
    assert f"/srv/releases/{colour}" in service["command"]
    assert COMPOSE["balancer"]["environment"][f"PATRONS_{colour.upper()}"] == f"{colour}:8000"
    assert int(service["stop_grace_period"].rstrip("s")) > service["environment"]["PATRONS_API_DRAIN"] + 2 * 10 + 2


def test_the_secrets_of_compose_come_from_the_environment_and_have_no_default():
    text = (ROOT / "serving" / "compose.yaml").read_text(encoding="utf-8")
    told = (ROOT / "serving" / "env.example").read_text(encoding="utf-8")
    asked = re.findall(r"\$\{(\w+)([^}]*)\}", text)
    assert {name for name, _ in asked} == set(re.findall(r"^(\w+)=", told, re.MULTILINE))
    assert all(rest.startswith(":?") for _, rest in asked)
    assert "MLFLOW_AUTH_ADMIN_PASSWORD" in COMPOSE["tracking"]["environment"]


def test_the_tracking_server_grants_nothing_by_default_and_has_no_password_of_its_own():
    config = configparser.ConfigParser()
    config.read(ROOT / "serving" / "tracking.ini")
    assert config["mlflow"]["default_permission"] == "NO_PERMISSIONS"
    assert "admin_password" not in config["mlflow"]
    image = (ROOT / "serving" / "tracking.Dockerfile").read_text(encoding="utf-8")
    assert "COPY serving/tracking.ini /opt/mlflow/tracking.ini" in image
    assert "MLFLOW_AUTH_CONFIG_PATH=/opt/mlflow/tracking.ini" in image
    assert "default-artifact-root" not in image  # which would take artifacts past the server


def test_the_backup_of_compose_can_change_nothing_but_backups():
    service = COMPOSE["backup"]
    assert service["read_only"] is True
    assert service["network_mode"] == "none"
    mounts = [one if isinstance(one, dict) else one.rpartition(":") for one in service["volumes"]]
    writable = [one for one in mounts if not (one["read_only"] if isinstance(one, dict) else one[2] == "ro")]
    assert [one[2] for one in writable] == ["/backups"]
    assert "--keep 28" in service["command"][2]
