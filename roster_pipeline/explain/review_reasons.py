"""What each reason of a review means, what each decision does, and what speaks for and against it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from roster_pipeline.messages import Catalogue, product

MEANINGS = {
    "email_shared": product.mark(
        "Another person in Clever, or another account, has this email too, so this person did not get it."
    ),
    "already_linked": product.mark("The account with this email is linked to another Clever ID."),
    "role_differs": product.mark(
        "The account with this email has another role. A student never gets a teacher's account."
    ),
    "other_organization": product.mark("The account with this email belongs to another organization."),
    "admin_account": product.mark(
        "The account with this email belongs to an administrator of another organization or of none."
    ),
    "account_closed": product.mark("The account with this email was closed."),
    "name_differs": product.mark("The account with this email has a different first name and a different last name."),
    "recycled_id": product.mark(
        "First name, last name and email changed at once. Clever may have given the ID to another person."
    ),
    "library_student": product.mark(
        "A student whom Clever Library shared before has this first name and initial, in the class of the same name."
    ),
    "near_match": product.mark("An account has nearly this email."),
}
UNKNOWN_REASON = product.mark("Someone has to decide who this is.")
GETS_ACCOUNT = product.mark(
    "The person gets the account with this email and keeps its history. The account that the update made is closed, "
    "and its classes move."
)
KEEPS_ACCOUNT = product.mark(
    "The person keeps the account that the update made, without this email. The other account is unchanged."
)
EFFECTS = {
    "link": GETS_ACCOUNT,
    "relink": GETS_ACCOUNT,
    "same": GETS_ACCOUNT,
    "create": KEEPS_ACCOUNT,
    "different": KEEPS_ACCOUNT,
}
"""What a decision does, where its reason has no sentence of its own."""
EFFECTS_BY_REASON = {
    ("email_shared", "link"): product.mark("This person gets the email. The others who have it stay without one."),
    ("email_shared", "create"): product.mark("This person stays without this email."),
    ("other_organization", "relink"): product.mark(
        "The person gets the account of the disconnected district or of Clever Library, with its email, and leaves it."
    ),
    ("library_student", "relink"): product.mark(
        "The student gets the account from Clever Library and keeps its work. The account that the update made is "
        "closed, and its classes move."
    ),
    ("library_student", "create"): product.mark("They are two students. Both accounts stay as they are."),
    ("recycled_id", "same"): product.mark(
        "It is the same person. The account gets the new name and email, and joins the classes."
    ),
    ("recycled_id", "different"): product.mark(
        "It is another person. The person gets a new account, which joins the classes. The earlier account stays."
    ),
}
STAYS_LINKED = product.mark("It is the same person. The account stays linked.")
IS_SEPARATED = product.mark(
    "It is another person. The person gets a new account, and this account gets back what it had before."
)
EFFECTS_FOR_LINKED = {"same": STAYS_LINKED, "link": STAYS_LINKED, "different": IS_SEPARATED, "create": IS_SEPARATED}
"""What a decision does where the person is already linked to the account of the review."""
ENDS_LOGIN = product.mark("It is another person. The login of this person opens this account no more.")
EVIDENCE = {
    ("first_name_agrees", True): product.mark("same first name"),
    ("first_name_agrees", False): product.mark("different first name"),
    ("last_name_agrees", True): product.mark("same last name"),
    ("last_name_agrees", False): product.mark("different last name"),
    ("sis_id_agrees", True): product.mark("same SIS ID"),
    ("sis_id_agrees", False): product.mark("different SIS ID"),
}
EVIDENCE_VALUES = {
    "account_id": product.mark("account {value}"),
    "near_account_id": product.mark("account {value} has nearly this email"),
    "other_clever_id": product.mark("Clever ID {value}"),
    "sis_id": product.mark("SIS ID {value}"),
    "suggestion": product.mark("suggested decision: {value}"),
}
INTERNAL_EVIDENCE = frozenset({"rule"})
"""Evidence that says nothing to people."""


def describe_reason(reason: str, words: Catalogue) -> str:
    """Return a sentence that says what a reason means."""
    return words.text(MEANINGS.get(reason, UNKNOWN_REASON))


def is_about_login(evidence: Mapping[str, object] | None) -> bool:
    """Return whether a review is about a login of a person whom no sync has linked (docs/rules.md R2.17)."""
    return (evidence or {}).get("rule") == "login"


def describe_effect(
    reason: str, decision: str, words: Catalogue, *, is_linked: bool, evidence: Mapping[str, object] | None = None
) -> str:
    """Return a sentence that says what a decision does.

    Args:
        is_linked: whether the person is linked to the account of the review.
    """
    if is_about_login(evidence):
        return words.text(STAYS_LINKED if decision in ("same", "link") else ENDS_LOGIN)
    own = EFFECTS_BY_REASON.get((reason, decision))
    return words.text(own or (EFFECTS_FOR_LINKED if is_linked else EFFECTS)[decision])


def describe_evidence(evidence: Mapping[str, object] | None, words: Catalogue) -> str:
    """Return the evidence in brackets, such as ` (same first name, account 12)`. The text is empty if there is none."""
    parts = [
        _describe_part(key, value, words)
        for key, value in (evidence or {}).items()
        if value is not None and key not in INTERNAL_EVIDENCE
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _describe_part(key: str, value: object, words: Catalogue) -> str:
    if isinstance(value, bool) and (key, value) in EVIDENCE:
        return words.text(EVIDENCE[key, value])
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words.text(EVIDENCE_VALUES[key], value=text) if key in EVIDENCE_VALUES else f"{key} {text}"
