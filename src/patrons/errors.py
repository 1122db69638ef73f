"""The errors of data that cannot be used, and which errors need no traceback."""


class SourceError(ValueError):
    """A source that is not there or is not as the parameters say."""


class OrdersError(SourceError):
    """An order log that cannot be used."""


class ClusteringError(ValueError):
    """Data or parameters from which no grouping can be chosen."""


def is_expected(error: Exception) -> bool:
    """Whether an error says all that a user needs: those of this package and of the file system do."""
    return type(error).__module__.startswith("patrons.") or isinstance(error, OSError)
