"""Settings of this room that a notebook's parameters state under the same names."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class Settings:
    """A dataclass whose fields are parameters of a notebook; what is not stated keeps its default."""

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Self:
        """The settings that a notebook's parameters state."""
        return cls(**{field.name: parameters[field.name] for field in fields(cls) if field.name in parameters})
