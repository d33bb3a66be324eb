"""Foreign text on a terminal is shown and never interpreted."""

import json

import pytest

from roster_pipeline.cli.screen import complain, plain, say, show_json, show_table, visible
from roster_pipeline_tests.support.hostile_terminal import HOSTILE

SEEN = (
    "\\u001b]0;t\\u0007\\u001b[2J\\u000a"
    "OK\\u000d\\u0009\\u009b1m\\u2028\\u202e\\u2066\\u0000\\U000e0041[red]x[/red][link=a]y[/]"
)


def as_title():
    show_table(HOSTILE, ["column"], [["cell"]])


def as_cell():
    show_table(None, ["column"], [[HOSTILE]])


def as_line_of_a_cell():
    show_table(None, ["column"], [[["first", HOSTILE]]])


@pytest.mark.parametrize(
    "shown",
    [
        lambda: say(HOSTILE),
        lambda: say("first", HOSTILE),
        lambda: complain(HOSTILE),
        as_title,
        as_cell,
        as_line_of_a_cell,
    ],
    ids=["say", "lines", "complain", "title", "cell", "line of a cell"],
)
def test_hidden_characters_are_shown_as_code_points(shown, capsys, monkeypatch):
    monkeypatch.setattr("roster_pipeline.cli.screen.out.width", 200)

    shown()

    said = "".join(capsys.readouterr())
    assert SEEN in said.replace("\n", "")  # a title is folded to the width of its table
    assert {sign for sign in said if not sign.isprintable()} == {"\n"}


def test_lines_of_ours_stay_lines_and_those_of_others_do_not():
    assert plain(["one", "two\nthree"]).plain == "one\ntwo\\u000athree"


@pytest.mark.parametrize("text", ["", "José 日本 Ng", "O\u2019Brien-Smith", "e\u0301", "\U0001f600"])
def test_text_that_hides_nothing_stays_as_it_is(text):
    assert visible(text) == text


def test_json_keeps_every_character_and_is_ascii(capsys):
    show_json({"name": HOSTILE})

    said = capsys.readouterr().out
    assert json.loads(said) == {"name": HOSTILE}
    assert {sign for sign in said if not sign.isprintable()} == {"\n"}
    assert said.isascii()
