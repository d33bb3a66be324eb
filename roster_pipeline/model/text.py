"""Text that people read: labels from outside that are safe to show, counts with their nouns, and names to compare."""

from unicodedata import combining, normalize

LABEL_MAX_CHARS = 100
"""The most characters of a label. PostgreSQL's index of tags takes 2,704 bytes, and a character has at most four."""
LINE_MAX_CHARS = 2_000
"""The most characters of a message that holds text from outside."""


def make_label(text: str, max_chars: int = LABEL_MAX_CHARS) -> str:
    """Return text from outside as one line without control characters, cut to a length that every store accepts.

    Args:
        text: the text.
        max_chars: the most characters of the label. A label that was cut ends with `…`.
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= max_chars else f"{line[: max_chars - 1]}…"


def fold_name(name: str) -> str:
    """Return a name in the form in which names are compared: trimmed, in lower case, without accents."""
    letters = normalize("NFD", name.strip(" ").lower())
    return "".join(letter for letter in letters if not combining(letter))


def count_noun(number: int, noun: str) -> str:
    """Return a number and its English noun, in the plural unless the number is 1. The plural has to end with *s*."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
