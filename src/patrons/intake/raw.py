"""Where the file of a new data set goes, and what its series is called."""

import os
import re
import shlex
from pathlib import Path

from patrons.errors import SourceError
from patrons.files import whole
from patrons.intake.sources import VARIABLE
from patrons.intake.vocabulary import ascii_text


def name_of(file: Path) -> str:
    """A name for the files of a series, in plain letters."""
    return re.sub(r"[^a-z0-9]+", "_", ascii_text(file.name.split(".")[0]).lower()).strip("_") or "mine"


def title_of(file: Path) -> str:
    """A title for reports, with the letters as they are."""
    title = re.sub(r"[\W_]+", " ", file.name.split(".")[0]).strip()
    return title[:1].upper() + title[1:]


def place_of(file: Path, root: Path) -> str:
    """How the series will name the file: from data/raw or the user's folder where it is in one, else its own name."""
    folders = [root / "data" / "raw", *([Path(os.environ[VARIABLE])] if os.environ.get(VARIABLE) else [])]
    for folder in folders:
        if file.resolve().is_relative_to(folder.resolve()):
            return file.resolve().relative_to(folder.resolve()).as_posix()
    return file.name


def bring(file: Path, root: Path, place: str) -> None:
    """Copy a file that lies elsewhere into data/raw; one of that name with other content stays."""
    target, folder = root / "data" / "raw" / place, os.environ.get(VARIABLE)
    if target.exists():
        if target.samefile(file) or _same_content(target, file):
            return
        raise SourceError(
            f"data/raw/{place} exists already, with other content. Rename the new file, or replace the former one: "
            f"cp {shlex.quote(str(file))} {shlex.quote(f'data/raw/{place}')}"
        )
    if folder and (Path(folder) / place).exists():
        return
    with whole(target) as partial, file.open("rb") as read, partial.open("wb") as written:
        while chunk := read.read(1 << 22):
            written.write(chunk)


def _same_content(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()
