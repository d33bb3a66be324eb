"""Sentences of one domain in one language: translate first, then fill in the values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache

from roster_pipeline.messages.times import local_time
from roster_pipeline.messages.translations import load_translations

Plural = tuple[str, str]
"""The message ids of one and of several; each names its number `{n}` or `{n:,}`."""


class Marks:
    """Marks for sentences that stand in a table of the module and are translated where they are used.

    `make messages` collects what is marked.
    """

    @staticmethod
    def mark(message: str) -> str:
        """Return the message id unchanged, for `Catalogue.text`."""
        return message

    @staticmethod
    def plural(one: str, many: str) -> Plural:
        """Return the two message ids unchanged, for `Catalogue.count`."""
        return one, many


class Catalogue(Marks):
    """The sentences of one domain in one language.

    A sentence that the language does not have is given in English.
    """

    def __init__(self, domain: str, language: str) -> None:
        self.language = language
        self._translations = load_translations(domain, language)

    def text(self, message: str, /, **values: object) -> str:
        """Translate a sentence and fill in its values.

        Args:
            message: the English sentence, with a replacement field such as `{plan}` for each value.
        """
        sentence = self._translations.gettext(message)
        return sentence.format(**values) if values else sentence

    def count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """Translate a sentence about `n` things in the plural form that the language has for this number.

        Args:
            one: the English sentence for 1.
            many: the English sentence for every other number.
            n: the number, which both sentences name `{n}` or `{n:,}`.
        """
        return self._translations.ngettext(one, many, n).format(n=n, **values)

    def join(self, words: Sequence[str]) -> str:
        """Return a list in words: `a`, `a and b`, `a, b and c`; empty if there are none."""
        *most, last = words or ("",)
        return self.text(LAST_OF_LIST, most=", ".join(most), last=last) if most else last

    def time(self, moment: datetime, zone: str, now: datetime) -> str:
        """Return a time as people of a time zone read it, such as `Nov 27, 8:18 PM ET`.

        Args:
            zone: the IANA name of the time zone.
            now: the current time. The year is given only if it is another one than that of `now`.
        """
        local = local_time(moment, zone)
        year = local.year if local.year != local_time(now, zone).year else None
        form = DATE_AND_TIME if year is None else DATE_WITH_YEAR_AND_TIME
        return self.text(
            form, date=self._date(local.moment), year=year, clock=self._clock(local.moment), zone=local.zone
        )

    def local(self, zone: str, now: datetime) -> LocalCatalogue:
        """Return the same sentences with `at`, which gives a time in this time zone."""
        return LocalCatalogue(self, zone, now)

    def _date(self, moment: date) -> str:
        return self.text(DATE, month=self.text(MONTHS[moment.month - 1]), day=moment.day)

    def _clock(self, moment: datetime) -> str:
        form = BEFORE_NOON if moment.hour < 12 else AFTER_NOON
        return self.text(form, hour=moment.hour % 12 or 12, hour_of_day=moment.hour, minute=moment.minute)


class LocalCatalogue(Catalogue):
    """The sentences of a catalogue for readers in one time zone."""

    def __init__(self, catalogue: Catalogue, zone: str, now: datetime) -> None:
        self.language, self._translations = catalogue.language, catalogue._translations
        self._zone, self._now = zone, now

    def at(self, moment: datetime) -> str:
        """Return a time as the readers say it."""
        return self.time(moment, self._zone, self._now)

    def day(self, day: date) -> str:
        """Return a day as the readers say it, such as `Nov 27`."""
        return self._date(day)


class Domain(Marks):
    """One part of the catalogue, which gives its sentences in a language."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, language: str = "en") -> Catalogue:
        """Return the sentences of this domain in a language."""
        return _catalogue(self.name, language)


@cache
def _catalogue(domain: str, language: str) -> Catalogue:
    return Catalogue(domain, language)


both = Marks()
"""Marks for sentences that every domain needs."""
LAST_OF_LIST = both.mark("{most} and {last}")
DATE = both.mark("{month} {day}")
DATE_AND_TIME = both.mark("{date}, {clock} {zone}")
DATE_WITH_YEAR_AND_TIME = both.mark("{date}, {year}, {clock} {zone}")
BEFORE_NOON = both.mark("{hour}:{minute:02} AM")
AFTER_NOON = both.mark("{hour}:{minute:02} PM")
MONTHS = (
    both.mark("Jan"),
    both.mark("Feb"),
    both.mark("Mar"),
    both.mark("Apr"),
    both.mark("May"),
    both.mark("Jun"),
    both.mark("Jul"),
    both.mark("Aug"),
    both.mark("Sep"),
    both.mark("Oct"),
    both.mark("Nov"),
    both.mark("Dec"),
)
