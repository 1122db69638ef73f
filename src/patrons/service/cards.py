"""What the service says of the release in use."""

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from patrons.service.slots import Slot, Slots


def model_card(slot: Slot, slots: Slots) -> dict[str, Any]:
    """The fields of `messages.ModelCard`; `slot` is the one that answers."""
    manifest, idle = slot.scorer.manifest, slots.idle
    fields = ("name", "kind", "unit", "meaning", "example", "required")
    return {
        "release": slot.release,
        "promoted": slot.promoted,
        **{name: manifest.get(name) for name in ("name", "kind", "created", "versions", "thresholds")},
        "segments": {str(segment["number"]): segment["name"] for segment in manifest["segments"].values()},
        "segments_later": later_card(slot.scorer.later),
        "slot": slot.colour,
        "idle": idle and idle.release,
        "refused": slots.refused,
        "features": [{name: getattr(feature, name) for name in fields} for feature in slot.scorer.features],
    }


def later_card(later: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of `messages.LaterCard`, None where a release has no model of later segments (`Scorer.later`)."""
    if not later:
        return None
    value, low, high = (later["coverage"][name] for name in ("value", "low", "high"))
    days = [day["value"] for day in later["origins"]]
    return {name: later[name] for name in ("days", "level")} | {
        "coverage": value,
        "coverage_low": low,
        "coverage_high": high,
        "coverage_mean": fmean(days),
        "coverage_lowest": min(days),
        "coverage_days": len(days),
    }
