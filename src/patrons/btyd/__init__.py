"""Buy till you die: when will they buy again?

likelihood   maximum likelihood within bounds, from several starts
mbgnbd        MBG/NBD: how many orders to expect
gamma_gamma  Gamma-Gamma: the mean value of an order to expect
lifetime     MBG/NBD as features of a customer on a day
"""

from patrons import door

__all__ = ["gamma_gamma", "lifetime", "likelihood", "mbgnbd"]
__getattr__, __dir__ = door(__name__, __all__)
