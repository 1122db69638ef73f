"""When to try again what has failed: soon at first, then less and less often."""

import time


class Patience:
    """Waits twice as long after each failure.

    Parameters
    ----------
    first, most : float
        Seconds after the first failure, and after many.
    """

    def __init__(self, first: float, most: float):
        self.first, self.most = first, max(first, most)
        self.reset()

    def reset(self) -> None:
        """Forget the failures."""
        self.seconds, self._until = 0.0, 0.0

    def failed(self) -> None:
        """Note a failure; `seconds` is how long to wait now."""
        self.seconds = min(2 * self.seconds or self.first, self.most)
        self._until = time.monotonic() + self.seconds

    @property
    def over(self) -> bool:
        """Whether it is time to try again."""
        return time.monotonic() >= self._until
