"""How many trees boosting needs: it stops where log loss no longer falls on rows that were left out.

All folds grow side by side. A fold is judged with the rounds that were best on *other* folds, those that share no
validation row with it, so that its own rows never decide when its trees stop; the saved model gets the rounds that were
best on all of them. With a single fold there are no others, and its rounds are chosen like any other setting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from xgboost import Booster, DMatrix, QuantileDMatrix, XGBClassifier

from patrons.churn.kinds import BOOSTING, Setting, build
from patrons.churn.preprocessing import Fold, sample_of_both
from patrons.evaluation.threads import one_thread, side_by_side

STEP = 20  # rounds between two looks at the loss
PATIENCE = 60  # rounds without a gain after which it stops, at most
REACH = 3.0  # the sum of rates that these rounds need not exceed


class _Rows(NamedTuple):
    """Rows of one fold as boosting takes them, shared by all settings."""

    learnt: QuantileDMatrix
    val: DMatrix
    truth: np.ndarray
    val_rows: np.ndarray  # their numbers


@dataclass
class _Growing:
    """A booster of one fold, and what it said of the validation rows after each step."""

    booster: Booster
    rows: _Rows
    most: int  # rounds
    patience: float  # rounds
    rounds: list[int]
    margins: list[np.ndarray]
    losses: list[float]

    def grow(self) -> None:
        before = self.booster.num_boosted_rounds()
        for n in range(before, min(before + STEP, self.most)):
            self.booster.update(self.rows.learnt, n)
        self.rounds.append(self.booster.num_boosted_rounds())
        margin = self.booster.predict(self.rows.val, output_margin=True)
        self.margins.append(margin.astype(float))
        self.losses.append(float(np.mean(np.logaddexp(0, np.where(self.rows.truth == 1, -margin, margin)))))


class Stopped(NamedTuple):
    """A setting with the rounds at which it stops, its probabilities of each fold's validation rows, and its trees."""

    setting: Setting
    probabilities: list[np.ndarray]
    boosters: list[Booster]  # of each fold; they may have grown beyond these rounds


@one_thread
def stopped(settings: Sequence[Setting], folds: Sequence[Fold], rows: int, seed: int) -> list[Stopped]:
    """Each setting, grown on each fold until it stops.

    Parameters
    ----------
    settings : sequence of dict
        Of boosted trees; their `rounds` are the most that are grown.
    folds : sequence of Fold
    rows : int
        Rows of a fold that are learnt from, at most.
    """
    made = side_by_side(_rows, [(fold, rows, seed) for fold in folds])
    grown = [[_start(setting, one, seed) for one in made] for setting in settings]
    going = list(zip(settings, grown, strict=True))
    while going:
        side_by_side(_Growing.grow, [(one,) for _, parts in going for one in parts])
        going = [(setting, parts) for setting, parts in going if not _at_end(parts)]
    return [_result(setting, parts) for setting, parts in zip(settings, grown, strict=True)]


def _rows(fold: Fold, rows: int, seed: int) -> _Rows:
    some, (X, X_val) = sample_of_both(fold.y, rows, seed), fold.seen_by(BOOSTING)
    learnt = QuantileDMatrix(X[some], fold.y[some], nthread=1)
    return _Rows(learnt, DMatrix(X_val, nthread=1), fold.y_val, fold.val)


def _start(setting: Setting, rows: _Rows, seed: int) -> _Growing:
    parameters = build(BOOSTING, setting, seed).get_xgb_params()
    booster = Booster({**parameters, "objective": "binary:logistic"}, [rows.learnt])
    patience = max(STEP, min(PATIENCE, REACH / setting["rate"]))
    return _Growing(booster, rows, int(setting["rounds"]), patience, [], [], [])


def _at_end(parts: Sequence[_Growing]) -> bool:
    """Whether enough was grown: no choice of folds was at its best within the last rounds, or the limit is reached."""
    rounds = parts[0].rounds
    best = max(_best(parts), *(_best(_others(parts, one)) for one in parts))
    return rounds[-1] - rounds[best] >= parts[0].patience or rounds[-1] >= parts[0].most


def _others(parts: Sequence[_Growing], own: _Growing) -> Sequence[_Growing]:
    """The folds that share no validation row with one of them: of several partings those of its own."""
    apart = [one for one in parts if one is not own and not np.isin(one.rows.val_rows, own.rows.val_rows).any()]
    return apart or parts


def _best(parts: Sequence[_Growing]) -> int:
    """The step at which the mean loss of these folds is lowest."""
    return int(np.argmin(np.mean([one.losses for one in parts], axis=0)))


def _result(setting: Setting, parts: Sequence[_Growing]) -> Stopped:
    margins = [one.margins[_best(_others(parts, one))] for one in parts]
    rounds = parts[0].rounds[_best(parts)]
    probabilities = [(1 / (1 + np.exp(-margin))).round(9) for margin in margins]
    return Stopped({**setting, "rounds": rounds}, probabilities, [one.booster for one in parts])


def cut(setting: Setting, booster: Booster, seed: int) -> XGBClassifier:
    """A model of the first trees of a booster, as many as its setting says: what fitting it with them would give."""
    model = build(BOOSTING, setting, seed)
    model.load_model(booster[: int(setting["rounds"])].save_raw())
    return model
