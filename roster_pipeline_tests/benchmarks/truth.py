"""Generate people whose own account is known. `mistakes` changes their records.

The names are those of the sandbox. They belong to no real person.
"""

import unicodedata
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random

from roster_pipeline.sandbox.data.names import ascii_letters, draw_name

TEACHERS_IN_100 = 10
BLANKS = " \t\r\n"


@dataclass(frozen=True)
class Record:
    """A record of Clever, or an account. Only an account can be closed or belong to another organization."""

    role: str
    first: str
    last: str
    email: str | None
    is_closed: bool = False
    is_elsewhere: bool = False


@dataclass(frozen=True)
class Someone:
    """One person of the feed with the true identity.

    Attributes:
        own: the account that is really theirs.
        strangers: the account at their address that is really of somebody who is not in the feed.
    """

    clever: Record
    own: Record | None = None
    strangers: Record | None = None

    @property
    def is_in_reach(self) -> bool:
        """Return whether the own account has the person's email, and no role, organization or name contradicts.

        The function does not check whether another person of the feed has the same address.
        """
        own, clever = self.own, self.clever
        return (
            own is not None
            and clever.email is not None
            and own.email == clever.email.strip(BLANKS)
            and own.role == clever.role
            and not (own.is_closed or own.is_elsewhere)
            and (clever.role == "teacher" or a_name_agrees(own, clever))
        )


def a_name_agrees(one: Record, other: Record) -> bool:
    return plain(one.first) == plain(other.first) or plain(one.last) == plain(other.last)


def plain(name: str) -> str:
    """Return a text without case and accents."""
    decomposed = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@dataclass
class Town:
    """Draw people without mistakes, each with an email that no other one has."""

    rng: Random
    numbers: count = field(default_factory=count)

    def record(self, **known: str) -> Record:
        name = draw_name(self.rng)
        role = "teacher" if self.rng.randrange(100) < TEACHERS_IN_100 else "student"
        return self.with_address(replace(Record(role, name["first"], name["last"], None), **known))

    def with_address(self, record: Record) -> Record:
        letters = f"{ascii_letters(record.first)[:1]}{ascii_letters(record.last)}"
        return replace(record, email=f"{letters}{next(self.numbers)}@valley.example.org")

    def stranger(self, to: Record) -> Record:
        """Return a person of the same role whose names all differ."""
        while a_name_agrees(other := self.record(role=to.role), to):
            pass
        return other

    def twin(self, of: Record) -> Record:
        """Return a person of the same role and last name with another first name."""
        while plain((other := self.record(role=of.role, last=of.last)).first) == plain(of.first):
            pass
        return other

    def mistyped(self, record: Record) -> Record:
        """Return the email with one letter doubled or left out. Its number stays, so nobody else has it."""
        at = self.rng.choice([at for at, letter in enumerate(record.email) if letter.isalpha()])
        instead = self.rng.choice(("", record.email[at] * 2))
        return replace(record, email=record.email[:at] + instead + record.email[at + 1 :])
