"""Whom a question is about, in which districts, and the chain of each. A chain is made of its own district's facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine

from roster_pipeline.errors import CannotStart
from roster_pipeline.explain.district import District, clock_step, district_of
from roster_pipeline.explain.district_file import Unread, open_file
from roster_pipeline.explain.freshness import Change, arrival_of
from roster_pipeline.explain.next_action import next_of_person, next_of_section
from roster_pipeline.explain.person import Person, person_steps
from roster_pipeline.explain.product_facts import organizations_of, person_kept, section_kept
from roster_pipeline.explain.report import Chain
from roster_pipeline.explain.section import Section, section_steps
from roster_pipeline.explain.source_facts import read_person, read_section
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import Organization, all_organizations


@dataclass(frozen=True)
class Evidence:
    """Where it is: the product, and the folder of the districts' files; and the change that is asked about, if any.

    Attributes:
        is_preview: look into the copies that previews worked on, instead of the districts' own files.
    """

    product: Engine
    districts_folder: Path
    change: Change | None = None
    is_preview: bool = False


Ask = Callable[[Evidence, Organization, str], Chain | Unread | None]


def why_person(evidence: Evidence, clever_id: str) -> tuple[Chain, ...]:
    """The chain of a person, in each district that knows the id.

    Raises:
        CannotStart: none does.
    """
    return _each_knowing(evidence, person_chain, clever_id, "person")


def why_section(evidence: Evidence, clever_id: str) -> tuple[Chain, ...]:
    """The chain of a class, in each district that knows the id.

    Raises:
        CannotStart: none does.
    """
    return _each_knowing(evidence, section_chain, clever_id, "section")


def _each_knowing(evidence: Evidence, ask: Ask, clever_id: str, kind: str) -> tuple[Chain, ...]:
    """The product says which districts to look into; only if it does not know the id, all are."""
    with transaction(evidence.product) as pg:
        everyone, known = all_organizations(pg), organizations_of(pg, kind, clever_id)
    answers = [ask(evidence, one, clever_id) for one in everyone if one.id in known or not known]
    chains = tuple(answer for answer in answers if isinstance(answer, Chain))
    if not chains:
        # A record that is new in Clever may have been read by a preview alone.
        previews = [ask(replace(evidence, is_preview=True), one, clever_id) for one in everyone]
        chains = tuple(answer for answer in previews if isinstance(answer, Chain))
    if not chains:
        raise nobody_knows(f"{kind} of this Clever id", sum(isinstance(answer, Unread) for answer in answers))
    return chains


def nobody_knows(what: str, unread: int) -> CannotStart:
    """The refusal. It does not repeat what was asked: that may be an address.

    Args:
        unread: districts whose file could not be looked into.
    """
    also = f" ({unread} of them could not be looked into)" if unread else ""
    return CannotStart(
        f"No {what} is known: neither to the product, nor in what was last read of the connected districts{also}."
    )


def person_chain(evidence: Evidence, organization: Organization, clever_id: str) -> Chain | Unread | None:
    """The chain of a person in one district; None if it does not know the id, Unread if it cannot be told."""
    with (
        transaction(evidence.product) as pg,
        open_file(pg, evidence.districts_folder, organization.district_id, is_preview=evidence.is_preview) as con,
    ):
        read = con if isinstance(con, Unread) else read_person(con, clever_id)
        kept = person_kept(pg, organization.id, clever_id)
        district = district_of(pg, organization, None if isinstance(read, Unread) else read.landing)
    if not kept.is_known and (isinstance(read, Unread) or not read.is_known):
        return read if isinstance(read, Unread) else None
    person = Person(clever_id, _with_arrival(district, evidence.change), kept, read)
    steps = (*person_steps(person), clock_step(person.district), next_of_person(person))
    return Chain("person", clever_id, organization.district_id, organization.name, steps)


def section_chain(evidence: Evidence, organization: Organization, clever_id: str) -> Chain | Unread | None:
    """The chain of a class in one district; None if it does not know the id, Unread if it cannot be told."""
    with (
        transaction(evidence.product) as pg,
        open_file(pg, evidence.districts_folder, organization.district_id, is_preview=evidence.is_preview) as con,
    ):
        read = con if isinstance(con, Unread) else read_section(con, clever_id)
        kept = section_kept(pg, organization.id, clever_id)
        district = district_of(pg, organization, None if isinstance(read, Unread) else read.landing)
    if not kept.is_known and (isinstance(read, Unread) or not read.is_known):
        return read if isinstance(read, Unread) else None
    section = Section(clever_id, _with_arrival(district, evidence.change), kept, read)
    steps = (
        *section_steps(section),
        clock_step(section.district),
        next_of_section(section),
    )
    return Chain("section", clever_id, organization.district_id, organization.name, steps)


def _with_arrival(district: District, change: Change | None) -> District:
    """Clever may be asked for it: this is called when nothing is open or locked any more."""
    if change is None:
        return district
    organization = district.organization
    return replace(district, arrival=arrival_of(organization.district_id, organization.clock, change))
