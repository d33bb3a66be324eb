"""Text as attackers and the world's registers of names write it: whatever is beside the checkout, and our own."""

import json
from pathlib import Path

from roster_pipeline_tests.integration.test_hostile_text import OWN

COLLECTED = Path(__file__).parents[3] / "shared" / "data"
SHORT = 200
"""Characters of a text that may be in any edit; longer ones have a case of their own."""


def hostile_texts(*, collected: bool) -> tuple[str, ...]:
    """Distinct texts, our own first; with `collected`, naughty strings and names of 73 locales, where they are."""
    found = [*OWN]
    naughty, names = COLLECTED / "strings/blns/blns.json", COLLECTED / "names/non-ascii-names.jsonl"
    if collected and naughty.exists():
        found += json.loads(naughty.read_text(encoding="utf-8"))
    if collected and names.exists():
        lines = names.read_text(encoding="utf-8").split("\n")
        found += [json.loads(line)["name"] for line in lines if line]
    return tuple(dict.fromkeys(found))


def short_texts() -> tuple[str, ...]:
    """Those that any edit may use."""
    return tuple(text for text in hostile_texts(collected=True) if len(text) <= SHORT)
