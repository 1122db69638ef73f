"""The parts of the REST API; `serving/api.py` puts them together. They need the extra `serve`.

settings  what an operator may set
server    the process
guard     what every request passes
keys      who may ask
limits    how much at once
bodies    strict bodies
messages  requests and answers, and so OpenAPI
predict   from customers to answers
problems  errors, all of one shape
slots     blue and green
follow    following the champion
cards     what `GET /model` says
pages     OpenAPI and Swagger UI
logs      JSON lines without personal data
metrics   for Prometheus
"""

from patrons import door

__all__ = [
    "bodies",
    "cards",
    "follow",
    "guard",
    "keys",
    "limits",
    "logs",
    "messages",
    "metrics",
    "pages",
    "predict",
    "server",
    "settings",
    "slots",
]
__getattr__, __dir__ = door(__name__, __all__)
