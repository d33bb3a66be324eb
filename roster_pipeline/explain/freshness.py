"""The freshness of a district: when its data last moved on each hop, and how far a change has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from roster_pipeline.messages import LocalCatalogue
from roster_pipeline.model.clock import trusted_time
from roster_pipeline.product.organizations import Freshness

Reached = Literal["nowhere", "clever", "published", "unknown"]


@dataclass(frozen=True)
class Change:
    """A change that was made in the district's own system (SIS).

    Attributes:
        made_at: when the change was made.
        asked_at: the time of the question. A later time from Clever is ignored.
        read_last_upload: asks Clever when it last received the files of a district; None if Clever does not say.
    """

    made_at: datetime
    asked_at: datetime
    read_last_upload: Callable[[str], datetime | None]


@dataclass(frozen=True)
class Arrival:
    """How far a change has come.

    Attributes:
        uploaded_at: when Clever last received the district's files, as far as is known.
        is_current: whether `uploaded_at` is an answer that Clever gave now. Otherwise it is a stored time.
    """

    made_at: datetime
    uploaded_at: datetime | None
    reached: Reached
    freshness: Freshness
    is_current: bool = False


def find_arrival(district_id: str, freshness: Freshness, change: Change) -> Arrival:
    """Return how far a change has come. Clever is asked only if the change is not published."""
    stored = trusted_time(freshness.sis_to_clever, change.asked_at)
    if stored and stored >= change.made_at and freshness.us_to_published:
        return Arrival(change.made_at, stored, "published", freshness)
    current = trusted_time(change.read_last_upload(district_id), change.asked_at)
    uploaded_at = current or stored
    reached: Reached = "unknown" if uploaded_at is None else "clever" if uploaded_at >= change.made_at else "nowhere"
    return Arrival(change.made_at, uploaded_at, reached, freshness, is_current=current is not None)


def describe_freshness(freshness: Freshness, words: LocalCatalogue) -> str:
    """Return a sentence that says when the data last moved on each of the three hops."""
    hops = (freshness.sis_to_clever, freshness.clever_to_us, freshness.us_to_published)
    uploaded, read, published = (words.at(moment) if moment else words.text("unknown") for moment in hops)
    return words.text(
        "Data as of: SIS uploaded to Clever {uploaded}; read from Clever {read}; live {published}.",
        uploaded=uploaded,
        read=read,
        published=published,
    )


def describe_arrival(arrival: Arrival, words: LocalCatalogue) -> str:
    """Return a sentence that says how far a change has come."""
    freshness = arrival.freshness
    read = words.at(freshness.clever_to_us) if freshness.clever_to_us else words.text("never")
    values = {"change": words.at(arrival.made_at), "read": read}
    if arrival.uploaded_at is None:
        return words.text(
            "Clever does not say whether your change of {change} has reached it. Last read from Clever: {read}.",
            **values,
        )
    values["uploaded"] = words.at(arrival.uploaded_at)
    if arrival.reached == "published" and freshness.us_to_published:
        return words.text(
            "Your change of {change} was read from Clever {read} and went live {published}. Clever last received the "
            "district's data {uploaded}.",
            published=words.at(freshness.us_to_published),
            **values,
        )
    if arrival.reached == "clever":
        return words.text(
            "Your change of {change} has reached Clever but not us. Clever received the district's data {uploaded}. "
            "Last read from Clever: {read}. The next sync brings it.",
            **values,
        )
    if arrival.is_current:
        return words.text(
            "Your change of {change} has not reached Clever yet. Clever last received the district's data {uploaded}.",
            **values,
        )
    return words.text(
        "Your change of {change} had not reached Clever when Clever was last asked, and Clever cannot be asked now. "
        "Clever last received the district's data {uploaded}. Last read from Clever: {read}.",
        **values,
    )
