"""How a delimited text file is written: encoding, delimiter, column names; found out, or as the parameters say."""

import codecs
import csv
import gzip
import io
import re
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from patrons.errors import SourceError
from patrons.files import FULL, DiskFullError, scratch
from patrons.intake import header

BLANKS, TAB = "whitespace", "\t"
SHOWN = {",": "comma", ";": "semicolon", TAB: "tab", "|": "bar", BLANKS: "blanks"}
LONGEST_LINE = 2_000_000  # bytes
CHUNK, HEAD, ROWS = 1 << 22, 1 << 20, 200
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Layout:
    """How a text file is written; `skip` lines stand above its names, and its lines may end in different ways."""

    encoding: str
    delimiter: str
    names: list[str]
    skip: int
    mixed_ends: bool = False

    @property
    def plain(self) -> bool:
        """Whether DuckDB reads the file as it is."""
        return (
            self.encoding in ("utf-8", "utf-8-sig") and self.delimiter != BLANKS and not (self.skip or self.mixed_ends)
        )

    @property
    def description(self) -> str:
        """The layout in words."""
        above = f", {self.skip} lines above the names skipped" if self.skip else ""
        ends = ", lines that end in different ways" * self.mixed_ends
        return f"text, {SHOWN.get(self.delimiter, repr(self.delimiter))} between cells, {self.encoding}{ends}{above}"


def layout(path: Path, delimiter: str = "", encoding: str = "", mixed_ends: bool = False) -> Layout:
    """Find out how a text file is written; what is given is taken as it is."""
    encoding = encoding or encoding_of(path)
    try:
        with opened(path) as file:
            head = file.read(HEAD).decode(encoding, errors="ignore")
    except LookupError:
        raise SourceError(
            f"encoding: {encoding!r} is not one that Python knows, such as utf-8, latin-1 or cp1252."
        ) from None
    if not head.strip():
        raise SourceError(f"{path.name} holds nothing but blanks. Export or download it again.")
    whole = len(head) < HEAD // 4
    delimiter = delimiter or _delimiter(path, head, whole)
    rows, ends = _rows(head, delimiter)
    width = _width(rows)
    wide = [n for n, row in enumerate(rows) if len(row) == width]
    first = wide[header.names_at([rows[n] for n in wide])]
    names = [name.strip().lstrip("\ufeff") for name in rows[first]]
    skip = ends[first] - 1 - sum(name.count("\n") for name in rows[first])
    return Layout(encoding, delimiter, names, skip if width else 0, mixed_ends)


def is_zipped(path: Path) -> bool:
    """Whether a file is gzipped, by its content."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader | gzip.GzipFile]:
    """The bytes of a file, unpacked where it is gzipped; SourceError where it is cut off."""
    zipped = is_zipped(path)
    try:
        with gzip.open(path) if zipped else path.open("rb") as file:
            yield file
    except (EOFError, gzip.BadGzipFile, OSError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise DiskFullError(error.errno, no_room(path)) from None
        raise SourceError(f"{path.name} is damaged or cut off: {error}. Download or export it again.") from None
    except Exception as error:
        if type(error).__module__ == "zlib":
            raise SourceError(f"{path.name} is damaged: {error}. Download or export it again.") from None
        raise


def encoding_of(path: Path) -> str:
    """UTF-8 when the whole file is, UTF-16 by its mark, else cp1252 (which most files called latin-1 are)."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with opened(path) as file:
        chunk = file.read(CHUNK)
        marked = next((name for bom, name in BOMS.items() if chunk.startswith(bom)), "")
        if marked == "utf-16":
            return marked
        valid = True
        while chunk:
            if b"\0" in chunk:
                raise SourceError(f"{path.name} is named as text, but it is binary. Export it as CSV in UTF-8.")
            if valid:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    valid = False
            chunk = file.read(CHUNK)
    if valid and decoder.getstate()[0]:
        raise SourceError(f"{path.name} ends in the middle of a character: it is cut off. Download or export it again.")
    return (marked or "utf-8") if valid else "cp1252"


