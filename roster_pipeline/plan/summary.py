"""A plan in a few words, for people: who joined, changed and left, and what waits. Counts only, never a name."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from roster_pipeline.model.plan import Plan
from roster_pipeline.model.scope import DISTRICT, Scope
from roster_pipeline.plan.change_summary import REMOVALS, ChangeSummary, count_changes

PLURALS = {"class": "classes", "person": "people"}
"""Other nouns take an s."""
ENDS = {
    " a class": " classes",
    " a school": " schools",
    " an account that was there": " accounts that were there",
    " main school": " main schools",
    " main teacher": " main teachers",
    " another role": " other roles",
    " another school": " other schools",
}
"""How what became of one ends where it became of several."""
NOUNS = ("student", "teacher", "admin", "person")
ORDER = (
    *NOUNS,
    *(f"{noun} {detail}" for noun in NOUNS for detail in ("name", "email")),
    "class",
    "school",
    "review",
)
PLACES = {"school": "school", "section": "class"}
PARTS = {
    "rosters": "classes",
    "enrollments": "students in class",
    "class_teachers": "teachers in class",
    "students_in_schools": "students in schools",
    "teachers_in_schools": "teachers in schools",
    "names_and_emails": "names and emails",
}
"""What the brakes watch, where their own word is none for people."""


def summarize(
    con: duckdb.DuckDBPyConnection,
    plan: Plan,
    scope: Scope = DISTRICT,
    members: Sequence[int] = (),
    *,
    changes: ChangeSummary | None = None,
    is_rejected: bool = False,
) -> str:
    """One or two sentences, such as `3 students joined, 1 class renamed, nothing removed.`

    Of a school or class: what changed there, then elsewhere in the district. `Nothing changed.` if nothing did.

    Args:
        con: the file whose `changes.*` the plan is of.
        members: accounts in the class in `scope`.
        changes: what `count_changes` says of the whole district, where that is known already.
        is_rejected: a person rejected what is held, so it waits for no decision.
    """
    waits = _waiting(plan, count_changes(con, held=True), is_rejected=is_rejected) if plan.held else ""
    if not plan.total:
        return f"Nothing changed{waits}."
    if scope.subject == "district":
        return f"{_listed(count_changes(con) if changes is None else changes)}{waits}."
    here = _listed(count_changes(con, scope, "here", members=members), scope)
    elsewhere = _listed(count_changes(con, scope, "elsewhere", members=members))
    if scope.kind == "district" and not here:
        first = "Nothing came of the class asked for."
    else:
        first = f"In this {PLACES[scope.subject]}: {here or 'nothing changed'}."
    rest = f"Elsewhere in the district: {elsewhere}" if elsewhere else "Nothing changed elsewhere in the district"
    return f"{first} {rest}{waits}."


def _listed(told: ChangeSummary, scope: Scope = DISTRICT) -> str:
    """`3 students joined, nothing removed`; empty where nothing changed."""
    said = [
        _phrase(noun, became, count, PLACES.get(scope.subject))
        for noun in sorted(told, key=ORDER.index)
        for became, count in told[noun].items()
    ]
    if said and not _removals(told):
        said.append("nothing removed")
    return ", ".join(said)


def _phrase(noun: str, became: str, count: int, place: str | None) -> str:
    """`2 students added to classes`; where it is about one class: `2 students added`, `it is renamed`."""
    if noun == place:
        return f"it {became.replace('with', 'has', 1)}" if became.startswith("with ") else f"it is {became}"
    became = became.removesuffix(f" to a {place}").removesuffix(f" of a {place}")
    if count != 1:
        noun = PLURALS.get(noun, f"{noun}s")
        for one, many in ENDS.items():
            if became.endswith(one):
                became = became.removesuffix(one) + many
    return f"{count:,} {noun} {became}"


def _removals(told: ChangeSummary) -> int:
    return sum(count for counts in told.values() for became, count in counts.items() if became in REMOVALS)


def _waiting(plan: Plan, held: ChangeSummary, *, is_rejected: bool) -> str:
    """`; 40 removals wait for a person (students)`; of several parts each with its share of the total."""
    removals, others = _removals(held), sum(sum(counts.values()) for counts in held.values()) - _removals(held)
    said = [
        f"{count:,} {noun}{'' if count == 1 else 's'}"
        for count, noun in ((removals, "removal"), (others, "other change" if removals else "change"))
        if count
    ]
    if not said:
        return ""
    parts = [(PARTS.get(part, part), count) for part, count in plan.parts.items()]
    listed = ", ".join(name if len(parts) == 1 else f"{count:,} {name}" for name, count in parts)
    is_one = removals + others == 1
    waits = ("waits" if is_one else "wait") + " for a person"
    kept = ("was" if is_one else "were") + " rejected and "
    return f"; {' and '.join(said)} {kept + ('stays' if is_one else 'stay') if is_rejected else waits} ({listed})"
