"""Hostile strings for every text field of a district."""

import json
from itertools import pairwise

import pytest

from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline_tests.support.changes import clever_id

OWN = (
    *("", " ", "  Ada  ", "\t", "\n", "\r", "\r\n", "a\rb", "a\r\n\nb", "\v\f", "Ada\u00a0", "\u3000", "\u200b"),
    *('"', '""', "'", ",", '",\n"', '"\r\n"', ";", "\\", "\\\\", '\\"', "\\.", "a\n\\.\nb", "\n\\.\n", "\\N", "\\x00"),
    *("NULL", "null", "None", "nan", "true", "0", "-1", "1e5", "0x1F", "1,000", "2031-01-01", "[]", "{}", "{\n}"),
    *("\\u0000", "\\ud800", "\\ud83d\\ude00", "%s", "%(name)s", "{name}", "$1", ":name", "?", "$$", "${HOME}"),
    *("'; drop table roster.accounts; --", "' or ''='", "\\'; select 1; --", "/*", "--", "=1+1", "@SUM(A1)", "+1", "#"),
    *("<script>alert(1)</script>", "&lt;", "&#0;", "]]>", "\x1b[31mred", "\x01\x08\x7f", "\x85", "\u2028", "\u2029"),
    *("\ufeffAda", "\u202eadA", "\u2066Ada\u2069", "\u200fAda", "e\u0301", "\u00e9", "\u212b", "\ufb01", "\u0130"),
    *("e" + "\u0301" * 300, "\U0001f600", "\U0001f468\u200d\U0001f469", "\uffff", "\U0010ffff", "\ufffd", "\u00df"),
    *("x" * 320, "\U0001f600" * 320, '",\n"' * 80, "\ufdfd", "\u0e33" * 50, "../../etc/passwd", "C:\\temp"),
)
"""Distinct texts that break formats: CSV, COPY, JSON, SQL, markup, terminals, and what looks like another value."""


def babel(texts):
    """Return a district with each text in every field of a person, a school, a class and a term."""
    own = {"district": clever_id(0, 0, 1)}
    objects = {name: [] for name in ("schools", "users", "sections", "terms", "courses")}
    for number, text in enumerate(texts):
        last, email, other = (texts[number - step] for step in (1, 2, 3))
        school, person, section, term = (clever_id(kind, number, 1) for kind in (1, 2, 3, 4))
        role = ("student", "teacher")[number % 2]
        roles = {role: {"school": school, "schools": [school], "sis_id": text}}
        about = {"sis_id": last, "nces_id": email, "low_grade": text, "high_grade": other}
        named = {"name": text, "subject": last, "grade": email, "period": other}
        members = {"students": [], "school": school, "term_id": term} | {f"{role}s": [person]}
        objects["schools"].append({**own, "id": school, "name": text, **about})
        objects["users"].append(
            {**own, "id": person, "name": {"first": text, "last": last}, "email": email, "roles": roles}
        )
        objects["sections"].append({**own, "id": section, **named, **members})
        objects["terms"].append({**own, "id": term, "name": text})
    return SandboxDistrict({"id": own["district"], "name": "Babel", "state": "running"}, objects)


@pytest.fixture(params=["our own", "carriage returns", "naughty strings", "names of 73 locales"])
def texts(request):
    """Return distinct hostile texts. A development checkout has collections of others beside it."""
    if request.param == "our own":
        return OWN
    if request.param == "carriage returns":
        return "\r", "\r\n", "a\rb", '"\r\n'  # alone: the first row must not look like the others
    folder = request.getfixturevalue("shared") / "data"
    if request.param == "naughty strings":
        found = json.loads((folder / "strings/blns/blns.json").read_text(encoding="utf-8"))
    else:
        lines = (folder / "names/non-ascii-names.jsonl").read_text(encoding="utf-8").split("\n")
        found = _with_new_pairs(json.loads(line)["name"] for line in lines if line)
    return tuple(dict.fromkeys(found))


def _with_new_pairs(names):
    """Yield the names that have two characters side by side which no earlier name has."""
    seen = set()
    for name in names:
        pairs = set(pairwise(("", *name, "")))
        if pairs - seen:
            seen |= pairs
            yield name
