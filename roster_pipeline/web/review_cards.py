"""Reviews as the page shows them: the person in Clever beside the account here, the evidence, and the decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.explain.review_reasons import EVIDENCE, describe_effect, describe_reason, is_about_login
from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.model.decisions import decisions_for
from roster_pipeline.product.tables import accounts, identity_links, reviews
from roster_pipeline.web.frame import ROLE_NAMES
from roster_pipeline.web.rights import Role

OPERATOR_REASONS = frozenset({"other_organization", "admin_account", "library_student"})
"""The reasons that concern another organization. Only our account team decides them."""
DECISION_NAMES = {
    "link": product.mark("It is this person: use this account"),
    "relink": product.mark("It is this person: move this account"),
    "same": product.mark("It is the same person"),
    "create": product.mark("It is another person: keep the new account"),
    "different": product.mark("It is another person"),
}
FIELDS = {
    "first_name": product.mark("First name"),
    "last_name": product.mark("Last name"),
    "email": product.mark("Email"),
    "role": product.mark("Role"),
}
ROLES = {"teacher": Role.TEACHER, "student": Role.STUDENT}
link, own = identity_links.alias("link"), accounts.alias("own")
about = (
    sa.func.roster.account_of_review(reviews.c.id)
    .table_valued("id", "first_name", "last_name", "email", "role")
    .alias("about")
)
"""The account in question. Row-level security does not show an account of no organization, so a function does."""


@dataclass(frozen=True)
class FieldPair:
    """One field of both columns."""

    name: str
    in_clever: str
    here: str

    @property
    def differs(self) -> bool:
        return self.in_clever != self.here


@dataclass(frozen=True)
class Choice:
    """A decision that the review offers, and what it does."""

    key: str
    name: str
    effect: str
    is_suggested: bool


@dataclass(frozen=True)
class ReviewCard:
    """One open review.

    Attributes:
        has_account: whether the review asks about an account that the person may see.
        is_outside: the review concerns an account of another organization, so our account team decides it.
        is_login: the review is about a login. The district has no classes from Clever.
        is_waiting: the new classes of the person wait for the decision. Otherwise the person is in class meanwhile.
    """

    id: int
    reason: str
    person: str
    meaning: str
    pairs: list[FieldPair]
    evidence: list[str]
    choices: list[Choice]
    has_account: bool
    is_outside: bool
    is_login: bool

    @property
    def is_waiting(self) -> bool:
        return self.reason == "recycled_id"


def list_reviews(pg: Connection, words: LocalCatalogue) -> list[ReviewCard]:
    """Return the open reviews of the organization by reason, the oldest first."""
    query = _select().where(reviews.c.state == "open").order_by(reviews.c.reason, reviews.c.id)
    return [_card(row, words) for row in pg.execute(query)]


def find_review(pg: Connection, review_id: int, words: LocalCatalogue) -> ReviewCard | None:
    """Return one open review, or None."""
    row = pg.execute(_select().where(reviews.c.id == review_id, reviews.c.state == "open")).one_or_none()
    return _card(row, words) if row else None


def is_resolved(pg: Connection, review_id: int) -> bool:
    """Return whether the organization has a review that is not open any more."""
    own = reviews.c.id == review_id
    return pg.execute(sa.select(reviews.c.id).where(own, reviews.c.state != "open")).first() is not None


def _select() -> sa.Select[Any]:
    """Select reviews with the person's own account and the account in question, if the transaction sees it."""
    names = ("id", "first_name", "last_name", "email", "role")
    is_linked = sa.and_(link.c.clever_id == reviews.c.clever_id, link.c.unlinked_at.is_(None))
    return sa.select(
        *(reviews.c[name] for name in ("id", "reason", "account_id", "evidence", "clever_says")),
        *(own.c[name].label(f"own_{name}") for name in (*names, "clever_email")),
        *(about.c[name].label(f"about_{name}") for name in names),
    ).select_from(
        reviews.outerjoin(link, is_linked).outerjoin(own, own.c.id == link.c.account_id).outerjoin(about, sa.true())
    )


def _card(row: sa.Row[Any], words: LocalCatalogue) -> ReviewCard:
    is_outside = row.reason in OPERATOR_REASONS or (row.account_id is not None and row.about_id is None)
    in_clever = _in_clever(row)
    here = {} if is_outside else {name: getattr(row, f"about_{name}") for name in FIELDS}
    name = " ".join(filter(None, (in_clever["first_name"], in_clever["last_name"])))
    return ReviewCard(
        row.id,
        row.reason,
        name or words.text("no name"),
        describe_reason(row.reason, words),
        [FieldPair(words.text(FIELDS[key]), _show(key, in_clever, words), _show(key, here, words)) for key in FIELDS],
        _describe_evidence(row.evidence or {}, words),
        [] if is_outside else _choices(row, words),
        row.about_id is not None and not is_outside,
        is_outside,
        is_about_login(row.evidence),
    )


def _in_clever(row: sa.Row[Any]) -> dict[str, Any]:
    """Return what Clever says of the person. Some reviews have it, otherwise the own account of the person has it."""
    says = row.clever_says or {}
    if says:
        return {name: says.get(name) for name in FIELDS} | {"role": says.get("role") or row.own_role}
    return {
        "first_name": row.own_first_name,
        "last_name": row.own_last_name,
        "email": row.own_clever_email or row.own_email,
        "role": row.own_role,
    }


def _show(field: str, person: Mapping[str, Any], words: LocalCatalogue) -> str:
    value = person.get(field)
    if field == "role" and value in ROLES:
        return words.text(ROLE_NAMES[ROLES[value]])
    return str(value) if value else words.text("none")


def _describe_evidence(evidence: Mapping[str, Any], words: LocalCatalogue) -> list[str]:
    """Return what speaks for and against it, such as `same first name`."""
    return [words.text(EVIDENCE[key, value]) for key, value in evidence.items() if (key, value) in _BOOLEANS]


_BOOLEANS: Sequence[tuple[str, Any]] = tuple(EVIDENCE)


def _choices(row: sa.Row[Any], words: LocalCatalogue) -> list[Choice]:
    """Return the decisions that the review offers, the suggested one first. Of two with one effect there is one."""
    suggestion, is_linked = (row.evidence or {}).get("suggestion"), row.own_id == row.about_id
    choices = [
        Choice(
            decision,
            words.text(DECISION_NAMES[decision]),
            describe_effect(row.reason, decision, words, is_linked=is_linked, evidence=row.evidence),
            decision == suggestion,
        )
        for decision in decisions_for(row.reason, is_released=False)
    ]
    choices.sort(key=lambda choice: not choice.is_suggested)
    return list({choice.effect: choice for choice in reversed(choices)}.values())[::-1]
