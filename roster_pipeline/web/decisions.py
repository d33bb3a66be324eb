"""The decisions that a person has filed: their state, and what they did in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections.handlers import CorrectionKind
from roster_pipeline.corrections.summary import CorrectionCount
from roster_pipeline.corrections.summary_words import describe_correction
from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.product.tables import accounts, corrections, rosters, schools, syncs

TITLES: dict[CorrectionKind, str] = {
    "approve": product.mark("Let it happen"),
    "reject": product.mark("Keep everybody"),
    "resolve": product.mark("Review of an account"),
    "resolve_reason": product.mark("Review of several accounts"),
    "undo": product.mark("Take an update back"),
    "add_admin": product.mark("Make an admin"),
    "object": product.mark("Not my account"),
    "different": product.mark("This is another person"),
    "merge": product.mark("Join two accounts"),
    "flag": product.mark("A login with another name"),
}
DONE: dict[CorrectionKind, str] = {
    "approve": product.mark(
        "Your decision is saved. An update asks Clever again and applies it if nothing has changed."
    ),
    "reject": product.mark("Everybody stays. Nobody is asked again while Clever shows the same."),
    "resolve": product.mark("Your decision is saved."),
    "resolve_reason": product.mark("Your decision is saved."),
    "undo": product.mark("The update is taken back. The next update brings again what Clever says."),
    "add_admin": product.mark("The person is an admin now, and logs in with this email."),
    "object": product.mark("An admin of your district looks at it. Nothing changes until then."),
    "different": product.mark("Saved. No update gives this person that account, even if the emails become equal."),
    "merge": product.mark("The accounts are joined."),
    "flag": product.mark("The account is among those to review."),
}
FAILURES = {
    "stale": product.mark("Clever has changed since. Nothing was removed. Look at what waits now."),
    "refused": product.mark("This is not possible any more, because something changed meanwhile. Nothing was changed."),
    "stopped": product.mark(
        "Updates are paused, or the district is disconnected, so your decision cannot be carried out now. Nothing was "
        "changed."
    ),
    "no_admin": product.mark(
        "This person cannot be an admin here. The email belongs to a student, to another district or to a closed "
        "account. Nothing was changed."
    ),
    "killed": product.mark("Your decision did not reach its end. Nothing was changed. Please decide again."),
    "error": product.mark("Something went wrong here. Nothing was changed. Try again, or tell us the number below."),
}
MEMBER_TABLES = {"account_id": accounts, "roster_id": rosters, "school_id": schools}


@dataclass(frozen=True)
class Decision:
    """A decision that was filed.

    Attributes:
        result: the facts of what it did, or the kind of its failure.
        is_behind: an update of the organization is running, so the decision waits.
    """

    id: int
    kind: CorrectionKind
    state: str
    args: dict[str, Any]
    result: dict[str, Any]
    sync_id: int | None
    is_behind: bool
    requested_by: str

    @property
    def is_open(self) -> bool:
        return self.state in ("queued", "running")


def find_decision(pg: Connection, decision_id: int) -> Decision | None:
    """Return one decision of the organization, or None."""
    own = corrections.c
    is_behind = sa.exists().where(syncs.c.organization_id == own.organization_id, syncs.c.state == "running")
    columns = (own.id, own.kind, own.state, own.args, own.result, own.sync_id, is_behind, own.requested_by)
    row = pg.execute(sa.select(*columns).where(own.id == decision_id)).one_or_none()
    return Decision(*row) if row else None


def describe_decision(decision: Decision, words: LocalCatalogue) -> list[str]:
    """Return how far a decision is, or what it did."""
    if decision.state == "queued":
        if decision.is_behind:
            return [words.text("An update is running. Your decision comes right after it.")]
        return [words.text("Your decision waits its turn.")]
    if decision.state == "running":
        return [words.text("Your decision is being carried out.")]
    if decision.state == "failed":
        return [words.text(FAILURES.get(decision.result.get("failure", ""), FAILURES["error"]))]
    if decision.result.get("nothing_to_do"):
        return [words.text("It was taken back before. There was nothing to do.")]
    return [words.text(DONE[decision.kind]), *_describe_result(decision.result, words)]


def list_skipped_names(pg: Connection, decision: Decision) -> list[str]:
    """Return the names of people, classes and schools with a row that an undo left as it is."""
    names: dict[str, None] = {}
    for row in decision.result.get("skipped_rows", []):
        entity, key = row["entity"], row["key"]
        keys = {"account_id" if entity == "accounts" else "roster_id" if entity == "rosters" else "": key.get("id")}
        for column, table in MEMBER_TABLES.items():
            value = key.get(column) or keys.get(column)
            if value and (name := _name_of(pg, table, int(value))):
                names[name] = None
    return list(names)


def _name_of(pg: Connection, table: sa.Table, key: int) -> str | None:
    name = sa.func.concat_ws(" ", table.c.first_name, table.c.last_name) if table is accounts else table.c.name
    return pg.execute(sa.select(name).where(table.c.id == key)).scalar()


def _describe_result(result: dict[str, Any], words: LocalCatalogue) -> list[str]:
    sentences = []
    if "counts" in result:
        sentences.append(describe_correction([CorrectionCount(*row) for row in result["counts"]], words))
    if skipped := result.get("skipped"):
        sentences.append(
            words.count(
                "{n:,} record was changed since, so it was left as it is.",
                "{n:,} records were changed since, so they were left as they are.",
                skipped,
            )
        )
    if refused := result.get("refused"):
        sentences.append(
            words.count(
                "{n:,} account stays to review, because the decision does not fit it.",
                "{n:,} accounts stay to review, because the decision does not fit them.",
                len(refused),
            )
        )
    return sentences
