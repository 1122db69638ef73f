"""What was said of customers, and what became of them: an append-only ledger beside the results.

``data/ledger/<name>`` holds ``scores`` and ``outcomes``, each a folder of batches (see `batches`). It survives
``make clean``, holds personal data, and says so in a README of its own.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from patrons.errors import PATRONS
from patrons.evaluation import samples
from patrons.files import locked, read_json, write_json, write_text
from patrons.monitoring import forgetting
from patrons.monitoring.batches import PASSING, Batches, Pick
from patrons.monitoring.columns import API, KEYS, OUTCOMES, README, SCORES, LedgerError, address_of, frame_of, typed

MONTHS, VARIABLE = 24, "PATRONS_LEDGER_MONTHS"  # how many months of writing are kept, this one included
CENT = 0.005  # of the currency: what is less is no other spend
NAMES = "releases.json"  # the releases and runs that used the results of a batch, by its address
PATIENCE = 60  # seconds to wait for another process that writes


class Kept(NamedTuple):
    """What an addition did: rows added, months deleted because they were too old."""

    rows: int
    deleted: list[str]


class Received(NamedTuple):
    """What outcomes did: pairs of customer and day that are new, corrected, completed (spend came), or the same."""

    new: int
    corrected: int
    completed: int
    same: int


class Ledger:
    """The ledger of a series.

    Parameters
    ----------
    folder : Path
        Such as ``data/ledger/demo``; it need not exist, and is empty then.
    months : int, optional
        How many months of writing are kept; `PATRONS_LEDGER_MONTHS` or 24 unless given. Fewer than the horizon is long
        would delete scores before their outcome is known.
    """

    def __init__(self, folder: str | Path, months: int | None = None):
        self.folder, self.months = Path(folder), _months() if months is None else months
        self._scores = Batches(self.folder / "scores", SCORES)
        self._outcomes = Batches(self.folder / "outcomes", OUTCOMES)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with locked(self.folder / ".lock", seconds=PATIENCE, nested=True):
            yield

    def keep(self, rows: pd.DataFrame, address: str = "", at: datetime | None = None) -> Kept:
        """Add scores; the same batch again adds nothing, even when its month was deleted since.

        Parameters
        ----------
        rows : DataFrame
            The columns of `SCORES` but `kept_at`; those that may be missing need not be there.
        address : str
            What makes the batch the same as an earlier one, in hexadecimal; that of its content unless given.
        at : datetime, optional
            Now, unless given.

        Raises
        ------
        LedgerError
            Where a row has no customer, day, release or source, or a probability outside 0 to 1.
        """
        at = at or datetime.now(UTC)
        table = typed(rows, SCORES, at)
        odd = pc.invert(pc.and_(pc.greater_equal(table["probability"], 0), pc.less_equal(table["probability"], 1)))
        if pc.any(odd).as_py():
            first = table.filter(odd).slice(0, 1).to_pylist()[0]
            raise LedgerError(f"Customer {first['customer_id']} has the probability {first['probability']}: not kept.")
        passing = PASSING if pc.all(pc.equal(table["source"], API)).as_py() else ""
        address = address or f"{passing}{address_of(table.drop(['kept_at']))}"
        with self._alone():
            added = len(table) > 0 and self._scores.add(table, address, at)
            return Kept(len(table) * added, self._finish(at))

    def note(self, address: str, release: str) -> None:
        """Note that a batch bears the name of another run or release too: of one that used the same results again."""
        path = self.folder / NAMES
        with self._alone():
            known = read_json(path, {})
            if release not in known.get(address, []):
                write_json(path, {**known, address: [*known.get(address, []), release]})

    def names(self, releases: Iterable[str]) -> set[str]:
        """Some releases or runs, and all others that used the very same results."""
        asked = set(releases)
        return asked.union(*(same for same in read_json(self.folder / NAMES, {}).values() if asked & set(same)))

    def receive(self, rows: pd.DataFrame, at: datetime | None = None) -> Received:
        """Add outcomes that say something new; what they replace stays as a trace.

        Parameters
        ----------
        rows : DataFrame
            `customer_id`, `day`, `churned`, `source` and, where known, `spend`; one row a customer and day.
        at : datetime, optional
            Now, unless given.
        """
        at = at or datetime.now(UTC)
        table = frame_of(typed(rows, OUTCOMES, at))
        if table.duplicated(KEYS).any():
            first = table[table.duplicated(KEYS)].iloc[0]
            raise LedgerError(f"Customer {first.customer_id} has two outcomes of {first.day.date()}: which is it?")
        with self._alone():
            before = table[KEYS].merge(self.outcomes(days=table.day.unique()), on=KEYS, how="left")
            spend = table.spend.fillna(before.spend)  # who knows of churn alone takes no spend back
            new, unlike = before.churned.isna(), (before.churned != table.churned).fillna(True)
            corrected = (unlike & ~new) | _moved(before, table)
            completed = before.spend.isna() & spend.notna() & ~new & ~unlike
            fresh = table.assign(spend=spend)[(new | corrected | completed).to_numpy()]
            if len(fresh):
                added = typed(fresh, OUTCOMES, at)
                self._outcomes.add(added, address_of(added), at)
            self._finish(at)
        counts = [int(one.sum()) for one in (new, corrected, completed)]
        return Received(counts[0], counts[1], counts[2], len(table) - sum(counts))

    def _finish(self, at: datetime) -> list[str]:
        """Delete months that are too old, tidy the others, and say what the folder holds."""
        for one in self._both:
            one.note(at)
        first = f"{pd.Period(at.strftime('%Y-%m'), 'M') - (self.months - 1)}"
        deleted = [f"{one.folder.name}/{month}" for one in self._both for month in one.drop_before(first)]
        for one in self._both:
            one.tidy(at)
        says, path = README.format(months=self.months, patrons=PATRONS), self.folder / "README.md"
        if not path.exists() or path.read_text(encoding="utf-8") != says:
            write_text(path, says)
        return deleted

    @property
    def _both(self) -> tuple[Batches, Batches]:
        return self._scores, self._outcomes

    def scores(
        self, columns: Sequence[str] = SCORES.names, days: Collection[date] | None = None, share: float = 1.0
    ) -> pd.DataFrame:
        """What was said, the newest of each customer, day and release.

        Parameters
        ----------
        columns : sequence of str
            Those wanted; no others are read but those that tell rows apart.
        days : collection of date, optional
            Only of these.
        share : float
            Share of the customers, always the same ones, where all are too many.

        Returns
        -------
        DataFrame
            `day` is a timestamp, `active` and `flagged` are `boolean`, horizons `Int32`.
        """
        apart = [*KEYS, "release"]
        rows = self._read(self._scores, [*apart, "kept_at", *columns], _picked(days, share))
        return _newest(rows, "kept_at", apart)[list(columns)]

    def outcomes(self, trace: bool = False, days: Collection[date] | None = None, share: float = 1.0) -> pd.DataFrame:
        """What became of customers, the newest of each customer and day; with `trace` all that was received."""
        rows = self._read(self._outcomes, OUTCOMES.names, _picked(days, share))
        ordered = rows.sort_values("received_at", kind="stable", ignore_index=True)
        return ordered if trace else _newest(ordered, "received_at", KEYS)

    def _read(self, batches: Batches, columns: Sequence[str], pick: Pick) -> pd.DataFrame:
        names = list(dict.fromkeys(columns))
        if not batches.folder.is_dir():
            return frame_of(pa.schema([batches.schema.field(name) for name in names]).empty_table())
        with self._alone():
            return frame_of(batches.read(names, pick))

    def days(self) -> pd.Series:
        """How many scores there are of each day, the oldest day first; the index is dates."""
        counts = self._read(self._scores, ["day"], lambda rows: rows).day.value_counts().sort_index()
        return counts.set_axis([day.date() for day in counts.index])

    def count(self) -> int:
        """How many rows of scores it holds."""
        return self._scores.count()

    def corrections(self) -> int:
        """How many outcomes were replaced by another label, or by another spend."""
        trace = self.outcomes(trace=True)
        former = trace.groupby(KEYS)[["churned", "spend"]].shift()
        return int(((former.churned.notna() & (former.churned != trace.churned)) | _moved(former, trace)).sum())

    def aside(self) -> list[Path]:
        """Files that a person has set aside: their rows are missing."""
        return [path for one in self._both for path in one.aside()]

    def forget(self, customer_id: str) -> int:
        """Take a customer out of every Parquet file in the folder; how many rows that were.

        Batches that held the customer are still known: they are not added again, whatever becomes of their files.

        Raises
        ------
        LedgerError
            Where files were set aside, which cannot be searched; nothing is changed then.
        """
        if not self.folder.is_dir():
            return 0
        with self._alone():
            return forgetting.forget(self.folder, self._both, customer_id, datetime.now(UTC))

    def digest(self) -> str:
        """Changes when something was added; that files were put together changes nothing."""
        if not self.folder.is_dir():
            return ""
        with self._alone():
            held = [f"{one.folder.name} {address}" for one in self._both for address in sorted(one.addresses())]
            held.append(f"{sum(one.count() for one in self._both)} rows")  # fewer when a customer was forgotten
        return hashlib.sha256("\n".join(held).encode()).hexdigest()


def digest(folder: str | Path) -> str:
    """The digest of the ledger in a folder, empty where there is none."""
    return Ledger(folder).digest()


def _months() -> int:
    text = os.environ.get(VARIABLE, str(MONTHS))
    if not text.isdecimal() or int(text) < 1:
        raise LedgerError(f"{VARIABLE} is {text!r}, and must be a whole number of months, at least 1.")
    return int(text)


def _newest(rows: pd.DataFrame, stamp: str, keys: list[str]) -> pd.DataFrame:
    return rows.sort_values(stamp, kind="stable").drop_duplicates(keys, keep="last").reset_index(drop=True)


def _moved(former: pd.DataFrame, latter: pd.DataFrame) -> pd.Series:
    """Where a spend that was known is now another one."""
    return ((former.spend - latter.spend).abs() > CENT).fillna(False)


def _picked(days: Collection[date] | None, share: float) -> Pick:
    """Rows of some days, and of a share of the customers that depends on their ids alone."""
    wanted = None if days is None else pa.array([pd.Timestamp(day).date() for day in days], pa.date32())

    def pick(rows: pa.RecordBatch) -> pa.RecordBatch:
        if wanted is not None:
            rows = rows.filter(pc.is_in(rows["day"], wanted))
        if share < 1:
            ids = samples.places(rows["customer_id"].to_pandas())
            rows = rows.filter(pa.array(ids < np.uint64(share * 2**64)))
        return rows

    return pick
