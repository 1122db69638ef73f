"""A real server process of the toy scorer: ``python serve_toy.py RELEASE PORT``; TOY_KEYS=1 lets it ask for keys."""

import asyncio
import os
import sys
from pathlib import Path

from toy_scorer import ToyScorer

from patrons.service.follow import named_by
from patrons.service.server import listen
from patrons.service.settings import from_environment
from serving.api import Service, serve

if __name__ == "__main__":
    open_to_all = "TOY_KEYS" not in os.environ
    settings = from_environment(named_by(Path(sys.argv[1])), no_keys=open_to_all, port=int(sys.argv[2]), poll=0.1)
    service = Service(settings, ToyScorer)
    asyncio.run(serve(service, listen(settings)))
