"""A plan in a few words, for people: what joined, changed and left. Counts only, never a name."""

from __future__ import annotations

from roster_pipeline.model.entities import END, INSERT, RESTORE, UPDATE
from roster_pipeline.model.plan import Plan

NOUNS = {
    "schools": ("school", "schools"),
    "accounts": ("account", "accounts"),
    "org_memberships": ("member", "members"),
    "school_memberships": ("school membership", "school memberships"),
    "rosters": ("class", "classes"),
    "roster_teachers": ("class teacher", "class teachers"),
    "roster_students": ("class place", "class places"),
    "parked_members": ("awaited member", "awaited members"),
    "reviews": ("review", "reviews"),
}
VERBS = {INSERT: "new", UPDATE: "changed", RESTORE: "back", END: "removed"}


def summarize(plan: Plan) -> str:
    """One sentence, such as `3 members new, 1 class changed; 40 removals wait (students)`."""
    said = [
        f"{count:,} {NOUNS[entity][count != 1]} {VERBS[op]}"
        for entity, ops in plan.counts.items()
        if entity in NOUNS
        for op, count in ops.items()
    ]
    text = ", ".join(said) or "Nothing changed"
    waiting = sum(ops.get(END, 0) for ops in plan.held_counts.values())
    if waiting:
        text += f"; {waiting:,} removals wait ({', '.join(held.part for held in plan.held)})"
    return f"{text}."
