"""The page of errors, `docs/troubleshooting.md`: causes from their classes, messages from where they are raised."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from patrons.errors import PATRONS, RUN_ALL

HEAD = """# Troubleshooting

Each error that a command, the series, the API or the app can end with: what it means, and what to do first. A message
says what is wrong, what was found and what to do; search this page for its words, of which … stands for what differs
from case to case. Commands are typed in the project's folder.

Exit codes: 0 done; 1 a notebook or a step failed, or something that may pass by itself, such as a server that is away:
try again; 2 bad parameters or data, and nothing was changed; 130 or 143 stopped by you or by the system. Errors of the
API are JSON, and listed with their statuses in [API](api.md#errors). `make schema` writes this page.

What is no error of ours comes with a traceback: keep it, with the [log](operations.md#logs), and report it.
"""
CONSTANTS = {"PATRONS": PATRONS, "RUN_ALL": RUN_ALL}
SHORTEST = 12  # letters of a message beside what differs, from which on it can be searched for
REMEDIES: Mapping[str, Mapping[str, str]] = {
    "Your data": {
        "SourceError": "It names the file, the column or the sheet, and what would be right. Where several things "
        "are wrong, all are listed.",
        "OrdersError": "Fix what is named at the source, or relax the limit of `01_eda` that it names.",
        "NoRowsError": "Export the file again, with its rows.",
        "MalformedError": "Say `delimiter` or `encoding` of `01_eda`, or fix the lines that are named.",
        "DatesError": "Write `date_format` of `01_eda`; the message shows three dates of yours, and what to write.",
        "NumbersError": "Write `decimal: point` or `decimal: comma` under `01_eda`.",
        "CustomersError": "Go through the list: name `label` and the value `positive` of it, and fix what is doubled.",
        "RosterError": "Give a table with one row for each customer of the log, or leave `customers` empty.",
        "ExistsError": "Run what is there, or write it anew with `--force`, which loses what you have changed in it.",
        "FetchError": "Try again when the network is there, or download the file and put it where the message says.",
        "ShopError": "Give a day within the log of the shop.",
    },
    "Parameters and notebooks": {
        "ParamsError": "Correct the params file where it says; [parameters](parameters.md) has all names.",
        "SeriesError": "Name a notebook that `--list` shows, or correct what your own notebook declares.",
        "FeaturesError": "Give a longer log or a shorter horizon, or correct the setting that is named.",
        "ClusteringError": "Correct the parameter of 03 that is named, or let more customers in.",
        "SegmentsError": "Lower `k_max` of 03.",
        "ClassificationError": "Correct the parameter of 05 that is named.",
        "FlagError": "Choose another `flag_by` of 06, or name `spend`.",
        "AssumptionsError": "Write ranges as low, likely, high under `07_customer_value`.",
        "StageError": "Run the notebooks before this one, or all: `make run`.",
        "DagError": "Do as it says, and write the DAG again.",
    },
    "While it runs": {
        "LockedError": "Wait for the other command; `ps` shows whether the process that is named is still there.",
        "PassingError": "Try again later.",
        "StoppedError": "Nothing is lost: the same command with `--resume` goes on.",
        "DiskFullError": "Free some space on the disk that holds the file, and run again with `--resume`.",
        "DamagedError": "Restore a copy of the file, or let the command that made it make it again.",
        "LogError": "Let `PATRONS_LOG` name a file in a folder that you may write to.",
        "ClusterError": "Install Java 17 or later and run `make spark`, or leave `engine` alone: [scale](scale.md).",
        "ScriptError": "Call the command in the project's folder, where `run_all.py` is.",
        "TooLargeError": "Nothing: scoring takes a slower way by itself.",
    },
    "Models, releases and scores": {
        "ModelError": "Run the notebook that makes the model again, with the packages of this project.",
        "ContentError": "Run the whole series.",
        "ReleaseError": "Build the release again here; where it comes from elsewhere, copy it again.",
        "SignatureError": "If you trust who made it, sign the release with the key that `PATRONS_SIGNING_KEY` names.",
        "ScoringError": "Compare the columns of your file with those that are listed. Give all orders of a customer.",
        "RegistryError": "See which versions there are, and promote or build as the message says.",
        "TrackingError": "Do what its second line says; results are kept on disk meanwhile.",
        "AwayError": "See whether MLflow runs where `MLFLOW_TRACKING_URI` says, then repeat the command.",
    },
    "Monitoring, campaigns and audiences": {
        "LedgerError": "Correct the setting or the rows that it names; nothing was added.",
        "GivenError": "Correct the file of outcomes; nothing was added.",
        "RunsError": "List the runs that are kept, and name two of them.",
        "MonitoringError": "Run 08 again, as the message says.",
        "RetrainError": "Name a series of `params/`, or wait for the retraining that is under way.",
        "ExportError": "Name a series that was run here.",
        "MetricsError": "Name a file and folders that are there.",
        "CampaignError": "Run 07 first, or restore `data/campaigns` from a backup.",
        "TrialError": "Wait until the horizon is over, or hold some out in the next list (`hold_out`).",
        "OutcomesError": "Correct the file of orders or outcomes; nothing was counted.",
        "ListError": "Give one of the two customers another id, and run the series again.",
        "AudienceError": "Name a segment, a form and a column that there are; the message lists them.",
    },
    "Service, keys and delivery": {
        "SettingsError": "Correct the option or the variable that is named; the service has not started.",
        "KeysError": "Make, list or revoke keys by the command in the message.",
        "KeyRefusedError": "Give a key that the service knows.",
        "ServerError": "See whether the service runs, and read its log.",
        "CandidateError": "Build the release anew; the one before answers on.",
        "BalancerError": "See whether haproxy and the replicas run: `serving/balancer.sh show`.",
        "DeliveryError": "Take the step that it names; nothing was changed.",
        "DeliveryFailedError": "Go back by the step `rollback`, then see to what the message names.",
        "Problem": "See [API](api.md#errors): field, what was found, what is expected, what to do.",
        "EarlierError": "Run the series again.",
        "OtherDataError": "Start the app with a release of this series, or without one.",
    },
    "Backups": {
        "BackupError": "Take an earlier backup, or make one anew; what is in use was not touched.",
    },
}


class Raised(NamedTuple):
    """What the package says of its errors: by class the first paragraph of its docstring, and its messages."""

    causes: dict[str, str]
    messages: dict[str, list[str]]


def page(package: Path) -> str:
    """The page as Markdown.

    Parameters
    ----------
    package : Path
        The folder of the package, of which classes and messages are read.

    Raises
    ------
    KeyError
        Where a class of errors has no remedy here: give it one.
    """
    raised = collected(package)
    told = {name: remedy for several in REMEDIES.values() for name, remedy in several.items()}
    if set(told) != set(raised.causes):
        raise KeyError(f"Errors and remedies differ: {sorted(set(told) ^ set(raised.causes))}")
    sections = [
        f"\n## {title}\n" + "".join(_of_class(name, remedy, raised) for name, remedy in several.items())
        for title, several in REMEDIES.items()
    ]
    return "".join([HEAD, *sections])


def _of_class(name: str, remedy: str, raised: Raised) -> str:
    messages = "".join(f"- {message}\n" for message in raised.messages.get(name, []))
    listed = f"\n{messages}" if messages else ""
    return f"\n### {name}\n\n{raised.causes[name]}\n\n**What to do.** {remedy}\n{listed}"


def collected(package: Path) -> Raised:
    """The classes of errors in a package, and the messages with which they are raised."""
    causes: dict[str, str] = {}
    messages: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name.endswith(("Error", "Problem")):
                causes[node.name] = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
            elif isinstance(node, ast.Call) and (name := _called(node)).endswith("Error"):
                said = [text for text in map(_text, node.args) if len(text.replace("…", "").strip()) >= SHORTEST]
                messages.setdefault(name, []).extend(said)
    return Raised(causes, {name: sorted(dict.fromkeys(several)) for name, several in messages.items()})


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _text(node: ast.expr) -> str:
    """A message as it is searched for: … for what differs; empty where it is not written there."""
    if isinstance(node, ast.Constant):
        return _plain(node.value) if isinstance(node.value, str) else ""
    return _plain("".join(_parts(node))) if isinstance(node, ast.JoinedStr) else ""


def _parts(node: ast.JoinedStr) -> Iterator[str]:
    for part in node.values:
        if isinstance(part, ast.Constant):
            yield str(part.value)
        elif isinstance(part, ast.FormattedValue):
            yield CONSTANTS.get(ast.unparse(part.value), "…")


def _plain(text: str) -> str:
    """On one line, with nothing that Markdown takes for its own."""
    return " ".join(text.split()).replace("<", "&lt;").replace("*", "\\*")
