"""Buy till you die: when will they buy again?"""
