"""One thread for sums: those of several threads differ in the last digits, and so would the models made of them."""

from threadpoolctl import threadpool_limits

one_thread = threadpool_limits.wrap(limits=1, user_api="blas")  # a decorator
