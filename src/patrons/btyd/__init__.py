"""Buy till you die: when will they buy again?

likelihood   maximum likelihood within bounds, from several starts
bgnbd        how many orders to expect: BG/NBD
gamma_gamma  what an order is worth: Gamma-Gamma
lifetime     both as features of a customer on a day
"""

from patrons import door

__all__ = ["bgnbd", "gamma_gamma", "lifetime", "likelihood"]
__getattr__, __dir__ = door(__name__, __all__)
