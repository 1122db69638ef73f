"""Public order logs from the UCI repository: downloaded, checked against what is known of them, kept as Parquet.

The repository serves a zip with a workbook. Its rows are kept as they are, in the workbook's order, one sheet
after the other; cleaning is the first notebook's work.
"""

import logging
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pooch
import pyarrow as pa
import requests
from openpyxl.utils.exceptions import InvalidFileException

from patrons.errors import nearest
from patrons.files import whole

REPOSITORY = "https://archive.ics.uci.edu/static/public"
TIMEOUT = 60  # seconds without a byte
PENNY = 0.01  # sums of floats differ in the last digits by the order in which they are added


class FetchError(ValueError):
    """A data set that cannot be downloaded, or is not what it should be."""


@dataclass(frozen=True)
class Facts:
    """What is known of a log before it is downloaded: it is refused unless all of it holds.

    `lines` and `customers` are counts, `without_customer` and `without_description` count lines, `revenue` is the sum
    of quantity x price over all lines, `first` and `last` are times of orders.
    """

    lines: int
    customers: int
    without_customer: int
    without_description: int
    revenue: float
    first: str
    last: str


@dataclass(frozen=True)
class PublicLog:
    """Where a public order log is, what its columns are called, and what is known of it."""

    title: str
    url: str
    columns: Mapping[str, str]
    facts: Facts
    licence: str = "CC BY 4.0, Daqing Chen, UCI Machine Learning Repository"


COLUMNS = {
    "order_id": "InvoiceNo",
    "product_id": "StockCode",
    "description": "Description",
    "quantity": "Quantity",
    "ordered_at": "InvoiceDate",
    "unit_price": "UnitPrice",
    "customer_id": "CustomerID",
    "country": "Country",
}
TYPES = {
    "quantity": ("int64", pa.int64()),
    "ordered_at": ("datetime64[ms]", pa.timestamp("ms")),
    "unit_price": ("float64", pa.float64()),
    "customer_id": ("float64", pa.float64()),  # as the workbook has it: 17850.0, with gaps
}
TEXT = ("str", pa.string())
LOGS = {
    "online_retail": PublicLog(
        title="Online Retail (UCI 352)",
        url=f"{REPOSITORY}/352/online+retail.zip",
        columns=COLUMNS,
        facts=Facts(541_909, 4_372, 135_080, 1_454, 9_747_747.934, "2010-12-01 08:26:00", "2011-12-09 12:50:00"),
    ),
    "online_retail_ii": PublicLog(
        title="Online Retail II (UCI 502)",
        url=f"{REPOSITORY}/502/online+retail+ii.zip",
        columns=COLUMNS | {"order_id": "Invoice", "unit_price": "Price", "customer_id": "Customer ID"},
        facts=Facts(1_067_371, 5_942, 243_007, 4_382, 19_287_250.568, "2009-12-01 07:45:00", "2011-12-09 12:50:00"),
    ),
}


def public_log(name: str) -> PublicLog:
    """The log of that name; an error names the known ones."""
    if name not in LOGS:
        raise FetchError(f"{name!r} is not a data set that can be fetched; {nearest(name, LOGS)}")
    return LOGS[name]


