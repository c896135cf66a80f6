"""What an administrator types on the host."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.city import City
from tests.running import PROGRAM, Program
from toancanh.kernel.journal import sealer
from toancanh.kernel.journal.models import Entry, Link
from toancanh.kernel.people import access
from toancanh.kernel.people.actions import ADMINISTRATOR
from toancanh.kernel.people.models import Person, Token
from toancanh.kernel.runtime import ids
from toancanh.site.commands import main

Out = pytest.CaptureFixture[str]


def said(capsys: Out, *words: str) -> tuple[int, list[str], str]:
    """Exit code, lines of output, and what went to stderr."""
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err


def test_token_stands_alone_on_the_last_line(city: City, capsys: Out) -> None:
    code, lines, _ = said(capsys, "token", "create", "gateway")
    assert code == 0
    token = Token.objects.get(name="gateway")
    assert token.digest == ids.digest(lines[-1])
    assert (token.things, token.rate) == (None, None)


def test_token_is_narrowed_to_things_and_rate(city: City, capsys: Out) -> None:
    code, _, _ = said(capsys, "token", "create", "g", "--thing", "gauge", "--thing", "rain", "--rate", "9")
    token = Token.objects.get()
    assert (code, token.things, token.rate) == (0, ["gauge", "rain"], 9)


@pytest.mark.parametrize(
    "words",
    [
        ("token", "create", "g", "--thing", "nobody"),
        ("token", "create", "g", "--rate", "0"),
        ("token", "revoke", "nobody"),
        ("pack", "load", "/nowhere"),
        ("person", "create", "a", "--password", "short"),
    ],
)
def test_refusal_is_one_sentence_and_exit_code_1(city: City, capsys: Out, words: tuple[str, ...]) -> None:
    before = Token.objects.count(), Person.objects.count()
    code, lines, told = said(capsys, *words)
    assert (code, lines) == (1, [])
    assert len(told.strip().splitlines()) == 1
    assert "Traceback" not in told
    assert (Token.objects.count(), Person.objects.count()) == before


def test_revoked_token_is_gone_from_the_list(city: City, capsys: Out) -> None:
    said(capsys, "token", "create", "one")
    said(capsys, "token", "create", "two")
    assert said(capsys, "token", "revoke", "one")[0] == 0
    assert [line.split("\t")[0] for line in said(capsys, "token", "list")[1]] == ["two"]
    assert said(capsys, "token", "revoke", "one")[0] == 1


def test_first_administrator_may_everything_everywhere(db: None, capsys: Out) -> None:
    code, lines, _ = said(capsys, "person", "create")
    made = Person.objects.get(username="admin")
    assert code == 0
    assert made.check_password(lines[-1])
    actor = access.actor(made)
    assert {right for right in ADMINISTRATOR if actor.paths(right) == ("",)} == set(ADMINISTRATOR)


def test_password_given_is_not_printed(db: None, capsys: Out) -> None:
    password = "một mật khẩu thật dài"
    _, lines, told = said(capsys, "person", "create", "binh", "--name", "Bình", "--password", password)
    assert Person.objects.get(username="binh").check_password(password)
    assert password not in "".join(lines) + told


def test_journal_is_verified_and_faults_are_told(city: City, capsys: Out) -> None:
    sealer.seal()
    assert said(capsys, "journal", "verify")[0] == 0
    entry = Link.objects.get(number=2).entry_id
    Entry.objects.filter(pk=entry).update(subject="thing:other")
    code, lines, _ = said(capsys, "journal", "verify")
    assert (code, lines[0]) == (1, f"2: entry {entry} was changed")


@pytest.mark.parametrize("words", [[], ["nonsense"], ["token"], ["token", "create"], ["run", "now"]])
def test_wrong_words_are_told_with_how_it_is_used(capsys: Out, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: toancanh" in capsys.readouterr().err


def test_installed_program_says_what_it_can_do() -> None:
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert [w for w in ("run", "token", "person", "pack", "simulate") if w not in done.stdout] == []


def test_command_before_the_store_is_there_says_what_to_do(tmp_path: Path) -> None:
    program = Program(tmp_path)
    done = subprocess.run(
        [PROGRAM, "token", "list"],
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "toancanh migrate" in done.stderr
    assert "Traceback" not in done.stderr
