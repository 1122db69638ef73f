"""What the runner shows while it works: a live table in a terminal, plain lines elsewhere."""

import sys
import time
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table

STYLES = {"running": "bold", "succeeded": "green", "reused": "green", "failed": "bold red", "waiting": "dim"}
SILENCE = 10  # seconds without a line after which plain output says what is running


@dataclass
class Row:
    """The progress of one notebook."""

    status: str = "waiting"
    begun: float | None = None
    seconds: float | None = None
    cell: int = 0
    cells: int = 0

    @property
    def done(self) -> str:
        """Cells done of all; the one that is running is not done yet."""
        done = self.cells if self.status == "succeeded" else max(self.cell - 1, 0)
        return f"{done}/{self.cells}" if self.cells else ""

    @property
    def cells_text(self) -> str:
        return f", {self.done} cells" if self.cells else ""

    @property
    def time(self) -> str:
        seconds = time.monotonic() - self.begun if self.seconds is None and self.begun else self.seconds
        return "" if seconds is None else f"{seconds:.1f} s"


def progress(stages: list[str], out: TextIO | None = None) -> "Lines":
    """A live table when the output is a terminal, plain lines when it is not."""
    out = out or sys.stdout
    return LiveTable(stages, out) if out.isatty() else Lines(stages, out)


class Lines:
    """Plain lines: one when a notebook starts, one when it ends, and one in every 10 s of silence."""

    def __init__(self, stages: list[str], out: TextIO):
        self.rows = {stage: Row() for stage in stages}
        self.out = out
        self.last_line = time.monotonic()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, stage: str) -> None:
        """A notebook begins."""
        self.rows[stage] = Row("running", begun=time.monotonic())
        self.say(f"{stage}: started")

    def cell(self, stage: str, cell: int, cells: int) -> None:
        """A code cell begins."""
        self.rows[stage].cell, self.rows[stage].cells = cell, cells

    def ended(self, stage: str, status: str, seconds: float | None = None) -> None:
        """A notebook has ended, one way or another."""
        row = self.rows[stage]
        row.status, row.seconds = status, seconds
        self.say(f"{stage}: {status}" + (f" in {row.time}" if seconds is not None else "") + row.cells_text)

    def tick(self) -> None:
        """After a long silence, print the progress of what is running."""
        if time.monotonic() - self.last_line >= SILENCE:
            for stage, row in self.rows.items():
                if row.status == "running":
                    self.say(f"{stage}: {row.status}, {row.time}{row.cells_text}")

    def say(self, line: str) -> None:
        self.last_line = time.monotonic()
        print(line, file=self.out, flush=True)


class LiveTable(Lines):
    """A row a notebook, redrawn four times a second."""

    def __init__(self, stages: list[str], out: TextIO):
        super().__init__(stages, out)
        self.live = Live(get_renderable=self.table, console=Console(file=out), refresh_per_second=4)

    def __enter__(self) -> "LiveTable":
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def say(self, line: str) -> None:
        """Nothing: the table shows it."""

    def table(self) -> Table:
        table = Table("notebook", "status", box=None)
        table.add_column("cells", justify="right")
        table.add_column("time", justify="right")
        for stage, row in self.rows.items():
            style = STYLES.get(row.status, "yellow")
            table.add_row(stage, f"[{style}]{row.status}[/]", row.done, row.time)
        return table
