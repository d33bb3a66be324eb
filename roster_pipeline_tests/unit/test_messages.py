"""The catalogue: sentences, plurals, lists and times, and the files that a translator gets."""

from __future__ import annotations

from datetime import UTC, datetime
from string import Formatter

import pytest

from roster_pipeline.messages import operator, product
from roster_pipeline.messages.times import is_time_zone
from roster_pipeline_tests.support.message_catalogue import (
    collect_messages,
    messages_in_template,
    read_messages,
    read_translations,
    sentences_outside,
)

NIGHT = datetime(2026, 11, 28, 1, 18, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 16, 5, tzinfo=UTC)


def test_values_are_filled_in_after_translation():
    assert operator.text("Plan {plan} was already approved.", plan="{x}") == "Plan {x} was already approved."


@pytest.mark.parametrize(("n", "words"), [(0, "0 classes"), (1, "1 class"), (1_004, "1,004 classes")])
def test_a_count_takes_the_right_plural(n, words):
    assert product("en").count("{n:,} class", "{n:,} classes", n) == words


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_ends_with_and(words, text):
    assert operator.join(words) == text


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        (NIGHT, "America/New_York", "Nov 27, 8:18 PM ET"),
        (SUMMER, "America/New_York", "Jul 1, 12:05 PM ET"),
        (SUMMER, "America/Los_Angeles", "Jul 1, 9:05 AM PT"),
        (SUMMER, "America/Phoenix", "Jul 1, 9:05 AM MST"),
        (NIGHT, "UTC", "Nov 28, 1:18 AM UTC"),
    ],
)
def test_a_time_is_shown_in_the_time_zone(moment, zone, text):
    assert operator.time(moment, zone, NIGHT) == text


def test_a_time_of_another_year_says_the_year():
    earlier = datetime(2025, 3, 4, 12, 0, tzinfo=UTC)

    assert operator.time(earlier, "America/Chicago", NIGHT) == "Mar 4, 2025, 6:00 AM CT"


def test_an_unknown_language_falls_back_to_english():
    assert product("xx").text("Class") == "Class"


@pytest.mark.parametrize(("name", "is_known"), [("America/Chicago", True), ("Chicago", False), ("../x", False)])
def test_a_time_zone_is_known_by_its_iana_name(name, is_known):
    assert is_time_zone(name) is is_known


@pytest.mark.parametrize("domain", ["operator", "product"])
def test_the_file_for_translators_is_complete(domain):
    assert read_messages(domain) == collect_messages(domain), "run make messages"


def test_every_sentence_of_the_page_has_a_spanish_translation():
    translations = {entry.id: entry for entry in read_translations("product", "es") if entry.id}

    assert set(translations) == collect_messages("product"), "run make messages"
    assert [id_ for id_, entry in translations.items() if entry.fuzzy or not _texts(entry.string)] == []


def test_a_translation_has_the_fields_of_its_sentence():
    entries = [entry for entry in read_translations("product", "es") if entry.id]

    assert [entry.id for entry in entries if _fields(entry.string) != _fields(entry.id)] == []


def _texts(text):
    return text if isinstance(text, str) else all(text)


def _fields(texts):
    """Return the replacement fields that the forms of a sentence have. Spanish has more plural forms than English."""
    forms = [texts] if isinstance(texts, str) else texts
    return {frozenset(name for _, name, *_ in Formatter().parse(form) if name) for form in forms}


def test_sentences_of_templates_are_collected():
    template = """{% if n %}<p title="{{ words.text('A title') }}">{{ words.count("{n} class", "{n} classes", n) }}</p>
    {% endif %}{{ words.text(title) }}{{ other.text("not ours") }}{{ words.text("Hello {name}", name=name) }}"""

    messages = {message for _, message in messages_in_template(template, "x.html")}

    assert messages == {"A title", ("{n} class", "{n} classes"), "Hello {name}"}
    assert "Log in with Clever" in collect_messages("product")


def test_a_computed_sentence_of_a_template_is_refused():
    with pytest.raises(ValueError, match=r"x\.html:1: a sentence must be a literal"):
        list(messages_in_template('{{ words.text("Hello " ~ name) }}', "x.html"))


@pytest.mark.parametrize("room", ["cli", "explain"])
def test_no_sentence_bypasses_the_catalogue(room):
    assert sentences_outside(room) == []
