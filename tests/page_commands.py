"""The commands of README and docs, and what runs each: a test, a drill, or the reader alone, and why."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"\s+#\s.*$|^#.*$", re.MULTILINE)


class Command(NamedTuple):
    """A command of a page, without its comment; one that reads on to further lines has them all."""

    page: str
    text: str


class Shown(NamedTuple):
    """Where commands are run: those of a page that begin so are in a test, which names some of their words."""

    page: str
    begin: str
    test: str
    words: tuple[str, ...] = ()


class Left(NamedTuple):
    """Commands that no test runs, with the reason; what of them has a parser of ours is parsed all the same."""

    page: str
    begin: str
    why: str


def commands() -> list[Command]:
    """Every command of the blocks marked `sh`, in order."""
    return [
        Command(page.name, text)
        for page in PAGES
        for block in BLOCK.findall(page.read_text(encoding="utf-8"))
        for text in _commands(block)
    ]


def _commands(block: str) -> Iterator[str]:
    lines, end = [], ""
    for line in block.splitlines():
        lines.append(line if end else COMMENT.sub("", line))
        text = "\n".join(lines).strip()
        here = re.search(r"<<'(\w+)'$", lines[0])
        end = here[1] if here else ""
        open_quote = not end and text.count("'") % 2 == 1
        if not text or (end and line != end) or open_quote or line.endswith("\\"):
            continue
        yield text
        lines, end = [], ""
    assert not "".join(lines).strip(), f"a command does not end: {lines}"


RUN = [  # here, one after the other, on the results of the small demo; with the exit code
    (Command("README.md", ".venv/bin/patrons predict"), 0),
    (Command("running.md", ".venv/bin/python run_all.py --help"), 0),
    (Command("scoring.md", ".venv/bin/patrons predict"), 0),
    (Command("scoring.md", ".venv/bin/patrons models build"), 0),
    (Command("scoring.md", ".venv/bin/patrons models promote"), 0),
    (Command("scoring.md", ".venv/bin/patrons models rollback"), 2),  # as the page says: it needs two champions
    (Command("scoring.md", ".venv/bin/patrons models history"), 0),
    (Command("scoring.md", ".venv/bin/patrons models repair"), 0),
    (Command("scoring.md", ".venv/bin/patrons models export"), 0),
    (Command("serving.md", ".venv/bin/python -c"), 0),
    (Command("watching.md", ".venv/bin/patrons outcomes"), 0),
    (Command("watching.md", ".venv/bin/patrons compare"), 0),
]
DELIVERY = (
    "tests/service/test_delivery_drill.py::"
    "test_only_a_good_release_answers_and_a_lost_replica_brings_the_former_one_back"
)
AIRFLOW = "tests/orchestration/test_airflow_drill.py::test_a_fault_that_passes_is_tried_again"
FLIPS = "tests/service/test_balancer.py::test_flips_rollbacks_a_reload_and_a_drain_lose_no_request"
LOAD = "tests/service/test_balancer.py::test_more_and_fewer_replicas_by_load_and_a_killed_one_lose_no_request"
DEMO = "tests/test_demo.py::test_the_series_succeeds"
RESUME = "tests/test_demo.py::test_a_second_series_with_resume_has_nothing_to_do"
INIT = "tests/intake/test_init.py::test_with_run_the_series_follows_with_its_options_and_again_on_the_same_params_file"
BACKUP = "tests/tracking/test_backup_drill.py::test_server_and_disk_are_gone_and_everything_before_the_backup_is_back"
TRIAL = "tests/value/test_trial.py::test_the_commands_of_the_page_on_trials_run_as_typed"
SPARK = "tests/orchestration/test_spark_drill.py::test_all_customers_are_scored_on_spark_as_here"
DVC = (
    "tests/orchestration/test_dvc_drill.py::test_a_clone_has_the_same_results_and_one_parameter_runs_what_depends_on_it"
)
DAG = "tests/orchestration/test_airflow.py::test_the_committed_pipeline_is_what_the_notebooks_declare"
GIVEN = "tests/monitoring/test_given.py::test_what_was_scored_on_a_day_takes_its_outcome_and_the_others_are_counted"
LOOK = "tests/monitoring/test_retraining.py::test_a_dry_run_says_what_would_be_done_and_changes_nothing"
HERE = "tests/test_page_commands.py::test_what_pages_tell_runs_as_it_is_typed"
TOUR = "tests/test_tour.py::test_another_number_of_groups_and_other_windows_show_what_the_tour_says"
SHOWN = [
    Shown("running.md", ".venv/bin/python run_all.py demo --only", TOUR, ("EDITS",)),
    Shown("README.md", "make run FILE=", INIT, ('"init"', '"--run"')),
    Shown("own-data.md", "make run FILE=", INIT, ('"init"', '"--run"')),
    Shown("README.md", "make run", DEMO),
    Shown("README.md", ".venv-dvc/bin/dvc", DVC, ("README.md", "commands()")),
    Shown("README.md", "git commit --all", DVC, ("README.md", "commands()")),
    Shown("trial.md", "", TRIAL, ("trial.md",)),
    Shown("deployment.md", "make run", DEMO),
    Shown("deployment.md", ".venv/bin/patrons deploy demo --", DELIVERY, ("deploy",)),
    Shown("deployment.md", ".venv/bin/patrons deploy demo rollback", DELIVERY, ("rollback",)),
    Shown("operations.md", ".venv/bin/patrons deploy demo --", DELIVERY, ("deploy",)),
    Shown("operations.md", ".venv/bin/patrons deploy demo rollback", DELIVERY, ("rollback",)),
    Shown("deployment.md", "haproxy -W", FLIPS),
    Shown("operations.md", "haproxy -W", FLIPS),
    Shown("deployment.md", "serving/balancer.sh", FLIPS),
    Shown("deployment.md", ".venv/bin/patrons scale", LOAD),
    Shown("operations.md", ".venv/bin/patrons scale", LOAD),
    Shown("operations.md", ".venv/bin/patrons backup", BACKUP, ("backup",)),
    Shown("operations.md", ".venv/bin/patrons restore", BACKUP, ("restore",)),
    Shown("operations.md", "as_admin ", BACKUP, ("roles/create", "roles/permissions/add", "roles/assign")),
    Shown("operations.md", "at=", BACKUP),
    Shown("operations.md", "as_admin()", BACKUP),
    Shown("operations.md", ".venv/bin/python run_all.py demo --resume", RESUME, ("--resume",)),
    Shown("operations.md", ".venv/bin/patrons dag", DAG),
    Shown("operations.md", "orchestration/airflow/airflow.sh dags test", AIRFLOW),
    Shown("operations.md", "make airflow", AIRFLOW),
    Shown("monitoring.md", ".venv/bin/patrons outcomes telco", GIVEN),
    Shown("watching.md", ".venv/bin/patrons retrain", LOOK, ("--dry-run",)),
    Shown("scale.md", ".venv-spark/bin/python - <<", SPARK, ("commands()", "scale.md")),
    Shown("deployment.md", ".venv/bin/patrons models build", HERE),
    Shown("deployment.md", ".venv/bin/patrons models promote", HERE),
    Shown("deployment.md", ".venv/bin/patrons models export", HERE),
]
CONTAINERS = "needs Docker; the drill of the images starts the same file by Podman"
ROOT_ONLY = "changes folders of the system, as root"
RUNNING = "asks a service that the page has started before; the drills ask theirs by other means"
LEFT = [
    Left("scale.md", "make spark", "needs the network and Java; CI begins its drills with it"),
    Left("scale.md", ".venv-spark/bin/python run_all.py", "the reader's own series; parsed, and drilled on the demo"),
    Left("deployment.md", "sudo ", ROOT_ONLY),
    Left("operations.md", "sudo ", ROOT_ONLY),
    Left("operations.md", "secret", ROOT_ONLY),
    Left("deployment.md", "git clone", "needs the network, and a fork"),
    Left("deployment.md", "make .venv/.serving", "needs the network; CI begins with it"),
    Left("deployment.md", "docker compose", CONTAINERS),
    Left("operations.md", "docker compose", CONTAINERS),
    Left("operations.md", "balancer", CONTAINERS),
    Left("operations.md", "echo demo-", CONTAINERS),
    Left("deployment.md", "curl", RUNNING),
    Left("serving.md", "curl", RUNNING),
    Left("serving.md", "make run && make api", "starts a service that stays; the drills start it by `serving/api.py`"),
    Left("operations.md", "kubectl", "needs a cluster; test_kubernetes.py holds the files to their schema"),
    Left("operations.md", "install -m 600", "copies keys for a cluster"),
    Left("operations.md", "jq ", "needs jq; tests/test_events.py reads the same lines"),
    Left("deployment.md", "install -d", "makes a folder"),
    Left("deployment.md", "mkdir", "makes a folder"),
    Left("operations.md", "mkdir", "makes a folder"),
    Left("deployment.md", "export", "names places"),
    Left("operations.md", "export", "names places"),
    Left("security.md", "export", "names a place"),
    Left("deployment.md", "basename", "names the newest release; the drills of delivery write these files themselves"),
    Left("deployment.md", "(umask", "tests/service/test_keys.py makes keys; parsed"),
    Left("deployment.md", "cp ", "copies a file; tests/test_deployment.py reads it"),
    Left("deployment.md", ".venv/bin/python -c", "run as serving.md has it"),
    Left("scoring.md", ".venv/bin/python run_all.py", "runs a whole series; parsed"),
    Left("running.md", ".venv/bin/python run_all.py params/mine.yaml", "the reader's own series; parsed"),
    Left("security.md", ".venv/bin/patrons keys sign", "of the reader's release; test_repair.py signs one; parsed"),
]


def begins(command: Command, page: str, begin: str) -> bool:
    return command.page == page and command.text.startswith(begin)


def handled(command: Command) -> Command | Shown | Left | None:
    """The entry of a table for a command: it is run, shown elsewhere, or left."""
    ran = [one for one, _ in RUN if begins(command, one.page, one.text)]
    others = [one for one in [*SHOWN, *LEFT] if begins(command, one.page, one.begin)]
    return next(iter([*ran, *others]), None)
