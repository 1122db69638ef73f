"""Signatures: a release that only those could have made or approved who have the operator's key.

Off unless ``$PATRONS_SIGNING_KEY`` names a file with a key. Then a release is loaded only with the right
``release.sig``: an HMAC (SHA-256) of ``release.json``, which holds the checksum of every other file. The same key signs
and checks, so it belongs only on machines that are trusted to do either.
"""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path

from patrons.errors import PATRONS
from patrons.files import whole

FILE = "release.sig"
VARIABLE = "PATRONS_SIGNING_KEY"
LEAST = 32  # characters of a key
PURPOSE = b"patrons release 1\n"  # what is signed is never taken for a signature of something else


class SignatureError(ValueError):
    """A key that cannot be used."""


def key_file() -> Path | None:
    """The file that holds the key, None where none is configured."""
    name = os.environ.get(VARIABLE)
    return Path(name).expanduser() if name else None


def make_key() -> Path | None:
    """Make the key that is configured if its file is not there yet; the file, None if there is one."""
    path = _configured()
    if path.exists():
        return None
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with whole(path) as partial:
        partial.touch(0o600)
        partial.write_text(secrets.token_hex(32) + "\n")
    return path


def sign(manifest: Path) -> Path:
    """Sign a release by its manifest; the file of the signature."""
    path = manifest.with_name(FILE)
    with whole(path) as partial:
        partial.write_text(_signature(manifest) + "\n")
    return path


def problem(manifest: Path) -> str:
    """Why a release does not count as signed, empty where it does or where no key is configured."""
    if key_file() is None:
        return ""
    wanted, path = _signature(manifest), manifest.with_name(FILE)
    if not path.is_file():
        return f"it is not signed, and {VARIABLE} demands that: if you trust who made it, {PATRONS} keys sign FOLDER"
    signature = path.read_bytes()[: len(wanted) + 1].strip()
    if hmac.compare_digest(signature, wanted.encode()):
        return ""
    return f"its signature is not of the key that {VARIABLE} names: it was signed by others, or changed since"


def text(folder: Path) -> str:
    """The signature of a release, empty where it has none."""
    path = folder / FILE
    return path.read_text(encoding="ascii", errors="replace").strip()[:100] if path.is_file() else ""


def _signature(manifest: Path) -> str:
    return hmac.new(_key(), PURPOSE + manifest.read_bytes(), sha256).hexdigest()


def _key() -> bytes:
    path = _configured()
    if not path.is_file():
        raise SignatureError(f"{VARIABLE} names {path}, which is not there. Make one: {PATRONS} keys sign FOLDER")
    key = path.read_bytes().strip()
    if len(key) < LEAST:
        raise SignatureError(f"The signing key in {path} has {len(key)} characters, and must have {LEAST} or more.")
    return key


def _configured() -> Path:
    path = key_file()
    if path is None:
        raise SignatureError(
            f"No signing key is configured: set {VARIABLE} to a file that holds one, outside the project; "
            f"{PATRONS} keys sign FOLDER makes it if it is not there."
        )
    return path
