"""How do a shop's systems ask for scores? The parts of the REST API; `serving/api.py` puts them together.

They need the extra `serve`. In reading order:

settings  what an operator may set
server    the process, which ends without losing a request
connections  before a request: how long, how large, how many
guard     what every request passes: id, key, limits, log
keys      who may ask
limits    how many requests at once
bodies    bodies, in a thread where they are large
strict    JSON, read strictly
requests  from bytes to customers
messages  requests and answers, from which OpenAPI comes
predict   from customers to answers
keeper    answers kept for monitoring, behind the requests
problems  errors, all of one shape
slots     blue and green: the release that answers and the one in reserve
follow    keeping up with the release that is wanted
champion  which that is, by the registry
patience  when to try again
cards     what `GET /model` says
pages     OpenAPI and Swagger UI
metrics   numbers for Prometheus
balancer  haproxy in front of several processes: who gets requests
record    what a delivery has done so far
golden    asking services that run for the golden answers of a release
site      where a series is delivered: folder, balancer, replicas, registry
undo      the way back
delivery  a new release, step by step: loaded, asked, let answer, watched
"""

from patrons import door

__all__ = [
    "balancer",
    "bodies",
    "cards",
    "delivery",
    "follow",
    "guard",
    "keeper",
    "keys",
    "limits",
    "messages",
    "metrics",
    "pages",
    "predict",
    "record",
    "server",
    "settings",
    "site",
    "slots",
]
__getattr__, __dir__ = door(__name__, __all__)
