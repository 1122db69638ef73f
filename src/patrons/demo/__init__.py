"""What does a shop look like whose truth is known? A simulated one, for the demo and the tests.

simulate   customers with a hidden truth, and their orders
newcomers  customers who come later, to score
catalogue  what the shop sells
flaws      what a real log holds besides good lines
pieces     large shops, made up in pieces
"""

from patrons import door

__all__ = ["newcomers", "pieces", "simulate"]
__getattr__, __dir__ = door(__name__, __all__)
