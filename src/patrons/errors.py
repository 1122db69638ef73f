"""The error of data that cannot be used, for the modules that read it."""


class SourceError(ValueError):
    """A source that is not there or is not as the parameters say."""
