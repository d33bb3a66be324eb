"""Builds explanations: finds the districts that know a Clever id, reads their facts, and puts the steps together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from roster_pipeline.errors import CannotStart
from roster_pipeline.explain.district import freshness_step
from roster_pipeline.explain.district_file import Unread, open_file
from roster_pipeline.explain.freshness import Change, find_arrival
from roster_pipeline.explain.next_action import find_next_action
from roster_pipeline.explain.person import person_steps
from roster_pipeline.explain.product_facts import find_organizations, read_product_facts
from roster_pipeline.explain.section import section_steps
from roster_pipeline.explain.source_facts import read_source
from roster_pipeline.explain.steps import Explanation, Kind
from roster_pipeline.explain.subject import DistrictFacts, Subject, read_district_facts
from roster_pipeline.messages import Catalogue, operator, product
from roster_pipeline.product.organizations import Organization, list_organizations

ENGLISH_WORDS = product()
UNKNOWN_IDS = {
    "person": operator.mark(
        "No person with this Clever ID is known, in the product or in Clever's data at the last read."
    ),
    "section": operator.mark(
        "No class with this Clever ID is known, in the product or in Clever's data at the last read."
    ),
}
STEPS = {"person": person_steps, "section": section_steps}


@dataclass(frozen=True)
class Evidence:
    """The sources of the facts of a question, and the language of the answer.

    Attributes:
        product: opens a transaction on the product database. What the transaction does not see is not explained.
        now: the time of the question.
        words: the language of the answer.
        change: the change that the question names, if any.
        is_preview: read the copies that previews worked on, instead of the district files.
    """

    product: Callable[[], AbstractContextManager[Connection]]
    districts_folder: Path
    now: datetime
    words: Catalogue = ENGLISH_WORDS
    change: Change | None = None
    is_preview: bool = False


def explain_person(evidence: Evidence, clever_id: str) -> tuple[Explanation, ...]:
    """Explain a person in each district that knows the Clever id.

    Raises:
        CannotStart: no district knows it.
    """
    return _explain_everywhere(evidence, "person", clever_id)


def explain_section(evidence: Evidence, clever_id: str) -> tuple[Explanation, ...]:
    """Explain a class in each district that knows the Clever id.

    Raises:
        CannotStart: no district knows it.
    """
    return _explain_everywhere(evidence, "section", clever_id)


def explain_in(
    evidence: Evidence, organization: Organization, kind: Kind, clever_id: str
) -> Explanation | Unread | None:
    """Explain a Clever id in one district.

    Returns:
        None if the district does not know the id, and `Unread` if its file cannot be read to find that out.
    """
    subject = read_subject(evidence, organization, kind, clever_id)
    if not subject.is_known:
        return subject.unread
    # Clever may be asked for the arrival of a change, so no transaction and no file is open here.
    subject = replace(subject, district=add_arrival(subject.district, evidence.change))
    words = evidence.words.local(organization.time_zone, evidence.now)
    steps = (
        *STEPS[kind](subject, words),
        freshness_step(subject.district, words),
        find_next_action(subject, words),
    )
    return Explanation(kind, clever_id, organization.district_id, organization.name, steps)


def refuse_unknown(sentence: str, unread: int) -> CannotStart:
    """Return the refusal of a question. It does not repeat the question, which may hold an email.

    Args:
        sentence: the message id, in the domain `operator`.
        unread: the number of districts whose file could not be read.
    """
    says = operator.text(sentence)
    if unread:
        says += " " + operator.count(
            "{n:,} district could not be searched.", "{n:,} districts could not be searched.", unread
        )
    return CannotStart(says)


def _explain_everywhere(evidence: Evidence, kind: Kind, clever_id: str) -> tuple[Explanation, ...]:
    """Explain a Clever id in the districts that the product names, or in every district if it does not know the id."""
    with evidence.product() as pg:
        organizations, known = list_organizations(pg), find_organizations(pg, kind, clever_id)
    answers = [explain_in(evidence, one, kind, clever_id) for one in organizations if one.id in known or not known]
    explanations = tuple(answer for answer in answers if isinstance(answer, Explanation))
    if not explanations:
        # Only a preview may have read a record that is new in Clever.
        preview = replace(evidence, is_preview=True)
        previews = [explain_in(preview, one, kind, clever_id) for one in organizations]
        explanations = tuple(answer for answer in previews if isinstance(answer, Explanation))
    if not explanations:
        raise refuse_unknown(UNKNOWN_IDS[kind], sum(isinstance(answer, Unread) for answer in answers))
    return explanations


def read_subject(evidence: Evidence, organization: Organization, kind: Kind, clever_id: str) -> Subject:
    """Return every fact about a Clever id in one district."""
    with (
        evidence.product() as pg,
        open_file(pg, evidence.districts_folder, organization.district_id, is_preview=evidence.is_preview) as con,
    ):
        answer = con if isinstance(con, Unread) else read_source(con, kind, clever_id)
        source, unread = (None, answer) if isinstance(answer, Unread) else (answer, None)
        facts = read_product_facts(pg, organization.id, kind, clever_id)
        district = read_district_facts(pg, organization, source.last_read if source else None)
    return Subject(kind, clever_id, district, facts, source, unread)


def add_arrival(district: DistrictFacts, change: Change | None) -> DistrictFacts:
    """Return the state of a district with how far a change has come. Clever may be asked for that."""
    if change is None:
        return district
    organization = district.organization
    return replace(district, arrival=find_arrival(organization.district_id, organization.freshness, change))
