"""The page of the API is what OpenAPI says, and each request on it gets the answer that stands below it."""

import os
from pathlib import Path

import pytest

pytest.importorskip("flama", reason="the serving extra is not installed: make test installs it")
import api_page
from toy_scorer import ToyScorer, write_release

from patrons.service import keys
from tests.service.test_api import Asked

FULL = {
    "margin": 0.666876,
    "segments_later": ["Champions", "Loyal"],
    "expected_spend": 310.5,
    "spend_low": 178.5,
    "spend_high": 540.0,
}
PAGE = Path(__file__).parents[2] / "docs" / "api.md"


class PageScorer(ToyScorer):
    """Answers with every field, as those of a whole series have."""

    def score_one(self, row):
        answer = super().score_one(row)
        reason = f"lowers the risk: {row.get('recency_days')} days since the last order"
        return answer if answer["error"] else {**answer, **FULL, "reason_1": reason}

    def score_rows(self, table, watch=None):
        return super().score_rows(table, watch).astype({"segment": "Int64"})


@pytest.fixture
def api(tmp_path):
    return Asked(write_release(tmp_path / "release", "5d1c3b0a9e42"), tmp_path / "keys.json", PageScorer)


def asked(api, requests: list[str]) -> list[str]:
    """Answers to requests as they stand on the page, from an API that wants a key."""
    key = keys.add(api.service.settings.keys, "shop")

    async def talk(client):
        answers = []
        for text in requests:
            method, path, headers, body = api_page.sent(text.replace(api_page.KEY, key))
            answer = await client.request(method, path, headers=headers, content=body.encode() or None)
            answers.append(api_page.answered(answer.status_code, answer.text))
        return answers

    return api.run(talk)


def test_each_request_on_the_page_gets_the_answer_that_stands_below_it(api):
    pairs = api_page.on_page(PAGE.read_text(encoding="utf-8"))
    assert len(pairs) == sum(map(len, api_page.EXAMPLES.values())) + len(api_page.WRONG)
    assert asked(api, [request for request, _ in pairs]) == [answer for _, answer in pairs]


def test_the_page_is_what_openapi_says(api):
    examples = [one for several in api_page.EXAMPLES.values() for one in several] + api_page.WRONG
    texts = [api_page.requested(one) for one in examples]
    answers = dict(zip(texts, asked(api, texts), strict=True))
    page = api_page.page(api.ask("GET", "/schema/").json(), answers)
    if "PATRONS_WRITE_DOCS" in os.environ:
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "PATRONS_WRITE_DOCS=1 writes it anew"
