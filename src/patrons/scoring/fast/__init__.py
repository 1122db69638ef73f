"""One customer in a millisecond: the same arithmetic without pandas.

pipeline  the steps of a fitted pipeline
models    one row through a fitted model
trees     all trees walked at once
shapley   Shapley values of boosted trees
reasons   three reasons
spend     expected spend
"""
