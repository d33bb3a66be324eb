"""The trimming of emails, and the characters of an email that a person cannot see."""

from __future__ import annotations

EMAIL_BLANKS = " \t\r\n"
"""The characters that trimming removes from both ends of an email (docs/rules.md R2.4)."""


def trim_email(text: str) -> str:
    """Return an email without blanks at its ends. Two trimmed emails are compared byte for byte."""
    return text.strip(EMAIL_BLANKS)


def has_invisible(text: str) -> bool:
    """Return whether a text holds a blank or another character that a person cannot see."""
    return any(sign.isspace() or not sign.isprintable() for sign in text)
