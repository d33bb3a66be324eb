"""The screens of reviews: the list, the two columns of one review, and the decisions about one or several."""

from __future__ import annotations

from itertools import groupby

from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.web.page import Page, StaleForm
from roster_pipeline.web.review_cards import ReviewCard, find_review, is_resolved, list_reviews
from roster_pipeline.web.rights import DISTRICT_ADMIN
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.screens.decisions import file_decision


def show_reviews(page: Page) -> Response:
    """List the accounts to review by reason."""
    return _show_list(page)


def show_review(page: Page) -> Response:
    """Show one review, or that it was decided."""
    return page.render("review.html", review=_require_review(page))


def decide_review(page: Page) -> Response:
    """File the decision about one review."""
    page.require("resolve_review")
    if is_resolved(page.pg, page.number("id")):
        raise StaleForm("/clever/reviews")
    review = _require_review(page)
    decision = page.form.get("decision", "")
    if decision not in {choice.key for choice in review.choices}:
        raise StaleForm(f"/clever/reviews/{review.id}")
    args = {"review": review.id, "decision": decision}
    return file_decision(page, "resolve_review", "resolve", ("review", review.id), args, {"decision": decision})


def decide_reason(page: Page) -> Response:
    """File one decision about all reviews of a reason. The person types how many there are."""
    page.require("resolve_review")
    reason, decision = page.form.get("reason", ""), page.form.get("decision", "")
    cards = [card for card in list_reviews(page.pg, page.words) if card.reason == reason]
    numbers = [card.id for card in cards]
    if not cards or page.form.get("seen") != ",".join(map(str, numbers)):
        return _show_list(page, 409, has_changed=True)
    if decision not in _common_choices(cards):
        return _show_list(page, 409, has_changed=True)
    if page.form.get("number", "").strip() != str(len(numbers)):
        return _show_list(page, 400, unconfirmed=reason)
    args = {"reason": reason, "reviews": numbers, "decision": decision}
    target = ("reviews", reason)
    return file_decision(page, "resolve_review", "resolve_reason", target, args, {"decision": decision})


def _show_list(page: Page, status: int = 200, *, has_changed: bool = False, unconfirmed: str | None = None) -> Response:
    groups = [
        (cards, _common_choices(cards))
        for cards in (
            list(group) for _, group in groupby(list_reviews(page.pg, page.words), key=lambda card: card.reason)
        )
    ]
    return page.render("reviews.html", status, groups=groups, has_changed=has_changed, unconfirmed=unconfirmed)


def _common_choices(cards: list[ReviewCard]) -> dict[str, str]:
    """Return the decisions that every one of some reviews offers, by their names."""
    first = {choice.key: choice.name for choice in cards[0].choices}
    keys = set(first).intersection(*({choice.key for choice in card.choices} for card in cards))
    return {key: name for key, name in first.items() if key in keys}


def _require_review(page: Page) -> ReviewCard:
    review = find_review(page.pg, page.number("id"), page.words)
    if review is None:
        raise HTTPException(404)
    return review


ROUTES = [
    get("/clever/reviews", show_reviews, DISTRICT_ADMIN),
    get("/clever/reviews/{id}", show_review, DISTRICT_ADMIN),
    post("/clever/reviews/{id}", decide_review, DISTRICT_ADMIN),
    post("/clever/reviews", decide_reason, DISTRICT_ADMIN),
]
