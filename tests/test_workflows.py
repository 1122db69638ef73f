"""The workflows for those who fork: sound, with no more rights than they need, made of make targets that work here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in sorted((ROOT / ".github" / "workflows").iterdir())}
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
JOBS = [(file, name, job) for file, flow in WORKFLOWS.items() for name, job in flow["jobs"].items()]
STEPS = [(file, step) for file, _, job in JOBS for step in job.get("steps", [])]
VERSION = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
DOCKER = """#!/bin/sh
# stands in for docker: says what it is asked, and knows the digest of what was pushed
echo "$@" >>"$CALLS"
[ "$1" != inspect ] || echo "registry.example.org/shop/${4#registry.example.org/shop/}" | sed "s/:.*/@sha256:00/"
[ "$1" != login ] || { read -r password; echo "password $password" >>"$CALLS"; }
"""


def make(target: str, folder: Path = ROOT, **variables: str) -> subprocess.CompletedProcess:
    command = ["make", "--no-print-directory", "--silent", target]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "REGISTRY"))}
    environment |= variables
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_actionlint_finds_nothing():
    found = shutil.which("actionlint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip("actionlint is not installed: make test installs it")
    done = subprocess.run([found, "-no-color"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_line_that_a_workflow_runs_is_a_make_target_that_exists():
    lines = [line for _, step in STEPS if "run" in step for line in step["run"].splitlines()]
    ran = [re.fullmatch(r"make ([a-z]+)( [A-Z]+=\S+)*", line) for line in lines]
    assert None not in ran, lines
    assert {one[1] for one in ran} <= TARGETS
    assert {"test", "drills", "tools", "images", "push", "sign", "notes", "publish", "deploy"} == {
        one[1] for one in ran
    }
    assert not [line for line in lines if "${{" in line]  # what others wrote comes by variables, never into a shell


def test_what_others_have_written_is_pinned_to_a_commit_with_its_version_beside_it():
    texts = [path.read_text() for path in (ROOT / ".github" / "workflows").iterdir()]
    used = [line for text in texts for line in re.findall(r"uses: (.+)", text)]
    assert used
    for line in used:
        assert re.fullmatch(r"\./\.github/workflows/\w+\.yml|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    assert len({line.partition("@")[0] for line in used if "@" in line}) == len({line for line in used if "@" in line})


def test_a_job_may_read_the_code_and_says_where_it_needs_more():
    allowed = {
        ("release.yml", "images"): {"contents": "read", "packages": "write", "id-token": "write"},
        ("release.yml", "notes"): {"contents": "write"},
    }
    for file, name, job in JOBS:
        rights = job.get("permissions", WORKFLOWS[file]["permissions"])
        assert rights == allowed.get((file, name), rights if rights in ({}, {"contents": "read"}) else None), name
    for _, step in STEPS:
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_tests_run_on_each_python_and_system_and_drills_on_linux():
    jobs = WORKFLOWS["tests.yml"]["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos"}
    assert jobs["drills"]["runs-on"].startswith("ubuntu")


def test_a_tag_is_tested_before_images_are_pushed_and_every_image_is_scanned_before_that():
    jobs = WORKFLOWS["release.yml"]["jobs"]
    needs = {name: job.get("needs") for name, job in jobs.items()}
    assert needs == {"tests": None, "images": "tests", "notes": "images", "deploy": "notes"}
    steps = jobs["images"]["steps"]
    order = [step.get("run") or step["uses"].partition("@")[0] for step in steps]
    scanned = [step["with"]["image"] for step in steps if "scan-action" in step.get("uses", "")]
    compose = yaml.safe_load((ROOT / "serving" / "compose.yaml").read_text())["services"].values()
    assert set(scanned) == {service["image"] for service in compose if "build" in service}
    assert all(step["with"]["fail-build"] for step in steps if "scan-action" in step.get("uses", ""))
    last = len(order) - order[::-1].index("anchore/scan-action")
    assert order.index("make images") < last <= order.index("make push") < order.index("make sign")


def test_a_tag_deploys_by_the_command_that_airflow_calls_and_is_not_stopped_half_way():
    assert WORKFLOWS["release.yml"]["jobs"]["deploy"]["uses"] == "./.github/workflows/deploy.yml"
    assert WORKFLOWS["deploy.yml"]["concurrency"]["cancel-in-progress"] is False
    assert "secrets: inherit" not in (ROOT / ".github" / "workflows" / "release.yml").read_text()


@pytest.fixture
def delivering(tmp_path):
    """Calls `make deploy` with variables as a workflow sets them, in a folder whose patrons says what it was given."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    command = tmp_path / ".venv" / "bin" / "patrons"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/sh\necho "$@"\necho "$PATRONS_PIPELINE"\n')
    command.chmod(0o755)

    def call(**variables):
        line = ["make", "--no-print-directory", "--old-file=.venv/.serving", "deploy"]
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PATRONS", "ARGS"))
        }
        given = inherited | {"PATRONS_PIPELINE": "workflow 7", **variables}
        return subprocess.run(line, cwd=tmp_path, env=given, capture_output=True, text=True, check=False)

    return call


