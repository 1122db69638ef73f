"""How is one customer scored in a millisecond? By the models' own arithmetic, without pandas.

pipeline  the steps of a fitted pipeline
models    one prepared row through a fitted model
trees     all trees of a model walked at once
reasons   the three reasons
spend     the expected spend
"""
