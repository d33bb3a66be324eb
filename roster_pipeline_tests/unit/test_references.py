"""Every reference to a document in `docs/` has a target, and no text cites another document."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
KINDS = ("*.py", "*.sql", "*.yml", "*.yaml", "*.md", "*.toml", "*.po", "Makefile")
ROOMS = ("roster_pipeline", "roster_pipeline_tests", "dbt_like_sql", "docs")
MARKER = re.compile(r"@pytest\.mark\.scenario\(([^)]*)\)")
NUMBER = r"\b[IMRSEH]-\d+\b"
NOT_HERE = re.compile(
    r"rule book|wire facts? \d|clever-api\.md(?:,| section| §)|product-contract|house\.md|design\.md|decisions\.md",
    re.I,
)
THIS_FILE = Path(__file__).resolve()


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file of the repository that people write."""
    paths = [path for room in ROOMS for kind in KINDS for path in (PROJECT / room).rglob(kind)]
    paths += [path for kind in KINDS for path in PROJECT.glob(kind)]
    for path in sorted(paths):
        if path != THIS_FILE and "/data/" not in path.as_posix():
            yield str(path.relative_to(PROJECT)), path.read_text(encoding="utf-8")


TEXTS = dict(texts())


def find(pattern: str) -> set[tuple[str, str]]:
    """Return each match with the name of its file."""
    return {(name, match) for name, text in TEXTS.items() for match in re.findall(pattern, text)}


def anchors(document: str) -> set[str]:
    """Return the anchors of the headings of a document, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", TEXTS[document], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def scenarios() -> list[str]:
    """Return the numbers of the scenarios, as the first columns of the tables give them."""
    return re.findall(rf"^\| ({NUMBER}) \|", TEXTS["docs/scenarios.md"], re.MULTILINE)


def covered_scenarios() -> set[str]:
    """Return the numbers that the markers of tests name."""
    return {
        number for text in TEXTS.values() for marker in MARKER.findall(text) for number in re.findall(NUMBER, marker)
    }


def test_every_cited_document_and_anchor_exists():
    cited = find(r"docs/[\w-]+\.md(?:#[\w-]+)?")
    dangling = {
        (name, reference)
        for name, reference in cited
        if (document := reference.partition("#")[0]) not in TEXTS
        or ("#" in reference and reference.partition("#")[2] not in anchors(document))
    }
    assert cited
    assert dangling == set()


@pytest.mark.parametrize("document", sorted(path.name for path in DOCS.glob("*.md")))
def test_every_link_between_documents_exists(document):
    links = re.findall(r"\]\((?!http)([^)#]*)(?:#([\w-]+))?\)", TEXTS[f"docs/{document}"])
    for path, anchor in links:
        target = (DOCS / path).resolve() if path else DOCS / document
        assert target.exists(), path
        assert not anchor or anchor in anchors(str(target.relative_to(PROJECT)))


def test_every_cited_rule_exists():
    rules = re.findall(r"\*\*(R\d\.\d+)\b", TEXTS["docs/rules.md"])
    assert len(rules) == len(set(rules))
    assert {(name, rule) for name, rule in find(r"\bR[1-9]\.\d+\b") if rule not in rules} == set()


def test_every_scenario_is_numbered_once_and_covered_by_a_test():
    numbers = scenarios()
    assert len(numbers) == len(set(numbers))
    assert covered_scenarios() == set(numbers)


def test_every_scenario_in_a_docstring_exists():
    cited = {(name, number) for name, text in find(r"Scenarios? ([^:\n]+)") for number in re.findall(NUMBER, text)}
    assert {(name, number) for name, number in cited if number not in scenarios()} == set()


def test_nothing_cites_a_document_that_is_not_here():
    assert {(name, found) for name, text in TEXTS.items() for found in NOT_HERE.findall(text)} == set()
