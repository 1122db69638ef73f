"""The simulated shop.

simulate   customers with hidden truth, and their orders
catalogue  what it sells
flaws      what a real log holds besides good lines
"""

from patrons import door

__all__ = ["simulate"]
__getattr__, __dir__ = door(__name__, __all__)
