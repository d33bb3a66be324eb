"""The command resolve: decide one review, or all of one reason at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from roster_pipeline.cli.corrections import LARGEST, MOST_ROWS, correct, correct_own, current_user
from roster_pipeline.cli.reviews import Reason, ReviewDistrict, show_reviews
from roster_pipeline.cli.screen import AsJson, complain, say, show_json
from roster_pipeline.corrections.resolve import BulkResolution, resolve_review
from roster_pipeline.corrections.resolve_reason import resolve_reason
from roster_pipeline.corrections.summary_words import describe_correction
from roster_pipeline.errors import CannotStart, CorrectionRefused
from roster_pipeline.explain.reviews import Entry, count_reviews, read_open_reviews
from roster_pipeline.messages import operator, product
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.tables import reviews
from roster_pipeline.settings import Settings, read_settings

ONE_OR_ALL = operator.mark("Give either REVIEW, or --all with --reason R. See roster-pipeline reviews.")
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
        typer.Argument(
            metavar="REVIEW", min=1, max=LARGEST, help="The number of the review; see roster-pipeline reviews."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All open reviews of --reason.")] = False,  # noqa: FBT002
    reason: Reason = None,
    district: ReviewDistrict = None,
    number: Annotated[
        int | None,
        typer.Option("--count", min=1, help="With --all: the number of reviews that you saw; replaces the question."),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who decides; by default the user of this machine.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Decide who a person is. Links and memberships change at once, later syncs respect it, and undo reverses it.

    With --all --reason R every open review of that reason is decided alike, after you have confirmed their number.
    """
    decided_by = by or current_user()
    if every:
        if review is not None or reason is None:
            raise CannotStart(operator.text(ONE_OR_ALL))
        _resolve_all(read_settings(), decision, district, reason, number, decided_by, as_json=as_json)
    elif review is None or (reason, district, number) != (None, None, None):
        raise CannotStart(operator.text(ONE_OR_ALL))
    else:
        _resolve_one(review, decision, decided_by, as_json=as_json)


def _resolve_one(review: int, decision: Decision, decided_by: str, *, as_json: bool) -> None:
    done = correct(
        reviews, review, "review", lambda pg, at: resolve_review(pg, review, decision, decided_by=decided_by, at=at)
    )
    assert done is not None  # resolve_review refuses a decision that cannot be made
    decided, words = done.result, describe_correction(done.counts, product())
    if as_json:
        answer = {"review": review, "decision": decision, "decided_by": decided_by}
        show_json({**answer, **vars(decided), "summary": words})
        return
    say(
        operator.text(
            "Review {review} is resolved as {decision}. Clever ID {clever_id} now has account {account}.",
            review=review,
            decision=decision,
            clever_id=decided.clever_id,
            account=decided.account_id,
        )
    )
    say(words)
    say(operator.text("To reverse it: roster-pipeline undo {sync}", sync=decided.sync_id))


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
    """Decide exactly the reviews that were shown. A review that is new or gone since then refuses all of it."""
    with transaction(open_product(settings)) as pg:
        entries = read_open_reviews(pg, district, reason)
    district_id = _one_district(entries, reason)
    if not _is_confirmed(entries, decision, number, as_json=as_json):
        say(operator.text("Nothing was decided."))
        return
    shown = _numbers(entries)

    def decide(pg: Connection, at: datetime) -> BulkResolution:
        return resolve_reason(pg, district_id, reason, shown, decision, decided_by=decided_by, at=at)

    done = correct_own(settings, district_id, decide)
    assert done is not None
    answer = {"reason": reason, "decision": decision, "decided_by": decided_by, "district_id": district_id}
    words = describe_correction(done.counts, product())
    if as_json:
        show_json({**answer, "reviews": list(done.result.accounts), **vars(done.result), "summary": words})
    else:
        _say_all(done.result, answer, words)


def _say_all(decided: BulkResolution, answer: dict[str, Any], words: str) -> None:
    resolved = operator.count(
        "{n:,} review is resolved as {decision} ({reason}). The decision is sync {sync}.",
        "{n:,} reviews are resolved as {decision} ({reason}). The decision is sync {sync}.",
        len(decided.accounts),
        decision=answer["decision"],
        reason=answer["reason"],
        sync=decided.sync_id,
    )
    say(resolved, words)
    for review, why in list(decided.refused.items())[:MOST_ROWS]:
        complain(operator.text("Review {review} stays open. {why}", review=review, why=why))
    if len(decided.refused) > MOST_ROWS:
        complain(
            operator.text("… and {n:,} more stay open; --json lists them all.", n=len(decided.refused) - MOST_ROWS)
        )
    say(operator.text("To reverse all of it: roster-pipeline undo {sync}", sync=decided.sync_id))


def _one_district(entries: Sequence[Entry], reason: str) -> str:
    """Return the one district of the reviews; a correction concerns one district."""
    districts = list(dict.fromkeys(entry["district_id"] for entry in entries))
    if not districts:
        raise CorrectionRefused(
            operator.text("There is no open review of reason {reason}. See roster-pipeline reviews.", reason=reason)
        )
    if len(districts) > 1:
        raise CannotStart(
            operator.text(
                "Reviews of reason {reason} are open in {n:,} districts: {districts}. "
                "Give one: --district DISTRICT_ID.",
                reason=reason,
                n=len(districts),
                districts=", ".join(districts[:MOST_ROWS]),
            )
        )
    return str(districts[0])


def _is_confirmed(entries: Sequence[Entry], decision: Decision, number: int | None, *, as_json: bool) -> bool:
    """Return whether the reviews may be decided: a user sees them and confirms, and a script gives their number."""
    open_number = count_reviews(entries)
    if number is not None:
        if number != open_number:
            raise CorrectionRefused(
                operator.count(
                    "{n:,} review of this reason is open, not {number}. Nothing was decided. "
                    "See roster-pipeline reviews.",
                    "{n:,} reviews of this reason are open, not {number}. Nothing was decided. "
                    "See roster-pipeline reviews.",
                    open_number,
                    number=number,
                )
            )
        return True
    if as_json or not sys.stdin.isatty():
        raise CannotStart(
            operator.text("There is no terminal to confirm in. Give --count N, the number of reviews that you saw.")
        )
    show_reviews(entries)
    first = entries[0]
    effect = first["decisions"].get(decision, "")
    values = {"reason": first["reason"], "district": first["district"], "decision": decision}
    summary = operator.count(
        "{n:,} review ({reason}) of {district} as {decision}.",
        "{n:,} reviews ({reason}) of {district} as {decision}.",
        open_number,
        **values,
    )
    say("", f"{summary} {effect}")
    return typer.confirm(
        operator.count("Resolve it as {decision}?", "Resolve all {n:,} as {decision}?", open_number, decision=decision)
    )


def _numbers(entries: Sequence[Entry]) -> list[int]:
    return sorted(review for entry in entries for review in entry["reviews"])
