"""README says that data stay on the computer: a run, its kernels and MLflow open no connection to another one."""

import os
import subprocess
import sys
from pathlib import Path

from toy_series import PREAMBLE, notebook, params

from patrons.tracking import connection

ROOT = Path(__file__).parents[1]
WATCH = """
import os, sys

def look(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        address = args[1] if event != "socket.getaddrinfo" else args[:2]
        if isinstance(address, tuple):  # a path is a socket of this computer
            with open(os.environ["WATCHED"], "a") as file:
                print(*address[:2], file=file)

sys.addaudithook(look)
"""
KNOCK = """
import socket
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError:
    pass
"""


def test_a_run_with_mlflow_opens_no_connection(tmp_path):
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    notebook(tmp_path, "01_one", f"{PREAMBLE}\n(out / 'a.txt').write_text('a')", KNOCK, writes=("a.txt",))
    params(tmp_path)
    run = f"import run_all, pathlib; raise SystemExit(run_all.main(['toy'], root=pathlib.Path({str(tmp_path)!r})))"
    paths = [tmp_path / "watch", ROOT, ROOT / "src"]
    unset = {"MLFLOW_TRACKING_URI", *connection.SETTINGS}  # as a user's shell has them
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    environment |= {"WATCHED": str(tmp_path / "watched"), "PYTHONPATH": os.pathsep.join(map(str, paths))}
    done = subprocess.run([sys.executable, "-c", run], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mlflow.db").exists()
    # the one that the notebook opens itself, which shows that kernels are watched, too
    assert (tmp_path / "watched").read_text().split("\n") == ["127.0.0.1 9", "127.0.0.1 9", ""]


def test_usage_statistics_are_off():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "export MLFLOW_DISABLE_TELEMETRY = true" in makefile
    assert connection.SETTINGS["MLFLOW_DISABLE_TELEMETRY"] == "true"
    app = makefile.partition("\napp: ")[2].partition("\n\n")[0]
    assert "--browser.gatherUsageStats=false" in app
