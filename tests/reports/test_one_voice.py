"""One voice for each fact: what all pages of a report say of a quantity agrees, and with what the records hold."""

import html
import re
from pathlib import Path

import pytest

from patrons.digits import about
from patrons.files import read_json
from patrons.value import list_narrative

NUMBER, AMOUNT = r"([\d,]+)", r"([\d,.]*\d(?: million)?)"
GAIN = rf"(?:about )?{AMOUNT[1:-1]}(?: to {AMOUNT[1:-1]})?"
# each quantity with the ways in which pages tell it; the number is what a group catches
SAID = {
    "customers": (
        rf"The {NUMBER} customers fall into",
        rf"the {NUMBER} customers are expected to spend",
        rf"{NUMBER} customers are described",
    ),
    "who can be kept": (
        rf"We expect [^.]*? of the {NUMBER} recent buyers",
        rf"Of {NUMBER} recent buyers we warn",
        rf"of the {NUMBER} customers who ordered in the last",
        rf"The list holds the {NUMBER} (?:customers|recent buyers)",
        rf"A contact is expected to pay for [\d,]+ of {NUMBER} customers",
    ),
    "flagged": (rf"We warn of {NUMBER}(?: of the|, mostly|:)", rf"Today we warn of {NUMBER} of the"),
    "share warned of": (r"of the [\d,]+ recent buyers, (\d+)% of them \(",),
    "expected not to order": (
        rf"We expect about {NUMBER} of the [\d,]+ recent buyers not to order",
        rf"We expect about {NUMBER} not to order",
    ),
    "interval of those expected": (
        rf"anything from ({NUMBER[1:-1]} to {NUMBER[1:-1]}) \(95% interval\): the forecasts of one day",
        rf"not to order in \d+ days\. It may be anything from ({NUMBER[1:-1]} to {NUMBER[1:-1]}) ",
    ),
    "warnings that were right": (
        r"(\d+)% of such warnings were right",
        r"and (\d+)% of the warnings were right",
        r"; (\d+)% of the warnings were right",
        r"Of 100 warned of, (\d+) did not order",
    ),
    "spotted": (
        r"[Ii]n the test(?: on [^.]*?)? we spotted (\d+)%",
        r"[Ii]n the test,? (?:that|warnings) spotted (\d+)% of",
        r"recent buyers of [^.]*\. That spotted (\d+)% of those who",
        r"(\d+)% of those who (?:churned|did not order in \d+ days) were spotted",
    ),
    "from which probability": (
        r"A warning means a chance of (\d+)%",
        r"in the same way on all that is known now, is (\d+)%",
    ),
    "spotted on other days": (
        r"of those who did not order; over all days tried (\d+% to \d+%)",
        r"set in this way to spot \d+% spotted (\d+% to \d+%)",
    ),
    "forecast of the season": (
        r"(?:\)|season to today.?|away\.|\d{4}\. Then):?,? (\d+)% (?:of recent buyers )?were forecast not to order",
    ),
    "outcome of the season": (
        r"were forecast not to order and (\d+)% did not",
        r"of recent buyers were forecast not to order in \d+ days, and (\d+)% did not",
        r"season to today: \d+% were forecast not to order, (\d+)% did not",
    ),
    "failed checks": (rf"(?:churn model|model behind the warnings) failed ({NUMBER[1:-1]} of {NUMBER[1:-1]}) checks",),
    "who came back": (r"(\d+)% of those who skip", r" on, (\d+)% came back"),
    "expected spend": (
        rf"We expect about {AMOUNT}(?: [A-Z]{{3}})?\. It may",
        rf"customers are expected to spend {AMOUNT}",
        rf"{AMOUNT}(?: [A-Z]{{3}})? are expected in",
    ),
    "interval of the spend": (
        rf"We expect about (?:(?!not to order).){{0,160}}? It may be anything from ({AMOUNT[1:-1]} to {AMOUNT[1:-1]})"
        r" (?:\w+ )?\(95%",
        rf"are expected to spend [^(]*\(95% interval ({AMOUNT[1:-1]} to {AMOUNT[1:-1]})\)",
    ),
    "spent in the test": (r"In the period that was tested, the forecast of all spend was ([^.]*?)\.",),
    "spent before": (rf"The same customers spent {AMOUNT} in the",),
    "ratios of earlier days": (r"earlier days, customers then spent (?:about )?([\d.]+ to [\d.]+) times",),
    "contacts": (
        rf"ontact {NUMBER} customers, for",
        rf"Contact {NUMBER} customers:",
        rf"The first \d+ of {NUMBER}\. The whole list",
        rf"of the {NUMBER} to contact as likely",
        rf"{NUMBER} contacts cost",
        rf"5 of {NUMBER}, in the order of what a contact may bring",
        rf"of the {NUMBER} carry no warning",
        rf"Of the {NUMBER} to contact it is likely",
    ),
    "cost": (rf"customers, for {AMOUNT}", rf"That costs {AMOUNT}", rf"contacts cost {AMOUNT}"),
    "cost of one": (rf"That costs [^.]*?, {AMOUNT}(?: [A-Z]{{3}})? each",),
    "gain": (
        rf"they bring ({GAIN})(?: [A-Z]{{3}})? beyond that cost",
        rf"Beyond that cost it brings ({GAIN})(?: [A-Z]{{3}})? if",
        rf"contacts cost {AMOUNT[1:-1]}(?: [A-Z]{{3}})? and bring ({GAIN})(?: [A-Z]{{3}})? beyond",
    ),
    "interval of the gain": (
        rf"With all that is uncertain, it may be anything from (-?{AMOUNT[1:-1]} to {AMOUNT[1:-1]})",
    ),
    "held out": (
        rf"So leave {NUMBER} more customers alone",
        rf"Leave {NUMBER} of the first [\d,]+ alone",
        rf"without the {NUMBER} left alone",
    ),
    "expected to pay": (rf"A contact is expected to pay for {NUMBER} of",),
    "likely to pay": (rf"and likely to for {NUMBER}",),
    "stake": (r"what a contact could save was put (right|\d+% too (?:high|low))",),
    "placed": (r"placed in their segment (\d+)%", r"(\d+)% were placed in their segment"),
    "who bring most": (r"are (\d+% of (?:the )?customers and bring \d+%) of (?:the )?revenue",),
}
# what stands on several pages of any report whose model may be used
OF_A_LOG = {"customers", "who can be kept", "flagged", "spotted", "from which probability"}
OF_A_LOG |= {"expected spend", "spent in the test", "contacts", "cost", "gain", "held out", "who bring most", "stake"}
OF_A_TABLE = {"spotted", "warnings that were right", "contacts", "cost", "gain", "held out"}