def test_a_delivery_names_the_commit_of_the_folder_that_it_is_made_in(delivering, tmp_path):
    given = {"PARAMS": "params/shop.yaml", "RELEASES": "/srv/the releases"}
    assert delivering(**given).stdout.splitlines() == [
        "deploy shop --releases /srv/the releases",
        "workflow 7, commit none",
    ]
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "Makefile"], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert delivering(**given).stdout.splitlines()[-1] == f"workflow 7, commit {head[:12]}"
    assert "github.sha" not in (ROOT / ".github" / "workflows" / "deploy.yml").read_text()


@pytest.mark.parametrize(
    "series", ["demo;touch ran", "$(shell touch ran)", "`touch ran`", "demo\ntouch ran", '"; touch ran; "', "-x", ""]
)
def test_what_somebody_types_as_a_series_is_no_command(delivering, tmp_path, series):
    done = delivering(PARAMS=series, RELEASES="/srv/releases")
    assert (done.returncode, done.stdout, (tmp_path / "ran").exists()) == (2, "", False)
    assert "make deploy: PARAMS is to name a series" in done.stderr


def test_a_fork_that_has_not_named_its_folder_of_releases_delivers_nowhere(delivering):
    done = delivering(PARAMS="demo", RELEASES="")
    assert (done.returncode, done.stdout) == (2, "")
    assert "make deploy: RELEASES is empty." in done.stderr


@pytest.fixture
def copy(tmp_path):
    """What the targets read, with a changelog of a release and a stand-in for docker."""
    for folder in (".ci", "serving"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## [{VERSION}] - 2026-12-01\n\n- New.\n\n## [0.0.1]\n\n- Old.\n"
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(DOCKER)
    (tmp_path / "bin" / "docker").chmod(0o755)
    return tmp_path


def variables(copy: Path) -> dict[str, str]:
    return {
        "TAG": f"v{VERSION}",
        "CALLS": str(copy / "calls"),
        "PATH": f"{copy / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }


def test_the_notes_of_a_release_are_its_section_of_the_changelog(copy):
    assert make("notes", copy, **variables(copy)).stdout.strip() == "- New."


def test_images_are_built_as_compose_says_pushed_under_the_version_and_known_by_digest(copy):
    known = variables(copy) | {
        "REGISTRY": "registry.example.org/shop",
        "REGISTRY_USER": "me",
        "REGISTRY_PASSWORD": "pw",
    }
    for target in ("images", "push"):
        done = make(target, copy, **known)
        assert done.returncode == 0, done.stderr
    calls = (copy / "calls").read_text().splitlines()
    assert "build --file serving/Dockerfile --tag patrons ." in calls
    assert "login --username me --password-stdin registry.example.org" in calls
    assert f"push registry.example.org/shop/patrons-balancer:{VERSION}" in calls
    assert "registry.example.org/shop/patrons@sha256:00" in (copy / "dist" / "images.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("target", "given", "says"),
    [
        ("notes", {"TAG": ""}, f"TAG is not set. Say which: TAG=v{VERSION}"),
        ("notes", {"TAG": "v9.9.9"}, f"TAG is v9.9.9, and pyproject.toml has the version {VERSION}"),
        ("push", {}, "REGISTRY is not set, so nothing was sent."),
        ("images", {"ENGINE": "nonesuch"}, "there is no nonesuch here."),
        ("sign", {}, "dist/images.txt names no image. First: make push"),
    ],
)
def test_what_lacks_is_said_before_anything_is_sent(copy, target, given, says):
    done = make(target, copy, **{**variables(copy), **given})
    assert done.returncode == 2
    assert f"make {target}: {says}" in done.stderr
    assert not (copy / "calls").exists()


def test_a_release_that_the_changelog_does_not_know_is_refused(copy):
    (copy / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n- New.\n")
    for target in ("notes", "publish"):
        done = make(target, copy, **variables(copy))
        assert (done.returncode, f"CHANGELOG.md says nothing of {VERSION}" in done.stderr) == (2, True)