def _delimiter(path: Path, head: str, whole: bool) -> str:
    """The mark that splits the most lines into the same number of cells; blanks only where no mark does."""
    lines = [line for line in head.splitlines() if line.strip()]
    lines = lines[: ROWS if whole or len(lines) > ROWS else max(1, len(lines) - 1)]
    known = [TAB, ";", "|", ","]
    other = [mark for mark, _ in Counter(re.sub(r"[\w\s\"'.()/+-]", "", lines[0])).most_common() if mark not in known]
    scored = [(score, mark) for mark in [*known, *other, BLANKS] if (score := _fit(lines, mark)) > 0.5]
    marks = [(score, mark) for score, mark in scored if mark != BLANKS] or scored
    if not marks and re.fullmatch(r"[\w .()/-]+", lines[0]):
        return ","  # a single column
    if not marks:
        raise SourceError(
            f"{path.name} cannot be split into columns: no mark splits its lines alike. Its first line is "
            f"{lines[0][:80]!r}. Say what stands between the cells in `delimiter` of the params file."
        )
    return max(marks, key=lambda one: one[0])[1]


def _fit(lines: list[str], mark: str) -> float:
    """Share of lines with the commonest number of cells, above 1; a little more for more cells."""
    try:
        rows, _ = _rows("\n".join(lines), mark)
    except csv.Error:  # a cell that is too long
        return 0
    width = _width(rows)
    return 0 if width < 2 else sum(len(row) == width for row in rows) / len(rows) + width / 1e6


def _width(rows: list[list[str]]) -> int:
    """The commonest number of cells; the larger where two are as common."""
    counts = Counter(map(len, rows))
    return max(counts, key=lambda width: (counts[width], width))


def _rows(text: str, mark: str) -> tuple[list[list[str]], list[int]]:
    """The first rows that are not empty, and the line at which each ends."""
    if mark == BLANKS:
        split = [(line.split(), n) for n, line in enumerate(text.splitlines()[:ROWS], 1) if line.strip()]
    else:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        split = [(row, reader.line_num) for row, _ in zip(reader, range(ROWS), strict=False) if row]
    return [row for row, _ in split], [line for _, line in split]


@contextmanager
def rewritten(path: Path, layout: Layout) -> Iterator[Path]:
    """A copy in UTF-8 from the names on, with tabs where runs of blanks were, that goes away afterwards."""
    with scratch() as folder:
        copy = folder / "source.csv"
        errors = "replace" if layout.encoding == "cp1252" else "strict"
        with opened(path) as file, copy.open("w", encoding="utf-8", newline="") as out:
            ends = None if layout.mixed_ends else ""  # None: each becomes a line feed
            text = io.TextIOWrapper(file, encoding=layout.encoding, errors=errors, newline=ends)
            for _ in range(layout.skip):
                text.readline()
            if layout.delimiter == BLANKS:
                out.writelines(TAB.join(line.split()) + "\n" for line in text if line.strip())
            else:
                while part := text.read(CHUNK):
                    out.write(part)
        yield copy


def no_room(path: Path) -> str:
    """What to do where a file cannot be read for want of space, as a sentence."""
    place = Path(tempfile.gettempdir())
    return (
        f"{path.name} could not be read: {place}, which holds what does not fit in memory, is full "
        f"({shutil.disk_usage(place).free / 1e6:,.0f} MB are free there). Free some, or name another folder in TMPDIR."
    )


def ends_differ(path: Path, encoding: str) -> bool:
    """Whether a file has more than one kind of line end."""
    with opened(path) as file:
        text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline=None)
        while text.read(CHUNK):
            pass
        return isinstance(text.newlines, tuple)


def cut_off(path: Path, layout: Layout, text: str) -> bool:
    """Whether a file ends in the middle of a line, and that line is `text`."""
    with opened(path) as file:
        last = deque(file, maxlen=1).pop()
    same = "".join(last.decode(layout.encoding, "replace").split()) == "".join(text.split())
    return same and not last.endswith((b"\n", b"\r"))


def place(message: str) -> str:
    """Where in the file DuckDB met a problem, as a sentence; empty where its message names no line."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    counted = f" has {cells[2]} cells where the first line has {cells[1]}" if cells else " is the first of them"
    return f"Line {line[1]}{counted}. " if line else ""


def is_total(text: str, layout: Layout) -> bool:
    """Whether a line sums others up."""
    rows, _ = _rows(text, layout.delimiter)
    return bool(rows) and header.is_total(rows[0])
