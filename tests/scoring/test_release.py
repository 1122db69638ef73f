import json
import os
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY, alone_on, resealed

from patrons.files import LockedError, locked, write_json
from patrons.libraries import COMPARED, by_library
from patrons.scoring import Scorer, release, signatures
from patrons.scoring import build as release_build
from patrons.scoring import scorer as scorer_module
from patrons.scoring.build import compare
from patrons.scoring.content import LATER, Content
from patrons.scoring.fast import pipeline as fast


@pytest.fixture
def copy(demo_release, tmp_path):
    return shutil.copytree(demo_release, tmp_path / "release")


def test_the_same_results_give_a_release_of_the_same_id(demo, demo_release, tmp_path):
    with alone_on(demo):
        again = release_build.build(demo.processed, tmp_path / "again")
    assert release.verify(again)["id"] == release.verify(demo_release)["id"]


def test_a_release_is_used_again_only_if_it_answers_as_it_must(demo, demo_release, tmp_path, monkeypatch):
    shutil.copy(demo.processed / "series.json", tmp_path)
    shutil.copytree(demo_release, tmp_path / "release")
    monkeypatch.setattr(release_build, "build", lambda processed: "anew")
    assert release_build.current(tmp_path) == tmp_path / "release"
    monkeypatch.setattr(Scorer, "check", lambda self: ["golden customer 1: another segment"])
    assert release_build.current(tmp_path) == "anew"


def test_a_series_in_which_only_the_watcher_of_releases_ran_leaves_the_release_as_it_is(
    demo, demo_release, tmp_path, monkeypatch
):
    results = tmp_path / "demo"
    with alone_on(demo):
        shutil.copytree(demo.processed, results, copy_function=os.link, ignore=shutil.ignore_patterns("release*"))
    shutil.copytree(demo_release, results / "release")
    monkeypatch.setattr(release_build, "build", lambda processed: "anew")
    monkeypatch.setattr(Scorer, "check", lambda self: [])
    series = json.loads((results / "series.json").read_text()) | {"run_id": "another"}
    series["stages"]["08_monitoring"] = {"status": "succeeded", "parameters": {"tolerance": 0.1}}
    write_json(results / "series.json", series)
    (results / "08_monitoring").mkdir(exist_ok=True)
    write_json(results / "08_monitoring" / "metrics.json", {"retrain": 1})
    assert release_build.current(results) == results / "release"

    churn = json.loads((results / "06_churn" / "churn.json").read_text())
    write_json(results / "06_churn" / "churn.json", churn | {"threshold": 0.5})
    assert release_build.current(results) == "anew"


def test_the_days_since_the_last_order_are_among_the_tested_rows_whatever_the_models_take(demo):
    rows = Content(demo.processed, release_build.finished(demo.processed)).test_rows(["frequency"])
    assert list(rows) == ["frequency", "recency_days", "churned"]


def test_no_place_and_no_customer_outside_the_golden_ones_stands_in_a_release(demo, demo_release):
    text = (demo_release / release.MANIFEST).read_text()
    assert str(demo.root) not in text
    assert "customer_id" not in pd.read_parquet(demo_release / release.TEST)


