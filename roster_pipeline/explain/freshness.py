"""The clock of a district: when its data last made each hop, and how far a change of some moment has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from roster_pipeline.explain.report import at
from roster_pipeline.model.clock import trusted_time
from roster_pipeline.product.organizations import Clock

Reached = Literal["nowhere", "clever", "published", "unknown"]


@dataclass(frozen=True)
class Change:
    """What somebody changed in the district's own system (SIS).

    Attributes:
        made_at: when.
        asked_at: when the question was asked. What Clever dates later than that proves nothing.
        taken_in: asks Clever when it last took in the files of a district, by id; None where it does not say.
    """

    made_at: datetime
    asked_at: datetime
    taken_in: Callable[[str], datetime | None]


@dataclass(frozen=True)
class Arrival:
    """How far a change has come. `taken_in` is when Clever last took in the district's files, as far as is known."""

    made_at: datetime
    taken_in: datetime | None
    reached: Reached
    clock: Clock
    is_asked: bool = False


def arrival_of(district_id: str, clock: Clock, change: Change) -> Arrival:
    """How far a change has come; Clever is asked only if it is not published."""
    was_taken_in = trusted_time(clock.sis_to_clever, change.asked_at)
    if was_taken_in and was_taken_in >= change.made_at and clock.us_to_published:
        return Arrival(change.made_at, was_taken_in, "published", clock)
    asked = trusted_time(change.taken_in(district_id), change.asked_at)
    taken_in = asked or was_taken_in
    reached: Reached = "unknown" if taken_in is None else "clever" if taken_in >= change.made_at else "nowhere"
    return Arrival(change.made_at, taken_in, reached, clock, is_asked=asked is not None)


def hops_words(clock: Clock) -> str:
    """When each hop was last made, in a sentence without its full stop."""
    hops = (
        ("SIS to Clever", clock.sis_to_clever),
        ("Clever to us", clock.clever_to_us),
        ("us to published", clock.us_to_published),
    )
    return "Last " + ", ".join(f"{hop} {at(moment) if moment else 'not known'}" for hop, moment in hops)


def change_words(arrival: Arrival) -> str:
    """How far it has come, in a sentence without its full stop."""

    def when(moment: datetime) -> str:
        day = moment.astimezone(UTC).date() == arrival.made_at.astimezone(UTC).date()
        return at(moment).partition(" ")[2] if day else at(moment)

    change, clock = f"Your change of {at(arrival.made_at)}", arrival.clock
    read = f"we last read Clever at {when(clock.clever_to_us)}" if clock.clever_to_us else "we have never read Clever"
    if arrival.taken_in is None:
        return f"Whether {change[0].lower()}{change[1:]} has reached Clever is not known: Clever does not say; {read}"
    took = f"Clever last read the district's files at {when(arrival.taken_in)}"
    if arrival.reached == "published" and clock.clever_to_us and clock.us_to_published:
        return f"{change} was read at {when(clock.clever_to_us)} and published at {when(clock.us_to_published)}; {took}"
    if arrival.reached == "clever":
        return f"{change} has reached Clever but not us: {took}, {read}; the next sync brings it"
    if arrival.is_asked:
        return f"{change} has not reached Clever yet: {took}"
    return f"{change} had not reached Clever when it was last asked, and it cannot be asked now: {took}; {read}"
