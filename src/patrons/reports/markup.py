"""The HTML of notebooks made fit for a page: nothing active, nothing from elsewhere, and readable tables."""

import re
from collections import Counter
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag

from patrons.digits import DAY, with_days

ACTIVE = "script, iframe, frame, object, embed, link, meta, base, form, input, button, audio, video, style[scoped]"
ADDRESSES = ("src", "href", "srcset", "xlink:href", "poster", "data", "action", "background")
LOADS = re.compile(r"url\(|@import", re.IGNORECASE)
OF_A_TABLE = re.compile(r"#T_[\w-]+( [\w.#:-]+)*")
LEAVES = re.compile(r"url\(|@|\\|position|z-index|transform|expression", re.IGNORECASE)  # a table's place, or the page
NUMBER = re.compile(r"([A-Z]{3}\s|[$€£])?[-+−]?[$€£]?\d[\d.,\s]*([eE][-+]?\d+)?\s?(%|k|M|s|days?|±.*|to .*)?")
AS_TYPED = ("code", "pre", "style")  # in which a day stays as it is written
MISSING = {"", "–", "-", "nan", "NaN", "NaT", "None", "<NA>"}


def tidy(html: str) -> str:
    """Remove the page's own heading and whatever could run or load; make days and tables readable."""
    soup = BeautifulSoup(html, "html.parser")
    for element in soup.select(ACTIVE):
        element.decompose()
    for style in soup.find_all("style"):
        if not _is_of_a_table(style.get_text()):
            style.decompose()
    for element in soup.find_all(True):
        _disarm(element)
    for text in soup.find_all(string=DAY):
        if not text.find_parent(AS_TYPED):
            text.replace_with(with_days(text))
    _one_heading(soup)
    _name_headings(soup)
    for callout in soup.select("blockquote.callout"):
        _name_kind(soup, callout)
    for table in soup.find_all("table"):
        _format_table(soup, table)
    for declaration in soup.select(".declaration"):  # for analysts, who find it at the foot
        soup.append(declaration.extract())
    return str(soup)


def _is_of_a_table(sheet: str) -> bool:
    """Whether a style sheet is one that pandas writes: each rule is about what lies inside one styled table."""
    sheet = re.sub(r"/\*.*?\*/", " ", sheet, flags=re.DOTALL)
    rules = [rule for rule in sheet.split("}") if rule.strip()]
    selectors = [part.strip() for rule in rules for part in rule.partition("{")[0].split(",")]
    return bool(rules) and all(map(OF_A_TABLE.fullmatch, selectors)) and not LEAVES.search(sheet)


def headings(html: str) -> list[tuple[str, str]]:
    """Anchor and text of every second-level heading that can be jumped to."""
    return [
        (str(heading["id"]), heading.get_text(" ", strip=True))
        for heading in BeautifulSoup(html, "html.parser").select("h2[id]")
    ]


def _disarm(element: Tag) -> None:
    for name, value in list(element.attrs.items()):
        runs = name.startswith("on") or (name == "style" and LOADS.search(str(value)))
        if runs or (name in ADDRESSES and not _local(element.name, str(value))):
            del element[name]
            if element.name == "a" and name == "href":
                _spell_out(element, str(value))
    address = str(element.get("href") or "")
    if element.name == "a" and address.endswith(".ipynb"):
        element["href"] = address.removesuffix(".ipynb") + ".html"
    if element.name == "img" and not element.get("src"):
        element.replace_with(str(element.get("alt") or ""))


def _local(tag: str, address: str) -> bool:
    """A place on this page, a picture inside it, or (for a link) a page beside it."""
    address = address.strip()
    return address.startswith(("#", "data:image/")) or (
        tag == "a" and re.fullmatch(r"[\w-]+\.(html|ipynb)(#.*)?", address) is not None
    )


def _spell_out(link: Tag, address: str) -> None:
    """A link to elsewhere becomes text that can be read on paper too."""
    if address.startswith(("http:", "https:", "mailto:")) and address not in link.get_text():
        link.append(f" ({address})")
    link.name = "span"


def _one_heading(soup: BeautifulSoup) -> None:
    for index, heading in enumerate(soup.find_all("h1")):
        if index:
            heading.name = "h2"
        else:
            heading.decompose()


def _name_headings(soup: BeautifulSoup) -> None:
    """Give each second-level heading an identifier of its own, for links to jump to."""
    names: Counter[str] = Counter()
    for heading in soup.find_all("h2"):
        name = re.sub(r"\W+", "-", heading.get_text().lower()).strip("-") or "part"
        names[name] += 1
        heading["id"] = name if names[name] == 1 else f"{name}-{names[name]}"


def _name_kind(soup: BeautifulSoup, callout: Tag) -> None:
    """Name the kind of a callout, which its colour shows, in a word too."""
    kind = next((name for name in callout.get_attribute_list("class") if name and name != "callout"), "note")
    label = soup.new_tag("strong", attrs={"class": "kind"})
    label.string = kind.capitalize()
    callout.insert(0, label)


def _format_table(soup: BeautifulSoup, table: Tag) -> None:
    """Numbers to the right, words to the left; a table that is wider than a phone scrolls by itself."""
    del table["border"]
    caption = table.find("caption")
    region = {
        "class": "scroll",
        "tabindex": "0",
        "role": "region",
        "aria-label": caption.get_text(strip=True) if caption else "Table",
    }
    if caption:
        _inside(soup, caption)
    for heading in table.select("thead th"):
        for text in heading.find_all(string=True):
            text.replace_with(text.replace("_", " "))
    table.wrap(soup.new_tag("div", attrs=region))
    rows = [list(row.find_all(["th", "td"], recursive=False)) for row in table.find_all("tr")]
    for column in _columns(rows):
        cells = [cell for cell in column if cell.name == "td"]
        if any(_is_text(cell) for cell in cells):
            for cell in column:
                cell["class"] = " ".join([*filter(None, cell.get_attribute_list("class")), "text"])


def _inside(soup: BeautifulSoup, caption: Tag) -> None:
    """Put a caption's content in an element that can stay in sight while the table scrolls below it."""
    span = soup.new_tag("span")
    span.extend(list(caption.contents))
    caption.append(span)


def _columns(rows: list[list[Tag]]) -> Iterator[list[Tag]]:
    """The cells of each column with its heading, of rows that have a cell for every column."""
    width = max(map(len, rows), default=0)
    return (list(column) for column in zip(*(row for row in rows if len(row) == width), strict=True))


def _is_text(cell: Tag) -> bool:
    text = cell.get_text(strip=True)
    return text not in MISSING and NUMBER.fullmatch(text) is None
