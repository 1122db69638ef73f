"""The file of API keys: changes beside each other, its owner and mode, and what a service that reads it does."""

import json
import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from patrons.service import keys
from patrons.service.keys import Keys, KeysError

SERVING = Path(__file__).parents[2] / "serving"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.json"


def test_changes_beside_each_other_are_all_kept(file):
    for number in range(20):
        keys.add(file, f"old{number}")
    with ThreadPoolExecutor(8) as pool:
        changes = [pool.submit(keys.revoke, file, f"old{number}") for number in range(20)]
        changes += [pool.submit(keys.add, file, f"new{number}") for number in range(20)]
        for change in changes:
            change.result()
    entries = keys.listed(file).values()
    assert len(entries) == 40
    assert {entry["name"] for entry in entries if entry["revoked"]} == {f"old{number}" for number in range(20)}
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]  # no lock, nothing half written


def test_a_change_keeps_the_mode_of_the_file(file):
    keys.add(file, "crm")
    file.chmod(0o640)
    keys.revoke(file, "crm")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_writes_belongs_to_the_owner_of_the_folder_and_stays_with_the_owner_of_the_file(file):
    os.chown(file.parent, 10001, 10002)
    keys.add(file, "crm")
    assert (file.stat().st_uid, file.stat().st_gid) == (10001, 10002)
    os.chown(file, 10003, 10004)
    keys.revoke(file, "crm")
    assert (file.stat().st_uid, file.stat().st_gid) == (10003, 10004)


def test_a_file_that_would_change_its_owner_is_left_as_it_is(file, monkeypatch):
    keys.add(file, "crm")
    before = file.read_text()
    monkeypatch.setattr(keys.os, "chown", refuse)
    real = Path.stat
    theirs = os.stat_result((0o100600, 1, 1, 1, 4711, 4711, 1, 1, 1, 1))
    monkeypatch.setattr(Path, "stat", lambda path, **options: theirs if path == file else real(path, **options))
    with pytest.raises(KeysError, match=r"belongs to user 4711.*Nothing was changed\. Run this as that user"):
        keys.revoke(file, "crm")
    assert file.read_text() == before


def refuse(*arguments):
    raise PermissionError


def test_revoking_where_there_are_no_keys_makes_no_folder(tmp_path):
    with pytest.raises(KeysError, match="No key named"):
        keys.revoke(tmp_path / "none" / "keys.json", "crm")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"1": {"name": "crm"}}', "\x00"])
def test_a_damaged_file_is_a_sentence_for_the_command_and_lets_nobody_in(file, content):
    key = keys.add(file, "crm")
    file.write_text(content)
    with pytest.raises(KeysError, match=r"keys\.json (cannot be read|is no file of keys)"):
        keys.add(file, "else")
    told = []
    reader = Keys(file, lambda event, **facts: told.append((event, facts["reason"])))
    assert [reader.holder(key), reader.holder(key)] == [None, None]
    reader._looked = 0.0
    assert reader.holder(key) is None
    assert [event for event, _ in told] == ["keys_unreadable"]  # once
    assert "keys.json" in told[0][1]


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_compose_mounts_the_folder_of_keys_because_a_file_that_is_replaced_would_stay_the_old_one(colour):
    api = yaml.safe_load((SERVING / "compose.yaml").read_text())["services"][colour]
    image = re.search(r"PATRONS_KEYS=(\S+)", (SERVING / "Dockerfile").read_text())[1]
    targets = [volume.removesuffix(":ro").rpartition(":")[2] for volume in api["volumes"]]
    assert str(Path(image).parent) in targets
    assert "secrets" not in api
    assert not any(target.endswith(".json") for target in targets)


def test_entries_say_who_and_when_and_hold_no_key(file):
    key = keys.add(file, "crm")
    (entry,) = json.loads(file.read_text()).values()
    assert entry["name"] == "crm"
    assert entry["revoked"] is None
    assert key.split("_", 2)[2] not in file.read_text()
