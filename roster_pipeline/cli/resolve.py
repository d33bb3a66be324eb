"""resolve: what a person decides about one review, or about all of one reason at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from roster_pipeline.cli.corrected import corrected_words
from roster_pipeline.cli.corrections import LARGEST, SHOWN, correct, correct_district, whoever_asks
from roster_pipeline.cli.reviews import Entry, Reason, ReviewDistrict, open_reviews, review_count, show_reviews
from roster_pipeline.cli.screen import AsJson, complain, say, show_json
from roster_pipeline.corrections.resolve import DecidedAll, resolve_review, resolve_reviews
from roster_pipeline.errors import CannotStart, CorrectionRefused
from roster_pipeline.explain.report import count
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.tables import reviews
from roster_pipeline.settings import Settings, read_settings

Decision = Literal["link", "create", "relink", "same", "different"]


def register(app: typer.Typer) -> None:
    app.command("resolve")(resolve)


def resolve(
    decision: Annotated[
        Decision,
        typer.Option(
            "--as",
            help="link, relink, same: the person is that account. create, different: the person is another one.",
        ),
    ],
    review: Annotated[
        int | None,
        typer.Argument(metavar="REVIEW", min=1, max=LARGEST, help="The review's number; see roster-pipeline reviews."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All open reviews of --reason.")] = False,  # noqa: FBT002
    reason: Reason = None,
    district: ReviewDistrict = None,
    number: Annotated[
        int | None,
        typer.Option("--count", min=1, help="With --all: how many reviews you were shown, in place of the question."),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who decides; the user of this machine if not given.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Decide who a person is. Links and memberships move at once; later syncs keep to it; undo reverses it.

    With --all --reason R every open review of that reason is decided alike, once you have confirmed how many they are.
    """
    decided_by = by or whoever_asks()
    if every:
        if review is not None or reason is None:
            raise CannotStart("Give either REVIEW, or --all with --reason R. See roster-pipeline reviews.")
        _resolve_all(read_settings(), decision, district, reason, number, decided_by, as_json=as_json)
    elif review is None or (reason, district, number) != (None, None, None):
        raise CannotStart("Give either REVIEW, or --all with --reason R. See roster-pipeline reviews.")
    else:
        _resolve_one(review, decision, decided_by, as_json=as_json)


def _resolve_one(review: int, decision: Decision, decided_by: str, *, as_json: bool) -> None:
    done = correct(
        reviews, review, "review", lambda pg, at: resolve_review(pg, review, decision, decided_by=decided_by, at=at)
    )
    assert done is not None  # a decision that cannot be made is refused
    decided, words = done.done, corrected_words(done.corrected)
    if as_json:
        said = {"review": review, "decision": decision, "decided_by": decided_by}
        show_json({**said, **vars(decided), "summary": words})
        return
    say(f"Review {review} is resolved as {decision}: {decided.clever_id} has account {decided.account_id}.")
    say(words)
    say(f"To reverse it: roster-pipeline undo {decided.sync_id}")


def _resolve_all(
    settings: Settings,
    decision: Decision,
    district: str | None,
    reason: str,
    number: int | None,
    decided_by: str,
    *,
    as_json: bool,
) -> None:
    """Decide what was shown and nothing else: a review that has come since, or gone, refuses it all."""
    with transaction(open_product(settings)) as pg:
        entries = open_reviews(pg, district, reason)
    district_id = _one_district(entries, reason)
    if not _is_confirmed(entries, decision, number, as_json=as_json):
        say("Nothing was decided.")
        return
    shown = _numbers(entries)

    def decide(pg: Connection, at: datetime) -> DecidedAll:
        if _numbers(open_reviews(pg, district_id, reason)) != shown:
            raise CorrectionRefused("The open reviews are not those that were shown. Nothing was decided.")
        return resolve_reviews(pg, shown, decision, decided_by=decided_by, at=at)

    done = correct_district(settings, district_id, decide)
    assert done is not None
    said = {"reason": reason, "decision": decision, "decided_by": decided_by, "district_id": district_id}
    words = corrected_words(done.corrected)
    if as_json:
        show_json({**said, "reviews": list(done.done.accounts), **vars(done.done), "summary": words})
    else:
        _say_all(done.done, said, words)


def _say_all(decided: DecidedAll, said: dict[str, Any], words: str) -> None:
    number = count(len(decided.accounts), "review is", "reviews are")
    say(f"{number} resolved as {said['decision']} ({said['reason']}), as sync {decided.sync_id}.")
    say(words)
    for review, why in list(decided.refused.items())[:SHOWN]:
        complain(f"Review {review} stays open. {why}")
    if len(decided.refused) > SHOWN:
        complain(f"… and {len(decided.refused) - SHOWN:,} more stay open; --json lists them all.")
    say(f"To reverse all of it: roster-pipeline undo {decided.sync_id}")


def _one_district(entries: Sequence[Entry], reason: str) -> str:
    """The district that all of them are of: a correction is of one."""
    districts = list(dict.fromkeys(entry["district_id"] for entry in entries))
    if not districts:
        raise CorrectionRefused(f"There is no open review of reason {reason}. See roster-pipeline reviews.")
    if len(districts) > 1:
        raise CannotStart(
            f"Reviews of reason {reason} are open in {len(districts)} districts: {', '.join(districts[:SHOWN])}. "
            "Give one: --district DISTRICT_ID."
        )
    return str(districts[0])


def _is_confirmed(entries: Sequence[Entry], decision: Decision, number: int | None, *, as_json: bool) -> bool:
    """Whether so many may be decided: a person sees them and confirms; a script gives their number."""
    found = review_count(entries)
    if number is not None:
        if number != found:
            raise CorrectionRefused(
                f"{count(found, 'review of this reason is', 'reviews of this reason are')} open, not {number}. "
                "Nothing was decided; see roster-pipeline reviews."
            )
        return True
    if as_json or not sys.stdin.isatty():
        raise CannotStart(
            "There is no terminal to confirm in. Give --count N, the number of reviews that you were shown."
        )
    show_reviews(entries)
    first = entries[0]
    effect = first["decisions"].get(decision, "")
    say("", f"{count(found, 'review', 'reviews')} ({first['reason']}) of {first['district']} as {decision}. {effect}")
    return typer.confirm(f"Resolve {'it' if found == 1 else f'all {found}'} as {decision}?")


def _numbers(entries: Sequence[Entry]) -> list[int]:
    return sorted(review for entry in entries for review in entry["reviews"])
