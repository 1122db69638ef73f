"""API keys: long random ones, of which only the SHA-256 is kept, in a file outside the repository.

A key such as ``pk_3f9a1c20_<43 characters>`` names its entry and carries 256 random bits; a slow
hash, made for passwords that people choose, would add nothing.
"""

import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from patrons.files import read_json, whole

KEY = re.compile(r"pk_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
FRESH = 1.0  # seconds for which the file is taken to be unchanged


class KeysError(ValueError):
    """A key that cannot be made or revoked."""


def default_file() -> Path:
    """``$PATRONS_KEYS``, else ``patrons/keys.json`` in the user's configuration folder."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(os.environ.get("PATRONS_KEYS") or Path(home) / "patrons" / "keys.json")


def listed(path: Path) -> dict[str, dict[str, Any]]:
    """By id each key's `name`, `sha256`, `created` and `revoked` (a time, None while it is valid)."""
    return read_json(path, {})


def add(path: Path, name: str) -> str:
    """Make a key for `name`; it is returned once and never again."""
    if not NAME.fullmatch(name):
        raise KeysError(
            f"{name!r} cannot be the name of a key: use letters, digits, dots and dashes, such as crm-nightly."
        )
    entries = listed(path)
    if name in {entry["name"] for entry in entries.values() if not entry["revoked"]}:
        raise KeysError(f"There is a key named {name!r} already. Revoke it first, or use another name.")
    number, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    entry = {"name": name, "sha256": sha256(secret.encode()).hexdigest(), "created": _now(), "revoked": None}
    _write(path, {**entries, number: entry})
    return f"pk_{number}_{secret}"


def revoke(path: Path, name: str) -> None:
    """Revoke the key named `name` (or of that id); a running service notices within a second."""
    entries = listed(path)
    valid = [number for number, entry in entries.items() if name in (number, entry["name"]) and not entry["revoked"]]
    if not valid:
        raise KeysError(f"No key named {name!r} is in use. See: patrons keys list")
    _write(path, {**entries, valid[0]: {**entries[valid[0]], "revoked": _now()}})


class Keys:
    """The keys of a file, read again when it changes."""

    def __init__(self, path: Path):
        self.path = path
        self._entries: Mapping[str, Mapping[str, Any]] = {}
        self._seen: tuple[int, int, int] | None = None
        self._looked = 0.0

    def holder(self, key: str) -> str | None:
        """The name that a key was made for, None unless the key is known and valid."""
        parts = KEY.fullmatch(key)
        entry = self._read().get(parts[1]) if parts else None
        if not parts or entry is None or entry["revoked"]:
            return None
        valid = hmac.compare_digest(sha256(parts[2].encode()).hexdigest(), entry["sha256"])
        return entry["name"] if valid else None

    def _read(self) -> Mapping[str, Mapping[str, Any]]:
        if time.monotonic() - self._looked < FRESH:
            return self._entries
        self._looked = time.monotonic()
        try:
            state = self.path.stat()
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
            if seen != self._seen:
                self._entries, self._seen = listed(self.path), seen
        except FileNotFoundError:
            self._entries, self._seen = {}, None
        except (OSError, ValueError):
            self._entries, self._seen = {}, None  # a file that cannot be read lets nobody in
        return self._entries


def _write(path: Path, entries: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with whole(path) as partial:
        partial.touch(0o600)
        partial.write_text(json.dumps(entries, indent=1) + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
