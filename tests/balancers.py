"""The balancer of serving/haproxy.cfg as a process, for drills."""

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psutil
from drills import ROOT, environment, free_port, wait_for

LACKING = [tool for tool in ("haproxy", "socat", "openssl") if shutil.which(tool) is None]


class Haproxy:
    """The balancer of serving/haproxy.cfg, with ports and a folder of its own."""

    def __init__(self, run: Path, **more: str):
        self.run, self.port, self.metrics = run, free_port(), free_port()
        self.environment = environment(
            PATRONS_BALANCER_RUN=str(run),
            PATRONS_BALANCER_BIND=f"127.0.0.1:{self.port}",
            PATRONS_BALANCER_METRICS=f"127.0.0.1:{self.metrics}",
            **more,
        )
        self.url = f"http://127.0.0.1:{self.port}"
        command = ["haproxy", "-W", "-f", str(ROOT / "serving" / "haproxy.cfg")]
        with (run / "log").open("w") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        wait_for(self._listens, "haproxy")

    def _listens(self):
        assert self.process.poll() is None, (self.run / "log").read_text()
        return (self.run / "haproxy.sock").exists()

    def workers(self) -> set[int]:
        """The processes that serve; a reload starts another one."""
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def tell(self, *words: str) -> str:
        """What serving/balancer.sh says."""
        command = [str(ROOT / "serving" / "balancer.sh"), *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def haproxy(**more):
    with tempfile.TemporaryDirectory(prefix="balancer-") as folder:  # sockets have short names
        balancer = Haproxy(Path(folder), **more)
        try:
            yield balancer
        finally:
            balancer.process.terminate()
            balancer.process.wait(15)
