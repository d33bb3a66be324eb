"""Builds the text and the fields of one alert. An alert has counts and ids and names no person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from roster_pipeline.messages import operator
from roster_pipeline.model.text import make_label
from roster_pipeline.product.connections import BRING_BACK
from roster_pipeline.syncs.held_parts import describe_parts

Kind = Literal["failing", "held", "snapshot", "disconnected"]
MAX_NAME_CHARS, MAX_CAUSE_CHARS = 80, 400
UNKNOWN_CAUSES = ("killed", "not started", "not published")
"""Stored failures that name no cause."""
FAILED_SYNCS = operator.plural("{n:,} failed sync", "{n:,} failed syncs")
WRITE_AGAIN = operator.mark(
    "look at run {run_id} in Dagster, then run roster-pipeline sync --district {district_id} to write it again"
)
TEXTS: dict[tuple[Kind, bool], tuple[str, str | None]] = {
    ("failing", True): (
        operator.mark("sync is failing; the last published roster is unchanged"),
        operator.mark("look at run {run_id} in Dagster, then run roster-pipeline sync --district {district_id}"),
    ),
    ("failing", False): (operator.mark("sync has recovered"), None),
    ("held", True): (
        operator.mark("changes are on hold for approval; all other changes are published"),
        operator.mark(
            "run roster-pipeline holds to see why, then approve {plan}, reject it, or correct the list in Clever"
        ),
    ),
    ("held", False): (operator.mark("no changes are waiting for approval any more"), None),
    ("snapshot", True): (
        operator.mark(
            "the analysts' file (snapshots/latest.duckdb) could not be written; the sync itself is published"
        ),
        WRITE_AGAIN,
    ),
    ("snapshot", False): (operator.mark("the analysts' file is up to date again"), None),
    ("disconnected", True): (
        operator.mark("Clever has not shown this district to the app for an hour or more; its data is kept unchanged"),
        BRING_BACK,
    ),
    ("disconnected", False): (operator.mark("Clever shows this district again, or an operator disconnected it"), None),
}
"""What happened and the next step, by the kind of the alert and by whether the state began (True) or ended."""
MISSING = (operator.mark("Clever no longer shows this district to the app; its data is kept unchanged"), BRING_BACK)
"""The texts for a district whose syncs fail because Clever does not show it."""


@dataclass(frozen=True)
class Change:
    """A difference between the state of a district and its last alert.

    Attributes:
        name: the name of the district in Clever, which is untrusted text.
        is_open: whether the district is in the state now.
        sync_id: the sync that shows the state. If a hold has ended, it is the sync of the held plan.
        plan: the name of the held plan, as `roster-pipeline holds` shows it.
        counts: the failed syncs since the state began, or the held changes by part.
        cause: the failure of the last sync, in one line.
        is_missing: whether the last list of connections of Clever lacked the district.
    """

    kind: Kind
    organization_id: int
    district_id: str
    name: str
    is_open: bool
    sync_id: int
    run_id: str | None
    plan: str | None
    counts: dict[str, int]
    cause: str | None = None
    is_missing: bool = False


def build_message(change: Change) -> dict[str, Any]:
    """Return the JSON of an alert. `text` is the whole alert in one line, as chat programs show it."""
    is_missing = change.kind == "failing" and change.is_open and change.is_missing
    sentence, next_step = MISSING if is_missing else TEXTS[change.kind, change.is_open]
    values = {"run_id": change.run_id, "district_id": change.district_id, "plan": change.plan}
    name = _strip_markup(change.name, MAX_NAME_CHARS)
    next_step = next_step and operator.text(next_step, **values)
    is_cause_known = change.cause is not None and change.cause not in UNKNOWN_CAUSES and not is_missing
    cause = _strip_markup(change.cause or "", MAX_CAUSE_CHARS, more=";:/%=…") if is_cause_known else None
    counts = "; ".join(_describe_counts(change))
    sentences = [f"{name} ({change.district_id}): {operator.text(sentence)}{f' ({counts})' if counts else ''}."]
    sentences += [operator.text("Cause: {cause}", cause=cause)] if cause else []
    sentences += [operator.text("Next: {step}", step=next_step)] if next_step else []
    return {
        "text": " ".join(sentences),
        "kind": change.kind,
        "state": "opened" if change.is_open else "recovered",
        "district_id": change.district_id,
        "district": name,
        "sync_id": change.sync_id,
        "run_id": change.run_id,
        "plan": change.plan,
        "counts": change.counts,
        "cause": cause,
        "next": next_step,
    }


def _describe_counts(change: Change) -> list[str]:
    if change.kind == "held":
        return describe_parts(change.counts)
    return [operator.count(*FAILED_SYNCS, number) for number in change.counts.values()]


def _strip_markup(text: str, max_chars: int, more: str = "") -> str:
    """Remove what chat programs show as a link, a mention or layout.

    Args:
        more: characters that are harmless in this text and stay.
    """
    return make_label(re.sub(rf"[^\w .,'()&{re.escape(more)}-]+", " ", text), max_chars)
