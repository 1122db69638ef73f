"""Rules, routes and dashboard: every alert is tested both ways, reaches somebody, and has its row in the docs."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from patrons.service import record

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "serving" / "prometheus"
RULES = [rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
TESTS = sorted(FOLDER.glob("*_test.yml"))
PAGE = (ROOT / "docs" / "operations.md").read_text()


def needs(tool):
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def said(*command):
    """What a tool prints; it must end well."""
    done = subprocess.run([*map(str, command)], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs("promtool")
@pytest.mark.parametrize("file", TESTS, ids=lambda path: path.stem)
def test_rules_fire_and_stay_silent_as_their_tests_say(file):
    assert "SUCCESS" in said("promtool", "test", "rules", file)


def outcomes():
    """By alert how often its tests let it fire (True) and stay silent (False)."""
    found = defaultdict(set)
    for file in TESTS:
        for case in yaml.safe_load(file.read_text())["tests"]:
            for asked in case["alert_rule_test"]:
                found[asked["alertname"]].add(bool(asked["exp_alerts"]))
    return found


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_is_tested_both_ways_and_says_what_to_do_first(alert):
    assert outcomes()[alert] == {True, False}
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("page", "ticket")
    row = re.search(rf"^\| `{alert}` \| (\w+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert row, f"docs/operations.md has no row of {alert}"
    assert (row[1], row[3]) == (rule["labels"]["severity"], rule["annotations"]["action"])


def test_nothing_is_tested_or_told_of_that_is_no_alert():
    told = set(re.findall(r"^\| `(Patrons\w+)` \|", PAGE, re.MULTILINE))
    inhibited = set(re.findall(r"Patrons\w+", (FOLDER / "alertmanager.yml").read_text()))
    assert set(outcomes()) == told == set(ALERTS)
    assert inhibited < set(ALERTS)


def test_numbers_that_are_old_silence_what_is_told_of_their_own_series_alone():
    rules = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())["inhibit_rules"]
    told, inhibited = labels(), set()
    for rule in rules:
        [source] = re.findall(r"Patrons\w+", str(rule["source_matchers"]))
        targets = re.findall(r"Patrons\w+", str(rule["target_matchers"]))
        assert all("series" in told[one] for one in targets) == ("series" in rule.get("equal", [])), source
        inhibited |= set(targets) if source == "PatronsExportSilent" else set()
    assert inhibited == {"PatronsBackupOld", "PatronsMonitoringStopped", "PatronsChampionOld"}


def labels():
    """By alert the labels that its tests expect."""
    found = defaultdict(set)
    for file in TESTS:
        for case in yaml.safe_load(file.read_text())["tests"]:
            for asked in case["alert_rule_test"]:
                found[asked["alertname"]].update(*(one["exp_labels"] for one in asked["exp_alerts"]))
    return found


def test_states_of_a_delivery_are_those_that_deliveries_have():
    [state] = re.findall(r'state!~"([^"]*)"', ALERTS["PatronsDeliveryFailed"]["expr"])
    assert set(state.split("|")) == {record.KEPT, record.WATCHED, record.ROLLED_BACK}  # nothing is to follow these
    assert f'state="{record.ROLLED_BACK}"' in ALERTS["PatronsDeliveryFailed"]["expr"]


@needs("promtool")
def test_promtool_finds_no_fault_in_the_configuration(tmp_path):
    for name in ("prometheus.yml", "rules.yml"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "key").write_text("secret")
    assert "SUCCESS" in said("promtool", "check", "config", tmp_path / "prometheus.yml")


@needs("amtool")
@pytest.mark.parametrize(("severity", "receivers"), [("page", "page"), ("ticket", "ticket"), ("new", "ticket")])
def test_a_page_rings_and_all_else_is_a_ticket(severity, receivers):
    assert "2 receivers" in said("amtool", "check-config", "alertmanager.yml")
    route = ["amtool", "config", "routes", "test", "--config.file=alertmanager.yml"]
    assert said(*route, f"--verify.receivers={receivers}", "alertname=PatronsSlow", f"severity={severity}")
