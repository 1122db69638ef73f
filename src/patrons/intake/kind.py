"""What kind of file a file is: its content says so, and must agree with its name."""

from pathlib import Path

from patrons.errors import SourceError

KINDS = {
    "Parquet": (".parquet",),
    "XLSX": (".xlsx", ".xlsm"),
    "text": (".csv", ".tsv", ".txt", ".dat", ".csv.gz", ".tsv.gz", ".txt.gz", ".dat.gz"),
}
MAGIC = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "XLSX",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


def kind_of(path: Path) -> str:
    """``Parquet``, ``XLSX`` or ``text``, by content; SourceError when it is none of these or not what its name says."""
    named = next((kind for kind, endings in KINDS.items() if path.name.lower().endswith(endings)), None)
    if named is None:
        endings = ", ".join(ending for some in KINDS.values() for ending in some if not ending.endswith("m"))
        raise SourceError(f"{path.name} is of no kind that can be read: {endings}. Save it as one of these.")
    actual = _kind_by_content(path)
    if actual != named:
        shown = actual if actual != "text" else "no such file"
        advice = _way_out(path, actual)
        raise SourceError(f"{path.name} is named as {named}, but by its content it is {shown}. {advice}")
    return named


def _way_out(path: Path, kind: str) -> str:
    if "xls" in kind:
        return "Save it as .xlsx or CSV."
    return f"Rename it to {path.name.split('.')[0]}{KINDS[kind][0]}." if kind in KINDS else "Export it as CSV."


def _kind_by_content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be opened: {error.strerror}.") from None
    if not head:
        raise SourceError(f"{path.name} is empty: it has 0 bytes. Export or download it again.")
    kind = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), "text")
    if kind == "text" and head.lstrip()[:64].lower().startswith((b"<!doctype", b"<html", b"<table", b"<?xml")):
        return "a web page (HTML or XML)"
    return kind
