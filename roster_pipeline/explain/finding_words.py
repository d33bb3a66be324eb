"""What each finding of a preflight says about a person, and what to do about it."""

from __future__ import annotations

from typing import Any

from roster_pipeline.explain.facts import Row
from roster_pipeline.messages import Catalogue, product

NEAR_MATCH = "near_match"
OWN_EMAIL = product.mark("Give each person an email of their own in Clever.")
CORRECT_EMAIL = product.mark("Correct the email in Clever, or leave it. The person's new account then has no email.")
CORRECT_ROLE = product.mark("Correct the class or the role in Clever.")
FINDINGS = {
    NEAR_MATCH: (
        product.mark("nearly the email of an account"),
        product.mark(
            "If it is the same person, change the email in Clever to exactly that of the account, so that the sync "
            "finds it. Otherwise leave it."
        ),
    ),
    "shared_address": (product.mark("someone else in Clever has this email too"), OWN_EMAIL),
    "unusable_address": (
        product.mark("the email is not a valid address"),
        product.mark("Correct the email in Clever, or leave it empty. No account can be found by this email."),
    ),
    "teacher_is_student": (product.mark("a class lists this student among its teachers"), CORRECT_ROLE),
    "student_is_teacher": (product.mark("a class lists this teacher among its students"), CORRECT_ROLE),
    "email_shared": (product.mark("someone else has this email too"), OWN_EMAIL),
    "already_linked": (
        product.mark("the account with this email belongs to another person in Clever"),
        product.mark(
            "If it is the same person with a new Clever ID, decide the review. Otherwise correct the email in Clever."
        ),
    ),
    "role_differs": (
        product.mark("the account with this email has another role"),
        product.mark("Find out whose account it is. Correct the email in Clever, or decide the review."),
    ),
    "other_organization": (
        product.mark("the account with this email belongs to another organization"),
        product.mark(
            "Correct the email in Clever, or leave it. The person's new account then has no email. If that "
            "organization is disconnected, the review can be resolved as relink."
        ),
    ),
    "admin_account": (product.mark("the account with this email is an administrator's"), CORRECT_EMAIL),
    "account_closed": (
        product.mark("the account with this email was closed"),
        product.mark("Correct the email in Clever, or decide the review."),
    ),
    "name_differs": (
        product.mark("the account with this email has a different name"),
        product.mark("Find out whether it is the same person. Correct the email in Clever, or decide the review."),
    ),
    "recycled_id": (
        product.mark("first name, last name and email changed at once"),
        product.mark(
            "Find out whether Clever gave the ID to someone else, and decide the review. Until then nothing is renamed."
        ),
    ),
}
"""By finding: what is wrong, and what to do."""
UNKNOWN_FINDING = (product.mark("someone has to decide who this is"), product.mark("Decide the review."))
ACCOUNT_HAS_BLANKS = product.mark(
    "If it is the same person, have the account's email corrected in the product. An email in Clever never has blanks."
)
REVIEW_FOLLOWS = product.mark("A new account already exists, so the next sync then opens a review.")
DIFFERENCES = {
    "case": product.mark("capital letters"),
    "dots": product.mark("dots before the @"),
    "unicode": product.mark("the form of a letter (accent, width)"),
    "whitespace": product.mark("a blank or an invisible character"),
    "role": product.mark("role"),
    "name": product.mark("name"),
}
OUTCOMES = {
    "linked": product.mark("already linked"),
    "linked_by_email": product.mark("would be matched to an existing account"),
    "created": product.mark("would get a new account"),
}


def describe_person(row: dict[str, Any], words: Catalogue) -> dict[str, Any]:
    """Return a row of `Findings.people` with its codes in words."""
    return {
        **row,
        "outcome": words.text(OUTCOMES[row["outcome"]]) if row["outcome"] in OUTCOMES else row["outcome"],
        "findings": "; ".join(words.text(FINDINGS.get(finding, UNKNOWN_FINDING)[0]) for finding in row["findings"]),
        "differs": describe_differences(row["differs"], words),
    }


def describe_differences(differences: list[str], words: Catalogue) -> str:
    """Describe the difference of two emails."""
    return ", ".join(words.text(DIFFERENCES[one]) if one in DIFFERENCES else one for one in differences)


def describe_advice(row: Row, words: Catalogue) -> str:
    """Return a sentence that says what to do about one finding."""
    advice = words.text(FINDINGS.get(row.finding, UNKNOWN_FINDING)[1])
    if row.finding != NEAR_MATCH:
        return advice
    if row.account_has_invisible:
        return words.text(ACCOUNT_HAS_BLANKS)
    return f"{advice} {words.text(REVIEW_FOLLOWS)}" if row.outcome == "linked" else advice
