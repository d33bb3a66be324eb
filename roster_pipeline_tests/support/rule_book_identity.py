"""Who is who, once more, in plain Python: docs/rules.md R2.1 to R2.27, over accounts that anybody may have made.

Written from the rules and not from the SQL, so that the two can disagree. An address that two people of the feed carry
is told as that, whoever has it: only Clever can put it right. Where several other contradictions speak against one
link, docs/rules.md does not say which is told: any of them may be, but one.
"""

import unicodedata
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Membership:
    """Somebody's row in the organization, of which a sync changes nothing while it is native and lives."""

    role: str
    is_admin: bool = False
    is_native: bool = False
    is_live: bool = True


@dataclass(frozen=True)
class Account:
    """An account as the product has it. `linked_to` is a Clever id of this district; elsewhere is any other."""

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
    """What the product has of people before a sync: every account, and what a person is asked or has decided."""

    accounts: dict = field(default_factory=dict)  # id: Account
    reviews: dict = field(default_factory=dict)  # (clever_id, reason): id of the account that it is about, or None
    decided: set = field(default_factory=set)  # (clever_id, reason, id or None) that somebody is not: asked no more


@dataclass(frozen=True)
class Person:
    """Somebody of the feed after the sync. `account` None: a new one. `reviews`: open reasons, any one set of these."""

    account: object
    role: str  # in the organization and in its schools
    content: tuple  # role, first, last, email, clever_email, imported
    is_recycled: bool
    reviews: tuple


def who_is_who(feed, known):
    """Clever id to `Person`, for everyone in `feed`: Clever id to (role, first, last, email, ...)."""
    meeting = _Meeting(feed, known)
    return {key: meeting.person(key) for key in feed}


class _Meeting:
    """One feed and one product, side by side."""

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
        """The id of the account that has the person's address, if it is not their own."""
        email = self.feed[key][3]
        holder = self.holders.get(email) if is_address(email) else None
        return None if holder == self.own.get(key) else holder

    def _given(self):
        """Who gets a new address that is free, or that its holder leaves in this sync for another one or for none."""
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
        """The account that has the address is this person's: nothing contradicts, or but a teacher's name."""
        if self._holder(key) is None or key in self.given:
            return False
        return not against or (against == {"name_differs"} and self.feed[key][0] == "teacher")

    def _contradictions(self, key):
        """What is to be told of a person, if anything is new."""
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
        """Somebody whose account was closed is told of anew, or not: docs/rules.md does not say."""
        account = self._account(key)
        return account is not None and account.is_closed

    def _reviews(self, key, chosen, address, against):
        """The sets of open reasons that this person may have: those that stand, and one that is new."""
        standing = {
            reason for one, reason in self.known.reviews if one == key and self._stands(key, reason, chosen, address)
        }
        new = {reason for reason in against if not self._is_decided(key, reason)}
        told = [standing | {reason} for reason in sorted(new)]
        if new != against or not new or self._is_back(key):
            told.append(standing)
        return tuple(frozenset(one) for one in told)

    def _is_decided(self, key, reason):
        """Somebody has said that this person is not that account, whatever the reason was; an id can pass on again."""
        holder = self._holder(key)
        return reason != "recycled_id" and any(
            one == key and about == holder and (about is not None or said == reason)
            for one, said, about in self.known.decided
        )

    def _stands(self, key, reason, chosen, address):
        """Nobody has decided, and what was said of the person is still so."""
        if reason == "recycled_id":
            return key in self.recycled
        if (about := self.known.reviews[key, reason]) is not None and about == chosen:
            return True
        account, email = self._account(key), self.feed[key][3]
        return address != email and account is not None and account.clever_email == email


def _against(holder, person):
    """Every contradiction between somebody new and the account that has their address."""
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
    """Both names differ; one that is missing on either side is not a different one."""
    return _differs(account.first_name, first) is True and _differs(account.last_name, last) is True


def _is_recycled(account, person, *, is_asked):
    """First name, last name and email of a linked person all change at once; asked, until one of them agrees again."""
    if account is None:
        return False
    _, first, last, email, *_ = person
    is_moved = None if account.clever_email is None or email is None else account.clever_email != email
    found = (_differs(account.first_name, first), _differs(account.last_name, last), is_moved)
    return all(is_asked if differs is None else differs for differs in found)


def _differs(was, now):
    """Whether a name is another one; None where one of the two is missing."""
    was, now = _folded(was or ""), _folded(now or "")
    return was != now if was and now else None


def _folded(name):
    letters = unicodedata.normalize("NFD", name.strip(" ").lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def is_address(email):
    """One @, nothing blank or invisible before it, no stray dot, and behind it two labels or more."""
    local, _, domain = (email or "").partition("@")
    labels = domain.split(".")
    is_local = 0 < len(local) <= 64 and all(local.split(".")) and not any(map(_is_odd, local))
    return is_local and len(email) <= 254 and len(labels) > 1 and all(map(_is_label, labels))


def _is_odd(letter):
    """What no mailbox at a school has: controls, formats, blanks, and what separates or encloses addresses."""
    return unicodedata.category(letter) in ODD or letter in '@,;:<>()[]"\\\ufffd'


def _is_label(label):
    """Letters and digits of any script, and between them hyphens."""
    letters = all(one == "-" or unicodedata.category(one)[0] in "LMN" for one in label)
    return bool(label) and letters and "-" not in (label[0], label[-1])


ODD = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"}
