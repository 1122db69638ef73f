"""The errors of data that cannot be used, for the modules that read it."""


class SourceError(ValueError):
    """A source that is not there or is not as the parameters say."""


class OrdersError(SourceError):
    """An order log that cannot be used."""


class ClusteringError(ValueError):
    """Data or parameters from which no grouping can be chosen."""
