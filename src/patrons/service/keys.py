"""API keys: long random ones, of which only the SHA-256 is kept, in a file outside the repository.

A key such as ``pk_3f9a1c20_<43 characters>`` names its entry and carries 256 random bits; a slow
hash, made for passwords that people choose, would add nothing.

A change reads the file and puts a new one in its place, one change at a time. So what a service is given must be the
folder: a mount of the file alone would keep showing the former one, with keys that were revoked since.
"""

import fcntl
import hmac
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

from patrons.errors import PATRONS
from patrons.files import now, read_json, whole

KEY = re.compile(r"pk_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
FIELDS = {"name", "sha256", "created", "revoked"}
FRESH = 1.0  # seconds for which the file is taken to be unchanged


class KeysError(ValueError):
    """A key that cannot be made or revoked."""


def default_file() -> Path:
    """``$PATRONS_KEYS``, else ``patrons/keys.json`` in the user's configuration folder."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(os.environ.get("PATRONS_KEYS") or Path(home) / "patrons" / "keys.json")


def listed(path: Path) -> dict[str, dict[str, Any]]:
    """By id each key's `name`, `sha256`, `created` and `revoked` (a time, None while it is valid).

    Raises
    ------
    KeysError
        Where the file holds something else.
    """
    try:
        entries = read_json(path, {})
    except ValueError as error:
        raise KeysError(f"{path} cannot be read ({error}): it is damaged. Put a copy of it in its place.") from None
    if not isinstance(entries, dict) or not all(_is_entry(entry) for entry in entries.values()):
        raise KeysError(f"{path} is no file of keys. PATRONS_KEYS names the one that `{PATRONS} keys add` writes.")
    return entries


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() >= FIELDS


def check(path: Path) -> None:
    """Refuse to serve without a file of keys that can be read: nobody would be let in.

    Raises
    ------
    KeysError, OSError
        Says what is wrong.
    """
    if not path.exists():
        raise KeysError(
            f"There is no file of keys {path}. Make a key: {PATRONS} keys add NAME. "
            "Or answer this machine only, without keys: --no-keys"
        )
    listed(path)


def add(path: Path, name: str) -> str:
    """Make a key for `name`; it is returned once and never again."""
    if not NAME.fullmatch(name):
        raise KeysError(
            f"{name!r} cannot be the name of a key: use letters, digits, dots and dashes, such as crm-nightly."
        )
    number, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    with _changed(path) as entries:
        if name in {entry["name"] for entry in entries.values() if not entry["revoked"]}:
            raise KeysError(f"There is a key named {name!r} already. Revoke it first, or use another name.")
        digest = sha256(secret.encode()).hexdigest()
        entries[number] = {"name": name, "sha256": digest, "created": now(), "revoked": None}
    return f"pk_{number}_{secret}"


def revoke(path: Path, name: str) -> None:
    """Revoke the key named `name` (or of that id); a running service notices within a second."""
    with _changed(path) if path.parent.is_dir() else nullcontext(listed(path)) as entries:
        valid = [key for key, entry in entries.items() if name in (key, entry["name"]) and not entry["revoked"]]
        if not valid:
            raise KeysError(f"No key named {name!r} is in use. See: {PATRONS} keys list")
        entries[valid[0]]["revoked"] = now()


class Keys:
    """The keys of a file, read again when it changes.

    Parameters
    ----------
    path : Path
    report : callable, optional
        Takes an event's name and its facts: told once when the file cannot be read, which lets nobody in.
    """

    def __init__(self, path: Path, report: Callable[..., None] = lambda event, **facts: None):
        self.path, self._report, self._trouble = path, report, ""
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
        trouble = ""
        try:
            state = self.path.stat()
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
            if seen != self._seen:
                self._entries, self._seen = listed(self.path), seen
        except (OSError, ValueError) as error:
            self._entries, self._seen, trouble = {}, None, str(error)
        if trouble and trouble != self._trouble:
            self._report("keys_unreadable", reason=trouble)
        self._trouble = trouble
        return self._entries


@contextmanager
def _changed(path: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """The entries to change; they are written at the end, and no other command changes them meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = os.open(path.parent, os.O_RDONLY)  # locked itself, so that no lock file of another owner stands in the way
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        entries = listed(path)
        yield entries
        _write(path, entries)
    finally:
        os.close(folder)


def _write(path: Path, entries: Mapping[str, Any]) -> None:
    """Write the file with the owner and the mode that it has; a new one is for its folder's owner alone."""
    exists = path.exists()
    state = path.stat() if exists else path.parent.stat()
    with whole(path) as partial:
        partial.touch(0o600)
        partial.write_text(json.dumps(entries, indent=1) + "\n")
        if os.geteuid() == 0 or exists:
            _give(partial, state.st_uid, state.st_gid, path)
        if exists:
            partial.chmod(stat.S_IMODE(state.st_mode))


def _give(partial: Path, user: int, group: int, path: Path) -> None:
    state = partial.stat()
    if (state.st_uid, state.st_gid) == (user, group):
        return
    try:
        os.chown(partial, user, group)
    except PermissionError:
        raise KeysError(
            f"{path} belongs to user {user} and group {group}, and would no longer: the service might not be able to "
            f"read it. Nothing was changed. Run this as that user, or with sudo."
        ) from None
