"""What the numbers that runs record are called, for people who know no names of metrics."""

OF = {  # the notebook, by its number
    "01": "Data",
    "02": "Features",
    "03": "Grouping",
    "04": "Segments",
    "05": "Segment model",
    "06": "Risk",
    "07": "Customer value",
    "08": "Monitoring",
}
NAMES = {  # what underscores taken for spaces would not say
    "roc_auc": "ROC AUC",
    "baseline_roc_auc": "ROC AUC of the baseline",
    "cv_roc_auc": "ROC AUC in cross-validation",
    "pr_auc": "area under precision and recall",
    "brier": "Brier score",
    "flagged": "share warned of",
    "macro_f1": "macro F1",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "rmse_without_largest": "root mean squared error without the largest",
    "spearman": "rank correlation",
    "capture_top_decile": "spend of the tenth ranked first",
    "recall_at_top_decile": "recall in the tenth ranked first",
    "test_churn_rate": "share who left in the test",
    "k": "number of segments",
    "calinski_harabasz": "Calinski-Harabasz index",
    "davies_bouldin": "Davies-Bouldin index",
    "null_silhouette": "silhouette of data without groups",
    "stability_ari": "stability (adjusted Rand index)",
    "origins": "days tested",
    "came_back_rate": "share of those who left and came back later",
    "features": "columns",
    "panel_rows": "rows",
    "snapshots": "days described",
    "smallest_share": "share of the smallest group",
    "border_share": "share near a border",
    "migrated_share": "share who moved",
    "matched_cancellations": "cancellations matched to orders",
    "gates_failed": "checks that failed",
    "log_odds_error": "error that a day's forecasts share (log odds)",
    "gap": "gap between training and test",
}
ENDINGS = {  # of whom, of when, or which end of the interval
    "_active": "customers who can be kept",
    "_held_out": "held-out customers",
    "_later": "a horizon later",
    "_inputs": "from the values that grouped them",
    "_persistence": "if nobody moves",
    "_season": "nearest in season",
    "_mean": "mean of all days",
    "_lowest": "worst day",
    "_low": "lower end",
    "_high": "upper end",
}


def name(metric: str) -> str:
    """A metric such as ``06.roc_auc_active_low`` in words: “Risk: ROC AUC, customers who can be kept, …”."""
    stage, _, rest = metric.partition(".")
    endings: list[str] = []
    while rest not in NAMES and (ending := next((one for one in ENDINGS if rest.endswith(one)), "")):
        rest, endings = rest.removesuffix(ending), [ENDINGS[ending], *endings]
    words = NAMES.get(rest) or rest.replace("_", " ")
    return f"{OF.get(stage, stage)}: {', '.join([words, *endings])}"
