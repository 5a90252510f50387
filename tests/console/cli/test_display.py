"""Looks: plain in a pipe, drawn on a terminal, and the same facts in both."""

from __future__ import annotations

from tests.console.cli.place import Place

ESCAPE = "\x1b["
LONG = "Declines of applicants who were second holders of an account doubled " * 4


def test_a_pipe_gets_plain_whole_lines(bank: Place) -> None:
    """If this fails, `quaestor ... | grep` misses what was cut off or coloured."""
    title = LONG.strip()
    opened = bank.run("incident", "open", title, "--severity", "high")
    assert opened.code == 0, opened.err
    ran = bank.program("incident", "list")
    assert ESCAPE not in ran.out
    heading, line = ran.out.splitlines()
    assert title in line
    assert "▲ high" in line
    assert line.index("inc-1") == heading.index("INCIDENT")


def test_a_terminal_gets_colour(bank: Place) -> None:
    """If this fails, a stopped model looks like any other on a screen."""
    with bank.terminal("switch", "list") as terminal:
        assert terminal.end() == 0
    assert ESCAPE in terminal.shown
    assert "● on" in terminal.shown


def test_no_color_is_heeded(bank: Place) -> None:
    """If this fails, NO_COLOR does not keep colours away (https://no-color.org)."""
    with bank.terminal("switch", "list", NO_COLOR="1") as terminal:
        assert terminal.end() == 0
    assert "● on" in terminal.shown
    # Weight is no colour; whatever else stands in an escape sequence would be one.
    for sequence in terminal.shown.split(ESCAPE)[1:]:
        assert sequence.partition("m")[0] in {"0", "1"}


def test_an_error_heeds_no_color_too(bank: Place) -> None:
    """If this fails, errors are coloured for those who asked for no colour."""
    with bank.terminal("model", "show", "nosuch", NO_COLOR="1") as plain:
        assert plain.end() == 3
    with bank.terminal("model", "show", "nosuch") as coloured:
        assert coloured.end() == 3
    assert ESCAPE not in plain.shown
    assert f"{ESCAPE}31;1merror:" in coloured.shown


def test_a_dumb_terminal_gets_plain_text(bank: Place) -> None:
    """If this fails, editors and old terminals show escape sequences between the words."""
    with bank.terminal("switch", "list", TERM="dumb") as terminal:
        assert terminal.end() == 0
    assert ESCAPE not in terminal.shown
    assert "● on" in terminal.shown


def test_times_are_local_on_screens_and_utc_in_json(bank: Place) -> None:
    """If this fails, people misread when something happened, or scripts depend on their zone."""
    arguments = ["ledger", "log", "--last", "1"]
    (entry,) = bank.run(*arguments, "--json").json
    assert entry["time"].endswith("Z")
    ahead = bank.program(*arguments, TZ="UTC-9").out
    utc = bank.program(*arguments, TZ="UTC").out
    hour = int(entry["time"][11:13])
    assert f" {hour:02}:{entry['time'][14:19]} " in utc
    assert f" {(hour + 9) % 24:02}:{entry['time'][14:19]} " in ahead
    assert bank.program(*arguments, "--json", TZ="UTC-9").json == [entry]


def test_a_title_cannot_steer_the_terminal(bank: Place) -> None:
    """If this fails, whoever names a model can hide entries on an auditor's screen."""
    bank.run("model", "card", "credit-scorer", "--set", "purpose=harmless\x1b[2J\u202etxet")
    ran = bank.run("model", "card", "credit-scorer")
    assert "harmless[U+001B][2J[U+202E]txet" in ran.out
    assert "\x1b" not in ran.out
    assert (
        bank.run("model", "card", "credit-scorer", "--json")
        .json["purpose"]
        .startswith("harmless\x1b")
    )


def test_an_empty_list_says_what_to_do_and_is_still_json(place: Place) -> None:
    """If this fails, a script reads prose where it expects a list, or a person reads nothing."""
    plain = place.run("model", "list")
    assert (plain.code, plain.out) == (0, "")
    assert "quaestor model register" in plain.err
    assert place.run("model", "list", "--json") == type(plain)(0, "[]\n", "")
