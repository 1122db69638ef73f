"""What the service says of the release in use."""

from typing import Any

from patrons.service.slots import Slots


def model_card(slots: Slots) -> dict[str, Any]:
    """As `messages.ModelCard` has it."""
    slot, idle = slots.active, slots.idle
    manifest = slot.scorer.manifest
    told = ("name", "kind", "unit", "meaning", "example", "required")
    return {
        "release": slot.release,
        **{name: manifest.get(name) for name in ("name", "kind", "created", "versions", "thresholds")},
        "segments": {str(one["number"]): one["name"] for one in manifest["segments"].values()},
        "slot": slot.colour,
        "idle": idle and idle.release,
        "refused": slots.refused,
        "features": [{name: getattr(feature, name) for name in told} for feature in slot.scorer.features],
    }
