"""Implement docs/rules.md R2.1 to R2.27 in plain Python: decide which account each person of a feed has.

The code follows the rules and not the SQL, so that a test can find differences. If two people of the feed carry one
email, both get a review about that, whoever has the email. If several contradictions speak against one link,
docs/rules.md leaves open which one is reviewed. Any one of them is accepted.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Membership:
    """A membership in the organization. A sync does not change a native membership that is live."""

    role: str
    is_admin: bool = False
    is_native: bool = False
    is_live: bool = True


@dataclass(frozen=True)
class Account:
    """An account of the product. `linked_to` is a Clever id of this district. `elsewhere` means any other link."""

    role: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    clever_email: str | None = None
    imported: bool = False
    is_closed: bool = False
    linked_to: str | None = None
    is_linked_elsewhere: bool = False
    is_member_elsewhere: bool = False
    is_admin_elsewhere: bool = False
    here: Membership | None = None

    @property
    def is_admin_here(self):
        return bool(self.here and self.here.is_live and self.here.is_admin)


@dataclass
class Known:
    """The accounts, open reviews and decisions that the product has before a sync."""

    accounts: dict = field(default_factory=dict)  # id: Account
    reviews: dict = field(default_factory=dict)  # (clever_id, reason): id of the account that it is about, or None
    decided: set = field(default_factory=set)  # (clever_id, reason, id or None) that somebody is not: asked no more


@dataclass(frozen=True)
class Person:
    """A person of the feed after the sync. `account` is None if it is new. `reviews` has the accepted sets of
    reasons.
    """

    account: object
    role: str  # in the organization and in its schools
    content: tuple  # role, first, last, email, clever_email, imported
    is_recycled: bool
    reviews: tuple


def who_is_who(feed, known):
    """Return a `Person` for each Clever id of `feed`, whose values are role, first name, last name, email and more."""
    meeting = _Meeting(feed, known)
    return {key: meeting.person(key) for key in feed}


class _Meeting:
    """The comparison of one feed with one product."""

    def __init__(self, feed, known):
        self.feed, self.known = feed, known
        self.own = {account.linked_to: key for key, account in known.accounts.items() if account.linked_to}
        self.holders = {account.email: key for key, account in known.accounts.items() if account.email}
        self.carriers = Counter(email for _, _, _, email, *_ in feed.values())
        self.recycled = {
            key
            for key in feed
            if _is_recycled(self._account(key), feed[key], is_asked=(key, "recycled_id") in known.reviews)
        }
        self.given = self._given()

    def person(self, key):
        role, first, last, email, *_ = self.feed[key]
        against = self._contradictions(key)
        chosen = self.own.get(key)
        if chosen is None and self._is_met(key, against):
            chosen = self._holder(key)
        was = self.known.accounts.get(chosen)
        if key in self.recycled:
            role = role if was.role == "admin" else was.role
            content = (was.first_name, was.last_name, was.email, was.clever_email, was.imported)
        else:
            content = (first, last, self._address(key, was), email, True)
        reviews = self._reviews(key, chosen, content[2], against)
        own_role = "admin" if was and was.role == "admin" else role
        return Person(chosen, role, (own_role, *content), key in self.recycled, reviews)

    def _account(self, key):
        return self.known.accounts.get(self.own.get(key))

    def _holder(self, key):
        """Return the id of the account with the person's email, unless it is the person's own."""
        email = self.feed[key][3]
        holder = self.holders.get(email) if is_address(email) else None
        return None if holder == self.own.get(key) else holder

    def _given(self):
        """Return who gets a new email that is free, or that its holder gives up in this sync."""
        asks, leaves = set(), {self.own[key] for key in self._cleared()}
        for key, (_, _, _, email, *_) in self.feed.items():
            account = self._account(key)
            is_asked = is_address(email) and self.carriers[email] == 1 and key not in self.recycled
            if is_asked and not (account and account.email == email):
                asks.add(key)
        # Who does not get the new address keeps the old one, and may stand in the way of the next.
        while refused := {
            key
            for key in asks
            if (holder := self._holder(key)) is not None
            and holder not in leaves | {self.own[one] for one in asks if one in self.own}
        }:
            asks -= refused
        return asks

    def _cleared(self):
        return {key for key in self.own.keys() & self.feed.keys() - self.recycled if self.feed[key][3] is None}

    def _address(self, key, account):
        email = self.feed[key][3]
        if key in self.given or email is None:
            return email
        return account.email if account else None

    def _is_met(self, key, against):
        """Return whether the account with the email is this person's: nothing contradicts but a teacher's name."""
        if self._holder(key) is None or key in self.given or self._is_other_person(key):
            return False
        return not against or (against == {"name_differs"} and self.feed[key][0] == "teacher")

    def _is_other_person(self, key):
        """Return whether a decision says that the person is not the account with the email."""
        return any(one == key and about == self._holder(key) for one, _, about in self.known.decided)

    def _contradictions(self, key):
        """Return the contradictions that need a review if the person is new."""
        email = self.feed[key][3]
        if key in self.recycled:
            return {"recycled_id"}
        if key in self.given or not is_address(email):
            return set()
        account, holder = self._account(key), self.known.accounts.get(self._holder(key))
        # A contradiction is told when the address comes, and not again while it stays.
        if account and (email == account.email or (email == account.clever_email and not self._is_back(key))):
            return set()
        if self.carriers[email] > 1:
            return {"email_shared"}
        if account is None:
            return _against(holder, self.feed[key]) if holder else set()
        if holder and (holder.linked_to or holder.is_linked_elsewhere):
            # Of whom another district has, it is not said to whom they belong.
            return {"already_linked"} | ({"email_shared"} if holder.is_linked_elsewhere else set())
        return {"email_shared"}

    def _is_back(self, key):
        """Return whether the account of the person was closed. The rules leave open whether that is reviewed."""
        account = self._account(key)
        return account is not None and account.is_closed

    def _reviews(self, key, chosen, address, against):
        """Return the accepted sets of open reasons of a person: those that remain, and one new reason."""
        standing = {
            reason for one, reason in self.known.reviews if one == key and self._stands(key, reason, chosen, address)
        }
        new = {reason for reason in against if not self._is_decided(key, reason)}
        told = [standing | {reason} for reason in sorted(new)]
        if new != against or not new or self._is_back(key):
            told.append(standing)
        return tuple(frozenset(one) for one in told)

    def _is_decided(self, key, reason):
        """Return whether a decision says that the person is not the account. It does not hold for a recycled id."""
        holder = self._holder(key)
        return reason != "recycled_id" and any(
            one == key and about == holder and (about is not None or said == reason)
            for one, said, about in self.known.decided
        )

    def _stands(self, key, reason, chosen, address):
        """Return whether a review stays open: it is not decided and its reason still holds."""
        if reason == "recycled_id":
            return key in self.recycled
        if (about := self.known.reviews[key, reason]) is not None and about == chosen:
            return True
        account, email = self._account(key), self.feed[key][3]
        return address != email and account is not None and account.clever_email == email


def _against(holder, person):
    """Return every contradiction between a new person and the account with the same email."""
    role, first, last, *_ = person
    speaks = {
        "already_linked": bool(holder.linked_to or holder.is_linked_elsewhere),
        # The rules say nothing about a student with the address of an admin here: that account is for no child either.
        "role_differs": holder.role not in (role, "admin") or (holder.role, role) == ("admin", "student"),
        "other_organization": holder.is_member_elsewhere or holder.is_linked_elsewhere,
        "admin_account": holder.is_admin_elsewhere or (holder.role == "admin" and not holder.is_admin_here),
        "account_closed": holder.is_closed,
        "name_differs": _names_differ(holder, first, last),
    }
    return {reason for reason, applies in speaks.items() if applies}


def _names_differ(account, first, last):
    """Return whether both names differ. A missing name differs from none."""
    return _differs(account.first_name, first) is True and _differs(account.last_name, last) is True


def _is_recycled(account, person, *, is_asked):
    """Return whether names and email of a linked person change at once, or an open review still asks that."""
    if account is None:
        return False
    _, first, last, email, *_ = person
    is_moved = None if account.clever_email is None or email is None else account.clever_email != email
    found = (_differs(account.first_name, first), _differs(account.last_name, last), is_moved)
    return all(is_asked if differs is None else differs for differs in found)


def _differs(was, now):
    """Return whether a name differs from another one, or None if one of them is missing."""
    was, now = _folded(was or ""), _folded(now or "")
    return was != now if was and now else None


def _folded(name):
    letters = unicodedata.normalize("NFD", name.strip(" ").lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def is_address(email):
    """Return whether an email has one @, no blank or stray dot, and a domain of two labels or more."""
    local, _, domain = (email or "").partition("@")
    labels = domain.split(".")
    is_local = 0 < len(local) <= 64 and all(local.split(".")) and not any(map(_is_odd, local))
    return is_local and len(email) <= 254 and len(labels) > 1 and all(map(_is_label, labels))


def _is_odd(letter):
    """Return whether a character cannot stand in an email: a control, format, blank, separator or bracket."""
    return unicodedata.category(letter) in ODD or letter in '@,;:<>()[]"\\\ufffd'


def _is_label(label):
    """Return whether a text has only letters and digits of any script, with hyphens between them."""
    letters = all(one == "-" or unicodedata.category(one)[0] in "LMN" for one in label)
    return bool(label) and letters and "-" not in (label[0], label[-1])


ODD = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"}
