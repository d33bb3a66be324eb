"""Translations of the catalogue, read from `locale/LANGUAGE/DOMAIN.po`.

A translator edits these files, and no compiled file stands beside them. English has no file, because each message id is
the English sentence.
"""

from __future__ import annotations

import gettext
from io import BytesIO
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"


def translation_file(domain: str, language: str) -> Path:
    """Return the path of the translations of a domain into a language."""
    return LOCALES / language / f"{domain}.po"


def load_translations(domain: str, language: str) -> gettext.NullTranslations:
    """Return the translations of a domain. A language without a file, or a sentence that it lacks, is English."""
    file = translation_file(domain, language)
    if not language.isalpha() or not file.exists():
        return gettext.NullTranslations()
    # Commands are English only, and importing Babel would slow each of them down.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
