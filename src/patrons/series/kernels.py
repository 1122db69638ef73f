"""The kernel of a worker: of this very interpreter, started plainly or forked from a warm process."""

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.utils import run_sync
from traitlets import default

SOCKET_PATH_LIMIT = 90  # the system's is 108, and names are added
LAUNCHER = "ipykernel_launcher"
PATIENCE = 60  # seconds until a kernel is ready


@dataclass
class Forked:
    """A process that waits to become a kernel, with as much of `Popen` as jupyter_client uses."""

    pid: int
    orders: int | None
    returncode: int | None = None
    stdin: None = None
    stdout: None = None
    stderr: None = None

    def begin(self, argv: list[str], env: dict[str, str], cwd: str) -> None:
        """Let it become a kernel."""
        assert self.orders is not None  # a kernel begins once
        with os.fdopen(self.orders, "w") as orders:
            json.dump({"argv": argv, "env": env, "cwd": cwd}, orders)
        self.orders = None

    def poll(self) -> int | None:
        """The exit code, None as long as it runs."""
        return self._collected(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, once it has ended."""
        return self._collected(0)

    def _collected(self, options: int) -> int | None:
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, options)
            self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork() -> Forked | None:
    """A process that waits to become a kernel; None in that process. To be called before a thread is started."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(read)
        return Forked(pid, write)
    os.setsid()
    os.dup2(2, 1)  # what was the worker's is not the kernel's: its input closes, and its output, when it ends
    os.dup2(read, 0)
    os.close(read)
    os.close(write)
    return None


def become() -> None:
    """Wait for orders on standard input and become that kernel, as a plainly started one would be."""
    from ipykernel.kernelapp import IPKernelApp

    text = b"".join(iter(lambda: os.read(0, 65_536), b""))
    if not text:  # the worker has ended
        os._exit(1)
    orders = json.loads(text)
    os.environ.clear()
    os.environ.update(orders["env"])
    os.chdir(orders["cwd"])
    sys.argv = [sys.modules[LAUNCHER].__file__ or LAUNCHER, *orders["argv"]]
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # Python's own generator does so itself
    IPKernelApp.launch_instance(orders["argv"], parent_handle=int(orders["env"]["JPY_PARENT_PID"]))


class ForkedProvisioner(LocalProvisioner):
    """Provides the kernel that was forked."""

    process: Any  # as the base says, a Popen

    def __init__(self, forked: Forked, **options: Any):
        super().__init__(**options)
        self.forked = forked

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        env = {**options["env"], "JPY_PARENT_PID": str(os.getpid())}
        self.cwd = options.get("cwd") or Path.cwd()
        self.forked.begin(cmd[cmd.index(LAUNCHER) + 1 :], env, str(self.cwd))
        self.process = self.forked
        self.pid = self.pgid = self.forked.pid
        return self.connection_info


class OwnKernel(AsyncKernelManager):
    """The kernel of this very interpreter, whatever ``python3`` means to Jupyter here, over sockets in a folder."""

    folder = Path()
    forked: Forked | None = None

    def __init__(self, **options: Any):
        super().__init__(**options)
        if self.forked is not None:
            spec = self.kernel_spec
            self.provisioner = ForkedProvisioner(self.forked, kernel_id="", kernel_spec=spec, parent=self)

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict())

    @default("transport")
    def _transport_default(self) -> str:
        return "ipc" if len(str(self.folder)) < SOCKET_PATH_LIMIT else "tcp"

    @default("connection_file")
    def _connection_file_default(self) -> str:
        return str(self.folder / "kernel.json")


@dataclass(frozen=True)
class Kernel:
    """A kernel that is ready for its first cell, and the client that talks to it."""

    manager: OwnKernel
    client: AsyncKernelClient

    @classmethod
    def start(cls, cwd: str) -> Self:
        """Start one in a folder, and wait until it is ready."""
        manager = OwnKernel()
        run_sync(manager.start_kernel)(cwd=cwd)
        client = manager.client()
        client.start_channels()
        run_sync(client.wait_for_ready)(timeout=PATIENCE)
        client.allow_stdin = False
        return cls(manager, client)

    def shut_down(self) -> None:
        """Ask it to end, and wait until it has."""
        run_sync(self.manager.shutdown_kernel)()

    def collect(self) -> None:
        """Wait for the process, which has ended, so that what it took counts as its parents'."""
        provisioner = self.manager.provisioner
        if isinstance(provisioner, LocalProvisioner) and provisioner.process is not None:
            provisioner.process.wait()
