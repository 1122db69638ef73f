"""The columns of a file of customers beside the features of a release: which are there, absent, and not used."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from patrons.errors import closest
from patrons.scoring.rows import Feature


class Columns(NamedTuple):
    """What a file of customers brings.

    Attributes
    ----------
    renamed : dict
        The release's name of a column to the file's own, where they differ in case or blanks.
    absent : list of Feature
        Features without a column.
    unused : list of str
        Columns that are no feature, by the file's own names.
    """

    renamed: dict[str, str]
    absent: list[Feature]
    unused: list[str]

    @property
    def lacking(self) -> list[str]:
        """A sentence's part for each absent feature without which no customer is scored."""
        return [self._missed(feature) for feature in self.absent if feature.required]

    @property
    def warnings(self) -> list[str]:
        """A sentence for each feature that is treated as missing for every customer."""
        return [
            f"There is no column {self._missed(feature)}: it counts as missing for every customer"
            for feature in self.absent
            if not feature.required
        ]

    @property
    def misspelt(self) -> list[str]:
        """A sentence for each name that is like that of an absent feature."""
        pairs = [(theirs, ours) for ours, theirs in self.renamed.items()]
        pairs += [(meant, one.name) for one in self.absent if (meant := closest(one.name, self.unused))]
        return [f"{theirs!r} is no feature: did you mean {ours!r}?" for theirs, ours in dict(pairs).items()]

    def _missed(self, feature: Feature) -> str:
        meant = closest(feature.name, self.unused)
        return f"{feature.name} (did you mean {meant!r}?)" if meant else feature.name


def match(columns: Iterable[str], features: Sequence[Feature], own: Sequence[str] = ()) -> Columns:
    """Match columns with features by name; case and blanks around a name do not count where only one fits.

    Parameters
    ----------
    columns : iterable of str
        Those of the file.
    features : sequence of Feature
    own : sequence of str
        Names besides features that mean something, such as `customer_id`.
    """
    names, wanted = list(columns), [*own, *(feature.name for feature in features)]
    plain = [_plain(name) for name in names]
    renamed = {
        name: names[plain.index(_plain(name))]
        for name in wanted
        if name not in names and plain.count(_plain(name)) == 1 and names[plain.index(_plain(name))] not in wanted
    }
    found = {*names, *renamed}
    used = {*wanted, *renamed.values()}
    return Columns(
        renamed,
        [feature for feature in features if feature.name not in found],
        [name for name in names if name not in used],
    )


def _plain(name: str) -> str:
    return name.strip().casefold()
