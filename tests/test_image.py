"""The images of serving/ and its compose.yaml, built and started without a Docker engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("podman", "runc", "mmdebstrap", "iptables")
LACKING = [tool for tool in TOOLS if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.drill(seconds=250),
    pytest.mark.skipif(os.geteuid() != 0, reason="images are built without a Docker engine by root only"),
    pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}"),
]


def test_the_images_answer_a_customer_with_a_key_and_nobody_without(demo_release):
    certificates = "/etc/ssl/certs"  # those of this machine, which may be behind a proxy of its own
    command = ["timeout", "--kill-after=30", "840"]  # ends all that the script started, not only the script
    command += [ROOT / "tests" / "image.sh", demo_release, "--volume", f"{certificates}:{certificates}:ro"]
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert '"churn_probability"' in done.stdout
    assert "green answers." in done.stdout
    assert done.stdout.splitlines()[-1] == "MLflow: 401 without its password, 200 with it"
