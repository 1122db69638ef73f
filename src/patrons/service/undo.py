"""The way back from a delivery: the colour first, then the files, then the champion in MLflow."""

from collections.abc import Iterator

from patrons.service import record
from patrons.service.record import Delivery
from patrons.service.site import Site, changing


def rollback(site: Site, of: str | None = None) -> Iterator[str]:
    """Undo the last delivery that has changed something; yields what was done, a sentence each.

    Parameters
    ----------
    site : Site
    of : str, optional
        The `started` of a delivery: only this one is undone, and only before it has come to its end.
    """
    delivery = site.releases.of(site.name) if of is None else site.releases.last()
    if delivery is None or (of is not None and (delivery.name, delivery.started) != (site.name, of)):
        yield f"There is nothing to roll back: the last delivery is not the one of {site.name} that began at {of}."
    elif delivery.under_way:
        with changing():
            yield from _undone(site, delivery)
    elif of is None and (former := delivery.finished) and former["name"] == site.name:
        if delivery.state != record.WATCHED:
            yield f"The delivery of {delivery.folder or site.name} is {delivery.state}: the one before it is undone."
        with changing():
            yield from _undone(site, record.Delivery(**former))
    else:
        yield f"There is nothing to roll back: the delivery of {delivery.folder or site.name} is {delivery.state}."


def _undone(site: Site, delivery: Delivery) -> Iterator[str]:
    """Undo what a delivery has changed, and leave what others have changed since; yields what was done."""
    balancer = site.balancer(delivery.former)
    if delivery.state in record.ANSWERS and balancer.answering() != delivery.former:
        site.unchanged(delivery, delivery.former, delivery.files[delivery.former])
        balancer.let_answer()
        yield f"{delivery.former} answers again, by {delivery.files[delivery.former] or 'the release that it has'}."
    for file in ("champion", delivery.colour):
        yield from _renamed(site, delivery, file)
    if delivery.promoted:
        yield _demoted(site, delivery)
    site.releases.note(delivery, state=record.ROLLED_BACK)
    yield f"The delivery of {delivery.folder} is rolled back."


def _renamed(site: Site, delivery: Delivery, file: str) -> Iterator[str]:
    """Let a file name what it named before this delivery; what was done, a sentence."""
    before, found = delivery.files[file], site.releases.named()[file]
    if found == delivery.folder != before:
        site.releases.name(file, before)
        again = "is gone" if before is None else f"names {before or 'nothing'}"
        yield f"The file {file} {again} again."
    elif found != before:
        yield f"The file {file} stays as it is: it names {found or 'nothing'}, which is not of this delivery."


def _demoted(site: Site, delivery: Delivery) -> str:
    """Take back the promotion of this delivery; what was done, a sentence."""
    registry = site.registry()
    champion = site.champion(registry)
    if champion != delivery.version:
        return f"The champion in MLflow stays as it is: version {champion}, not that of this delivery."
    why = f"the delivery of {delivery.folder} was rolled back"
    if delivery.champion is None:
        registry.withdraw(why)
        return "No version is the champion in MLflow, as before."
    entry = registry.rollback(why)
    return f"Version {entry['to']} is the champion in MLflow again."
