"""Numbers for Prometheus, in a registry of their own."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)  # seconds
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """What is counted and measured."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        ProcessCollector(registry=own)
        self.requests = Counter("patrons_requests", "Requests by path and status.", ["path", "status"], registry=own)
        self.seconds = Histogram(
            "patrons_request_seconds", "Time of a request.", ["path"], buckets=BUCKETS, registry=own
        )
        self.customers = Counter("patrons_customers", "Customers by outcome.", ["outcome"], registry=own)
        self.ledger = Counter(
            "patrons_ledger_answers", "Answers kept for monitoring or dropped.", ["outcome"], registry=own
        )
        self.events = Counter(
            "patrons_release_events", "Flips, rollbacks, refused candidates.", ["event"], registry=own
        )
        self.release = Gauge("patrons_release_info", "The release that answers.", ["release", "slot"], registry=own)
        self.refused = Gauge("patrons_release_refused", "Whether the release that is wanted was refused.", registry=own)
        self.busy = Gauge("patrons_requests_in_progress", "Requests that are scored or wait.", registry=own)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.requests.labels(path, status).inc()
        self.seconds.labels(path).observe(seconds)

    def happened(self, event: str, release: str | None, slot: str | None) -> None:
        """Count an event of a release, and show the release that answers."""
        self.events.labels(event).inc()
        self.release.clear()
        if release:
            self.release.labels(release, slot).set(1)

    def text(self) -> str:
        """All of it as Prometheus reads it."""
        return generate_latest(self.registry).decode()
