"""The languages of the page, and the one that a browser prefers."""

LANGUAGES = {"en": "English", "es": "Español"}


def preferred_language(accepted: str) -> str:
    """Return the language of the page for a header `Accept-Language`."""
    wanted = (part.split(";")[0].strip().lower()[:2] for part in accepted.split(",")[:20])
    return next((language for language in wanted if language in LANGUAGES), "en")
