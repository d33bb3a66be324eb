"""What a correction did, in a sentence: counts of people, schools and classes, and no name of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from roster_pipeline.corrections.summary import Corrected, Turn
from roster_pipeline.explain.report import count

NOUNS = {
    "students": ("student", "students"),
    "teachers": ("teacher", "teachers"),
    "admins": ("admin", "admins"),
    "schools": ("school", "schools"),
    "rosters": ("class", "classes"),
    "roster_students": ("place in class", "places in class"),
    "roster_teachers": ("place in class", "places in class"),
    "school_memberships": ("place in a school", "places in schools"),
    "pending_members": ("person whom a class awaits", "people whom classes await"),
}
"""In this order they are named."""
TURNS: dict[Turn, str] = {"back": "back in the district", "gone": "out of the district"}


def corrected_words(found: Iterable[Corrected]) -> str:
    """Such as `160 students are back in the district, 1 school, 1,749 places in class.`"""
    counts: Counter[tuple[str, Turn]] = Counter()
    for one in found:
        counts[one.what, one.turn] += one.rows
    said = [words for turn in TURNS if (words := _turned(counts, turn))]
    said += [words for words in (_moved(counts), _changed(counts), _reviews(counts)) if words]
    return " ".join(f"{words}." for words in said) or "No record of a person or class changed."


def _turned(counts: Counter[tuple[str, Turn]], turn: Turn) -> str:
    of_noun: Counter[tuple[str, str]] = Counter()
    for what, noun in NOUNS.items():
        of_noun[noun] += counts[what, turn]
    first, *rest = [(number, noun) for noun, number in of_noun.items() if number] or [(0, ("", ""))]
    if not first[0]:
        return ""
    verb = "is" if first[0] == 1 else "are"
    return ", ".join([f"{count(first[0], *first[1])} {verb} {TURNS[turn]}", *(count(n, *noun) for n, noun in rest)])


def _moved(counts: Counter[tuple[str, Turn]]) -> str:
    people, places = counts["people", "changed"], counts["places_moved", "changed"]
    if not people:
        return ""
    moved = f", and {count(places, 'place in class', 'places in class')} moved along" if places else ""
    return f"{count(people, 'person has', 'people have')} another account{moved}"


def _changed(counts: Counter[tuple[str, Turn]]) -> str:
    others = sum(counts[what, "changed"] for what in NOUNS)
    names = counts["accounts", "changed"]
    said = [count(names, "account", "accounts")] * bool(names) + [count(others, "record", "records")] * bool(others)
    return f"{' and '.join(said)} changed in name, email or other details" if said else ""


def _reviews(counts: Counter[tuple[str, Turn]]) -> str:
    words = {"back": ("review is open again", "reviews are open again"), "gone": ("review is", "reviews are")}
    opened, closed = counts["reviews", "back"], counts["reviews", "gone"]
    said = [count(opened, *words["back"])] * bool(opened)
    said += [f"{count(closed, *words['gone'])} resolved"] * bool(closed)
    return ", ".join(said)