def text_of(page: Path) -> str:
    """What a reader, or one who has it read aloud, gets of a page: its text, and what its pictures show."""
    source = re.sub(r"(?s)<style.*?</style>|<script.*?</script>", " ", page.read_text("utf-8"))
    source = re.sub(r"<img[^>]*?\balt=\"([^\"]*)\"[^>]*>", r" \1 ", source)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", source)))


def statements(reports: Path) -> dict[str, dict[str, set[str]]]:
    """What pages say of each quantity: by quantity and text, the pages."""
    said: dict[str, dict[str, set[str]]] = {}
    for page in sorted(reports.glob("*.html")):
        text = text_of(page)
        for name, ways in SAID.items():
            for way in ways:
                for match in re.finditer(way, text):
                    told = re.sub(r"\bthe (?=customers|revenue)", "", match[1])
                    said.setdefault(name, {}).setdefault(told, set()).add(page.name)
    return said


def recorded(processed: Path) -> dict[str, str]:
    """The same quantities as the records of 06 and 07 hold them, as pages write them."""
    churn = read_json(processed / "06_churn" / "churn.json")
    value = read_json(processed / "07_customer_value" / "value.json")
    plan, today = value["plan"], churn["today"]
    known = {
        "contacts": f"{plan['contacts']:,}",
        "cost": about(plan["cost"]),
        "cost of one": about(plan["cost"] / plan["contacts"]),
        "gain": list_narrative.gained(plan["gain"], value.get("corrected"), ""),
        "interval of the gain": f"{about(plan['low'])} to {about(plan['high'])}",
    }
    if churn["horizon_days"]:
        known |= {"who can be kept": f"{today['customers']:,}", "flagged": f"{today['flagged']:,}"}
        known["expected not to order"] = f"{today['expected']:,}"
        known["expected spend"] = about(value["expected_spend"]["value"])
    return known


def disagreements(reports: Path, processed: Path) -> list[str]:
    """Quantities of which pages say different things, or other than the records."""
    said, wrong = statements(reports), []
    for name, told in said.items():
        if len(told) > 1:
            wrong.append(f"{name}: {told}")
    for name, text in recorded(processed).items():
        if name in said and set(said[name]) != {text}:
            wrong.append(f"{name}: {set(said[name])}, recorded {text}")
    return wrong


@pytest.mark.parametrize(("series", "quantities"), [("demo", OF_A_LOG), ("telco", OF_A_TABLE)])
def test_all_pages_say_the_same_of_a_quantity(series, quantities, request):
    ran = request.getfixturevalue(series)
    said = statements(ran.reports)
    for name in quantities:
        assert len(set().union(*said.get(name, {"": set()}).values())) > 1, f"{name} stands on one page at most"
    assert disagreements(ran.reports, ran.processed) == []


def test_a_sentence_of_the_first_page_has_few_words(demo):
    page = (demo.reports / "index.html").read_text("utf-8").partition("<main")[2].partition('class="toc"')[0]
    texts = re.findall(r"(?s)<(?:p(?: class=\"line\")?|li)>(.*?)</(?:p|li)>", page)
    plain = [html.unescape(re.sub(r"<a .*?</a>|<[^>]+>", " ", text)).strip() for text in texts]
    counts = [len(one.split()) for text in plain for one in re.split(r"(?<=[.!?])\s+(?=[A-Z“\d])", text)]
    print(f"{sum(counts) / len(counts):.1f} words a sentence, {max(counts)} at most")
    assert sum(counts) / len(counts) < 14


# said at a desk, not at a table of managers; what is folded under a chapter is the chapter's
OF_THE_FIELD = r"\b(flag\w*|churn\w*|gates?|arms?|champion|horizon|quantile|held[- ]out|recall|precision)\b"


@pytest.mark.parametrize("series", ["demo", "telco"])
def test_the_first_page_does_without_words_of_the_field(series, request):
    page = (request.getfixturevalue(series).reports / "index.html").read_text("utf-8")
    main = page.partition("<main")[2].partition('class="toc"')[0]
    text = re.sub(r"<h1>.*?</h1>", " ", main)
    assert re.findall(OF_THE_FIELD, re.sub(r"<[^>]+>", " ", text), re.IGNORECASE) == []