def fetch(log: PublicLog, target: Path) -> Path:
    """Download a log, check it, and write it to `target` as Parquet, whole or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        table = read_workbook(download(log, Path(folder)), log)
    check(table, log)
    schema = pa.schema([(theirs, TYPES.get(ours, TEXT)[1]) for ours, theirs in log.columns.items()])
    with whole(target) as partial:
        table.to_parquet(partial, index=False, schema=schema)
    return target


def download(log: PublicLog, folder: Path) -> Path:
    """The archive, saved in `folder`; an error says whether the network, the server or the transfer failed."""
    pooch.get_logger().setLevel(logging.WARNING)  # it would praise a checksum that nobody published
    host = urlsplit(log.url).netloc
    reach = pooch.HTTPDownloader(timeout=TIMEOUT, chunk_size=1 << 16)
    try:
        return Path(pooch.retrieve(log.url, known_hash=None, fname="archive.zip", path=folder, downloader=reach))
    except requests.RequestException as error:
        raise FetchError(f"{_explained(error, host, log.url)} Nothing was written.") from None


def _explained(error: Exception, host: str, url: str) -> str:
    """What failed, and what to do."""
    if isinstance(error, requests.HTTPError):
        answer = f"{error.response.status_code} {error.response.reason}"
        return f"{host} answers {answer} for {url}. Try later, or look up where the data set is now."
    if isinstance(error, requests.Timeout):
        return f"{host} did not answer within {TIMEOUT} seconds. Try later."
    if isinstance(error, requests.exceptions.SSLError):
        return f"The certificate of {host} is not accepted: {error}. Ask whoever runs this network."
    if isinstance(error, requests.ConnectionError):
        return (
            f"{host} cannot be reached: there is no network here, or the server is down. Try later, or download {url} "
            "on another machine, save its sheets as one Parquet or CSV file, and put that into data/raw."
        )
    return f"The download from {host} broke off ({type(error).__name__}). Try again."


def read_workbook(archive: Path, log: PublicLog) -> pd.DataFrame:
    """Every row of the one workbook in a zip, its sheets one after the other, with the log's columns and types."""
    try:
        with zipfile.ZipFile(archive) as files:
            [workbook] = [name for name in files.namelist() if name.lower().endswith(".xlsx")]
            with files.open(workbook) as file:
                sheets = pd.read_excel(file, sheet_name=None, dtype=_as_read(log))
    except (zipfile.BadZipFile, InvalidFileException, EOFError, KeyError, OSError, ValueError) as error:
        size = archive.stat().st_size
        raise FetchError(
            f"What {log.url} served ({size:,} bytes) is no zip with one readable workbook: {error}. "
            "It was cut short, or it is an error page: open it in a browser. Nothing was written."
        ) from None
    return _typed(pd.concat(sheets.values(), ignore_index=True), log)


def _as_read(log: PublicLog) -> dict[str, str]:
    return {theirs: "str" for ours, theirs in log.columns.items() if ours not in TYPES}


def _typed(table: pd.DataFrame, log: PublicLog) -> pd.DataFrame:
    if list(table) != list(log.columns.values()):
        raise FetchError(
            f"The workbook has the columns {', '.join(map(str, table))}; {log.title} has "
            f"{', '.join(log.columns.values())}. It is another data set. Nothing was written."
        )
    types = {theirs: TYPES.get(ours, TEXT)[0] for ours, theirs in log.columns.items()}
    try:
        return table.astype(types)
    except (ValueError, TypeError) as error:
        raise FetchError(f"A column of the workbook is not of its type: {error}. Nothing was written.") from None


def facts_of(table: pd.DataFrame, columns: Mapping[str, str]) -> Facts:
    """The facts, measured on a table."""
    ours = table.rename(columns={theirs: ours for ours, theirs in columns.items()})
    return Facts(
        lines=len(ours),
        customers=ours.customer_id.nunique(),
        without_customer=int(ours.customer_id.isna().sum()),
        without_description=int(ours.description.isna().sum()),
        revenue=round(float((ours.quantity * ours.unit_price).sum()), 3),
        first=str(ours.ordered_at.min()),
        last=str(ours.ordered_at.max()),
    )


def check(table: pd.DataFrame, log: PublicLog) -> None:
    """Refuse a table that differs from what is known of the log, naming every difference."""
    measured = vars(facts_of(table, log.columns))
    wrong = [
        f"{name.replace('_', ' ')}: {_shown(known)} expected, {_shown(measured[name])} received"
        for name, known in vars(log.facts).items()
        if not (abs(measured[name] - known) < PENNY if isinstance(known, float) else measured[name] == known)
    ]
    if wrong:
        listed = "".join(f"\n  - {line}" for line in wrong)
        raise FetchError(
            f"What {log.url} served is not {log.title} as it is known:{listed}\n"
            "The repository has changed it, or it is another file. Nothing was written."
        )


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"
