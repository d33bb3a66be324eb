"""Provide hostile texts and real names of many languages, also from collections beside the checkout."""

import json
from collections.abc import Iterator
from pathlib import Path

from roster_pipeline_tests.support.hostile_text import OWN

COLLECTED = Path(__file__).parents[3] / "shared" / "data"
"""Beside a development checkout."""
SHORT = 200
"""Characters of a text that may be in any edit; longer ones have a case of their own."""


def hostile_texts() -> tuple[str, ...]:
    """Return distinct texts, our own first. Collections of strings, addresses and names are added where they exist."""
    return tuple(dict.fromkeys([*OWN, *(_collected() if COLLECTED.is_dir() else ())]))


def short_texts() -> tuple[str, ...]:
    """Return the texts that any edit may use."""
    return tuple(text for text in hostile_texts() if len(text) <= SHORT)


def _collected() -> Iterator[str]:
    yield from json.loads((COLLECTED / "strings/blns/blns.json").read_text(encoding="utf-8"))
    for file in sorted((COLLECTED / "email").glob("*.json")):
        cases = (case for group in json.loads(file.read_text(encoding="utf-8")) for case in group["tests"])
        yield from (case["data"] for case in cases if isinstance(case["data"], str))
    for line in (COLLECTED / "names/non-ascii-names.jsonl").read_text(encoding="utf-8").split("\n"):
        if line:
            yield json.loads(line)["name"]
