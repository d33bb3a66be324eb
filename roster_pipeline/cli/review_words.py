"""What each reason of a review means, and what each possible decision does, in a sentence."""

from __future__ import annotations

REASONS = {
    "email_shared": "Another person in Clever, or another account, has this email too, so this person got none.",
    "already_linked": "The account with this email is linked to another Clever id.",
    "role_differs": "The account with this email has another role: a student is never given a teacher's account.",
    "other_organization": "The account with this email belongs to another organization.",
    "admin_account": "The account with this email is an administrator's of another organization, or of none.",
    "account_closed": "The account with this email was closed.",
    "name_differs": "The account with this email has another first name and another last name.",
    "recycled_id": "First name, last name and email changed at once: Clever may have given the id to another person.",
}
UNKNOWN = "A person has to decide who this is."
GETS = (
    "The person gets the account with this email, and keeps its history. The account that the sync made is closed, "
    "and its classes move."
)
KEEPS = "The person keeps the account that the sync made, without this email. The other account stays as it is."
EFFECTS = {
    "link": GETS,
    "relink": GETS,
    "same": GETS,
    "create": KEEPS,
    "different": KEEPS,
}
"""By decision, where the reason has nothing of its own."""
OWN_EFFECTS = {
    ("email_shared", "link"): "This person gets the email, and the others who carry it stay without one.",
    ("email_shared", "create"): "This person stays without this email.",
    (
        "other_organization",
        "relink",
    ): "The person gets the account of the disconnected district, with its email, and leaves that district.",
    ("recycled_id", "same"): "It is the same person. The account gets the new name and email, and joins the classes.",
    (
        "recycled_id",
        "different",
    ): "It is another person. The person gets a new account, which joins the classes; the former account stays.",
}
LINKED_EFFECTS = {
    "same": "It is the same person. The account stays linked.",
    "link": "It is the same person. The account stays linked.",
    "different": "It is another person. The person gets a new account, and this one gets back what it had before.",
    "create": "It is another person. The person gets a new account, and this one gets back what it had before.",
}
"""Of a person who is linked to the account of the review already."""


def meaning_of(reason: str) -> str:
    """What a reason means, in a sentence."""
    return REASONS.get(reason, UNKNOWN)


def effect_of(reason: str, decision: str, *, is_linked: bool) -> str:
    """What a decision does, in a sentence or two.

    Args:
        is_linked: whether the person is linked to the account of the review.
    """
    own = OWN_EFFECTS.get((reason, decision))
    return own or (LINKED_EFFECTS if is_linked else EFFECTS)[decision]
