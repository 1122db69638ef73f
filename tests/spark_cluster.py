"""A cluster of Spark on loopback: its processes, and what its log of events says."""

import json
import os
import signal
import subprocess
import zipfile
from pathlib import Path

from drills import free_port, wait_for

REPOSITORY = Path(__file__).parents[1]
ENVIRONMENT = REPOSITORY / ".venv-spark"
SPARK = next(ENVIRONMENT.glob("lib/python*/site-packages/pyspark"), ENVIRONMENT / "none")
MEMORY = 512  # MB of each executor
RESERVED, FRACTION = 300, 0.1  # MB of it that Spark keeps for itself, and how much of the rest holds data
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # little work needs no second compiler
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": JAVA,
    "spark.executor.extraJavaOptions": JAVA,
    "spark.memory.fraction": FRACTION,
    "spark.sql.shuffle.partitions": 4,
    "spark.shuffle.io.maxRetries": 1,
    "spark.shuffle.io.retryWait": "1s",
    "spark.eventLog.enabled": "true",
    "spark.eventLog.rolling.enabled": "false",
    "spark.eventLog.compress": "false",
    "spark.eventLog.logBlockUpdates.enabled": "true",
}


def package(folder: Path) -> str:
    """A package of Java where Spark looks for those that were fetched before: nothing goes over the network."""
    kept = folder / "ivy" / "local" / "org.example" / "nothing" / "1.0"
    (kept / "jars").mkdir(parents=True)
    (kept / "ivys").mkdir()
    with zipfile.ZipFile(kept / "jars" / "nothing.jar", "w") as jar:
        jar.writestr("nothing.txt", "")
    about = '<ivy-module version="2.0"><info organisation="org.example" module="nothing" revision="1.0"/></ivy-module>'
    (kept / "ivys" / "ivy.xml").write_text(about)
    return "org.example:nothing:1.0"


class Cluster:
    """A master and two workers as processes of their own, and what runs on them."""

    def __init__(self, folder: Path):
        self.folder, self.processes = folder, []
        (folder / "conf").mkdir()
        (folder / "events").mkdir()
        own = {**SETTINGS, "spark.eventLog.dir": (folder / "events").as_uri(), "spark.local.dir": folder / "local"}
        own["spark.jars.ivy"] = folder / "ivy"
        text = "".join(f"{name} {value}\n" for name, value in own.items())
        (folder / "conf" / "spark-defaults.conf").write_text(text)
        self.port = free_port()
        self.master = f"spark://127.0.0.1:{self.port}"

    def begin(self) -> None:
        at = ["--host", "127.0.0.1", "--port"]
        self.start("master.Master", *at, str(self.port), "--webui-port", "0")
        wait_for(lambda: "Starting Spark master" in self.log(0), "the master")
        size = ["--cores", "1", "--memory", f"{MEMORY}m", "--webui-port", "0", "--work-dir", str(self.folder / "work")]
        for _ in range(2):
            self.start("worker.Worker", *at, "0", *size, self.master)
        wait_for(lambda: self.log(0).count("Registering worker") == 2, "both workers")

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "SPARK_CONF_DIR": str(self.folder / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_HOME": str(SPARK),
            "SPARK_DAEMON_MEMORY": "256m",
        }
        own |= {"SPARK_DAEMON_JAVA_OPTS": JAVA, "PYTHONPATH": str(REPOSITORY / "src"), "TZ": "Europe/Berlin"}
        return {**os.environ, **own, "SPARK_NO_DAEMONIZE": "1", "MLFLOW_TRACKING_URI": ""}

    def log(self, number: int) -> str:
        return (self.folder / f"{number}.log").read_text(errors="replace")

    def start(self, kind: str, *arguments: str) -> None:
        self.run([str(SPARK / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", *arguments])

    def run(self, command: list[str]) -> subprocess.Popen:
        with (self.folder / f"{len(self.processes)}.log").open("w") as log:
            process = subprocess.Popen(
                command, env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def kill(self, number: int) -> None:
        """A process and all that it has started, such as a worker's executor, without a word."""
        os.killpg(self.processes[number].pid, signal.SIGKILL)
        self.processes[number].wait()

    def stop(self) -> None:
        for number, process in reversed(list(enumerate(self.processes))):
            if process.poll() is None:
                self.kill(number)

    def events(self, kind: str) -> list[dict]:
        """What Spark's own log of events says, of all sessions; other events, with their plans, are not parsed."""
        begin = f'{{"Event":"SparkListener{kind}"'
        found = []
        for path in (self.folder / "events").rglob("app-*"):
            with path.open(encoding="utf-8") as file:
                found += [json.loads(line) for line in file if line.startswith(begin)]
        return found
