"""Golden requests to services that run: what is sent, and what of an answer counts."""

from patrons.service.golden import Server


def test_golden_requests_name_no_customer_whom_a_ledger_would_keep(monkeypatch):
    pair = {
        "request": {"customer_id": "12345", "recency_days": 20},
        "answer": {"customer_id": "12345", "churn_probability": 0.2},
    }
    sent = []

    def ask(self, method, path, body=None):
        sent.append(body)
        answers = [{"customer_id": one.get("customer_id"), "churn_probability": 0.2} for one in body["customers"]]
        return 200, {"release": "abc", "answers": answers}

    monkeypatch.setattr(Server, "ask", ask)
    assert Server("green1", "http://127.0.0.1:8011").unlike("abc", [pair, pair]) == ""
    assert sent == [{"customers": [{"recency_days": 20}] * 2}]
    assert "customer_id" in pair["request"]
