"""Text that others wrote, where it becomes a label: a tag, a title, a line, a file name, a value of metadata."""

LONGEST_LABEL = 100
"""Characters. PostgreSQL's index of tags takes 2,704 bytes, and a character takes at most four."""
LONGEST_LINE = 2_000
"""Characters of a message that holds text of others."""


def label(text: str, most: int = LONGEST_LABEL) -> str:
    """Return foreign text as one line without control characters, cut to a length that every store takes.

    Args:
        most: how many characters it has at most; where it is cut, the last of them is `…`.
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