def test_a_changed_file_a_missing_file_and_a_changed_manifest_are_refused(copy):
    (copy / "dictionary.parquet").write_text("other")
    (copy / "churn.skops").unlink()
    manifest = json.loads((copy / release.MANIFEST).read_text())
    manifest["thresholds"]["churn"] = 0.99
    (copy / release.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(release.ReleaseError) as caught:
        release.verify(copy)
    message = str(caught.value)
    assert "churn.skops is missing" in message
    assert "dictionary.parquet is not as it was released" in message
    assert "release.json is not as it was released" in message


@pytest.mark.parametrize("library", ["scikit-learn", "xgboost", "numpy"])
def test_a_release_made_with_another_major_version_is_refused(demo_release, tmp_path, library):
    made_with = by_library(release.read(demo_release)["versions"]) | {library: "99.1"}
    other = resealed(demo_release, tmp_path / "other", versions=made_with)
    with pytest.raises(release.ReleaseError, match=f"made with {library} 99.1, and here is "):
        release.verify(other)


@pytest.mark.parametrize("library", COMPARED)
def test_a_release_made_with_another_minor_version_is_used_if_its_golden_answers_come_out_right(
    demo_release, tmp_path, library
):
    made_with = by_library(release.read(demo_release)["versions"])
    minor = f"{made_with[library].split('.')[0]}.99"
    other = resealed(demo_release, tmp_path / "right", versions=made_with | {library: minor})
    assert Scorer.load(other).check() == []
    golden = json.loads((other / release.GOLDEN).read_text())
    golden[3]["answer"]["churn_probability"] += 0.01
    (other / release.GOLDEN).write_text(json.dumps(golden))
    wrong = resealed(other, tmp_path / "wrong")
    message = (
        rf"made with {library} {minor}, and here is .*do not answer as they did there \(golden customer .*churn_prob"
    )
    for verified in (False, True):
        with pytest.raises(release.ReleaseError, match=message):
            Scorer.load(wrong, verified)


def test_a_release_made_on_another_python_is_used(demo_release, tmp_path):
    made_with = release.read(demo_release)["versions"] | {"python": "3.99"}
    other = resealed(demo_release, tmp_path / "other", versions=made_with)
    assert Scorer.load(other).manifest["versions"]["python"] == "3.99"


def test_models_that_another_version_cannot_read_are_refused_with_both_versions(demo_release, tmp_path, monkeypatch):
    made_with = by_library(release.read(demo_release)["versions"]) | {"xgboost": "3.99"}
    other = resealed(demo_release, tmp_path / "other", versions=made_with)

    def unreadable(folder):
        raise KeyError("learner")

    monkeypatch.setattr(scorer_module, "load_models", unreadable)
    with pytest.raises(release.ReleaseError, match=r"made with xgboost 3\.99, and here is .*KeyError: 'learner'"):
        Scorer.load(other)
    with pytest.raises(KeyError):  # with the same libraries it is something else
        Scorer.load(demo_release)


OTHER_PYTHON = os.environ.get("PATRONS_OTHER_PYTHON")
SCORE_THERE = """
import json, platform, sys
import pandas as pd
from patrons.scoring import Scorer

scorer = Scorer.load(sys.argv[1])
scored = scorer.score_rows(pd.read_parquet(sys.argv[2]))
one = scorer.score_one(pd.read_parquet(sys.argv[2]).to_dict("records")[0])
print(json.dumps({"python": platform.python_version(), "golden": scorer.check(), "error": one["error"]}))
scored.to_parquet(sys.argv[3])
"""


@pytest.mark.drill
@pytest.mark.skipif(not OTHER_PYTHON, reason="PATRONS_OTHER_PYTHON names no interpreter of another version")
def test_a_release_is_loaded_under_another_python_and_says_the_same_there(demo_release, scorer, customers, tmp_path):
    rows, scored = tmp_path / "rows.parquet", tmp_path / "scored.parquet"
    customers.to_parquet(rows)
    line = [OTHER_PYTHON, "-c", SCORE_THERE, str(demo_release), str(rows), str(scored)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    there = subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert there.returncode == 0, there.stderr
    answer = json.loads(there.stdout)
    assert answer["python"].split(".")[:2] != platform.python_version().split(".")[:2]
    assert (answer["golden"], answer["error"]) == ([], None)
    assert "Warning" not in there.stderr
    ours, theirs = scorer.score_rows(customers), pd.read_parquet(scored)
    assert theirs.error.isna().all()
    for name in ("segment", "segment_name", "flagged", "reason_1", "reason_2", "reason_3"):
        assert theirs[name].astype(object).equals(ours[name].astype(object)), name
    for name in ("churn_probability", "margin", "expected_spend", "spend_low", "spend_high"):
        assert theirs[name].to_numpy() == pytest.approx(ours[name].to_numpy(), rel=1e-5, abs=1e-5), name


def test_a_model_with_features_that_the_manifest_does_not_state_is_refused(demo_release, tmp_path):
    features = [entry for entry in release.read(demo_release)["features"] if entry["name"] != "monetary"]
    other = resealed(demo_release, tmp_path / "other", features=features)
    with pytest.raises(release.ReleaseError, match="does not state: monetary"):
        Scorer.load(other)


def test_a_release_is_copied_with_its_checksums_verified(demo_release, copy, tmp_path):
    exported = release.export(demo_release, tmp_path / "elsewhere")
    assert exported.name == f"demo-{release.read(demo_release)['id']}"
    assert Scorer.load(exported).check() == []
    (copy / "segments.json").write_text("[]")
    with pytest.raises(release.ReleaseError, match=r"segments\.json is not as it was released"):
        release.export(copy, tmp_path / "third")


PAYLOAD = "../payload"


def rewritten(folder, **changes):
    """The manifest of a release with other content, and the id that follows from it, as an attacker would."""
    manifest = {**json.loads((folder / release.MANIFEST).read_text()), **changes}
    manifest = {"id": release.identity(manifest), **{name: manifest[name] for name in manifest if name != "id"}}
    if "id" in changes:
        manifest["id"] = changes["id"]
    (folder / release.MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_a_manifest_that_lists_a_file_outside_its_folder_writes_nothing_there(copy, tmp_path):
    (tmp_path / "payload").write_text("malice")
    files = json.loads((copy / release.MANIFEST).read_text())["files"]
    rewritten(copy, files=files | {PAYLOAD: release.digest(tmp_path / "payload")})
    target = tmp_path / "elsewhere"
    with pytest.raises(release.ReleaseError, match=r"lists '\.\./payload', and no release has such a file"):
        release.export(copy, target)
    assert not target.exists()


def test_a_manifest_without_files_does_not_verify(copy):
    with pytest.raises(release.ReleaseError, match=r"does not list churn\.skops"):
        release.verify(rewritten(copy, files={}))


@pytest.mark.parametrize("name", ["../../x", "/etc/x", ".hidden", "a/b", "", None, "x" * 101, "a\nb", "d'or"])
def test_a_name_that_is_a_path_is_refused(copy, name):
    with pytest.raises(release.ReleaseError, match=r"cannot be the name of a series|has no name"):
        release.read(rewritten(copy, name=name))


@pytest.mark.parametrize("number", ["../../../../x", "", None, "40949C66CCA3", "40949c66cca", "40949c66cca3\n"])
def test_an_id_of_another_form_is_refused(copy, number):
    with pytest.raises(release.ReleaseError, match=r"cannot be the id of a release|has no id"):
        release.read(rewritten(copy, id=number))


@pytest.mark.parametrize("text", ['{"format": 2', "[]", "null", '"text"', "[" * 100_000, '{"format": 2, "files": []}'])
def test_a_manifest_that_is_none_is_refused_with_a_sentence(copy, text):
    (copy / release.MANIFEST).write_text(text)
    with pytest.raises(release.ReleaseError):
        release.verify(copy)


def test_further_files_folders_and_links_are_refused(copy, tmp_path):
    (copy / "sitecustomize.py").write_text("print('hello')")
    (copy / "more").mkdir()
    (copy / "churn.json").rename(tmp_path / "churn.json")
    (copy / "churn.json").symlink_to(tmp_path / "churn.json")
    with pytest.raises(release.ReleaseError) as caught:
        release.verify(copy)
    assert "more is no part of it: take it out" in str(caught.value)
    assert "sitecustomize.py is no part of it" in str(caught.value)
    assert "churn.json is a link" in str(caught.value)


EXPORT = "import sys; from pathlib import Path; from patrons.scoring import release\n"
EXPORT += "print(release.export(Path(sys.argv[1]), Path(sys.argv[2])))"


def test_processes_that_export_at_the_same_time_all_succeed(demo_release, tmp_path):
    line = [sys.executable, "-c", EXPORT, str(demo_release), str(tmp_path / "target")]
    running = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    ended = [(process.communicate(), process.returncode) for process in running]
    assert [code for _, code in ended] == [0] * 8, ended
    with ThreadPoolExecutor(8) as pool:
        copies = set(pool.map(lambda _: release.export(demo_release, tmp_path / "threads"), range(40)))
    assert len(copies) == 1
    for folder in (tmp_path / "target", tmp_path / "threads"):
        assert [path.name for path in folder.iterdir()] == [copies.copy().pop().name]  # no scratch is left


def test_a_damaged_copy_is_replaced(demo_release, tmp_path):
    copy = release.export(demo_release, tmp_path)
    (copy / "churn.skops").write_text("cut off")
    (copy / "golden.json").unlink()
    assert release.export(demo_release, tmp_path) == copy
    assert release.verify(copy)
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]


def test_builds_at_the_same_time_wait_for_each_other_and_for_no_series(demo, tmp_path, monkeypatch):
    processed = shutil.copytree(demo.processed, tmp_path / "demo")
    with ThreadPoolExecutor(3) as pool:
        folders = list(pool.map(lambda _: release_build.build(processed), range(3)))
    assert set(folders) == {processed / "release"}
    assert release.verify(processed / "release")
    assert not [path for path in processed.iterdir() if ".partial" in path.name]
    holder = "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX); print(); input()"
    line = [sys.executable, "-c", holder, str(processed / ".lock")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as series:
        series.stdout.readline()
        with pytest.raises(LockedError, match="Another command is running on demo"):
            release_build.build(processed)
        series.communicate(b"\n")
    with locked(processed / ".lock"):  # as `run_all.py --promote` holds it
        assert release_build.build(processed)


def test_a_damaged_release_of_the_last_results_is_built_anew(demo, tmp_path, monkeypatch):
    processed = shutil.copytree(demo.processed, tmp_path / "demo")
    release_build.build(processed)
    (processed / "release" / "churn.json").write_text("{}")
    assert release.verify(release_build.current(processed))


def test_the_copies_that_were_fetched_last_are_kept(tmp_path):
    for age in range(7):
        copy = tmp_path / f"demo-{age:012}"
        copy.mkdir()
        (copy / release.MANIFEST).write_text("{}")
        os.utime(copy, (1e9 - age, 1e9 - age))
    (tmp_path / "notes").mkdir()
    (tmp_path / ".demo-1.partial.abc").mkdir()
    os.utime(tmp_path / ".demo-1.partial.abc", (1e9, 1e9))
    (tmp_path / ".demo-2.partial.abc").mkdir()  # of a process that is at work
    release.prune(tmp_path, spared=[tmp_path / "demo-000000000006"], most=3)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {*(f"demo-{age:012}" for age in (0, 1, 2, 6)), "notes", ".demo-2.partial.abc"}


def test_a_release_must_be_signed_where_a_key_is_configured(demo_release, tmp_path, monkeypatch):
    theirs = shutil.copytree(demo_release, tmp_path / "theirs")
    assert Scorer.load(theirs)  # off by default
    monkeypatch.setenv(signatures.VARIABLE, str(tmp_path / "key"))
    with pytest.raises(signatures.SignatureError, match="which is not there"):
        Scorer.load(theirs)
    assert signatures.make_key() == tmp_path / "key"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert signatures.make_key() is None
    with pytest.raises(release.ReleaseError, match="it is not signed"):
        Scorer.load(theirs)
    signatures.sign(theirs / release.MANIFEST)
    assert Scorer.load(release.export(theirs, tmp_path / "copies"))  # the signature goes with it
    limits = {"churn": 0.99}
    forged = rewritten(shutil.copytree(theirs, tmp_path / "forged"), thresholds=limits)
    with pytest.raises(release.ReleaseError, match="its signature is not of the key"):
        Scorer.load(forged)
    assert Scorer.load(resealed(demo_release, tmp_path / "built"))  # what is made here is signed here
    (tmp_path / "key").write_text("short")
    with pytest.raises(signatures.SignatureError, match="5 characters, and must have 32 or more"):
        Scorer.load(theirs)


def test_a_fast_form_that_answers_otherwise_is_not_used(demo_release):
    scorer = Scorer.load(demo_release)
    inputs = pd.DataFrame([pair["request"] for pair in json.loads((demo_release / release.GOLDEN).read_text())])
    inputs, _ = scorer.reader.table(inputs)
    wanted = scorer.answers.original("churn", inputs)
    assert compare(fast.compiled(scorer.models["churn"]), inputs, wanted)["used"]
    assert not compare(lambda row: np.array([0.5, 0.5]), inputs, wanted)["used"]
    assert not compare(lambda row: np.array([0.5]), inputs, wanted)["used"]
    assert not compare(None, inputs, wanted)["used"]

    near = pd.DataFrame({"x": [0.3]})
    close = lambda row: np.array([0.3 + 1e-7])  # noqa: E731
    assert compare(close, near, near)["used"]
    assert not compare(close, near, near, lambda answers: answers > 0.3)[
        "used"
    ]  # nearly the same number, another decision


def test_every_part_of_the_demo_has_a_fast_form_that_agrees(demo_release):
    forms = release.read(demo_release)["fast"]
    assert set(forms) - {LATER} == {"clusterer", "churn", "value", "margin", "reasons"}
    assert all(form["used"] and form["rows"] > 100 for form in forms.values())


def test_results_of_a_series_that_failed_make_no_release(demo, tmp_path):
    shutil.copytree(demo.processed, tmp_path / "demo", ignore=shutil.ignore_patterns("*.parquet", "*.png"))
    record = json.loads((tmp_path / "demo" / "series.json").read_text())
    record["stages"]["06_churn"]["status"] = "failed"
    (tmp_path / "demo" / "series.json").write_text(json.dumps(record))
    with pytest.raises(release.ReleaseError, match="06_churn did not succeed"):
        release_build.build(tmp_path / "demo")
