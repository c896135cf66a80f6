"""What an administrator types on the host."""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Iterator
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
from toancanh.site import speech
from toancanh.site.commands import main, parser

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
        ("token", "create", "g", "--rate", "99999999999"),
        ("token", "create", ""),
        ("token", "create", "x" * 101),
        ("token", "create", "a\tb"),
        ("token", "create", "a\0b"),
        ("person", "create", "x" * 61),
        ("person", "create", " "),
        ("person", "create", "a", "--name", "x" * 101),
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


@pytest.mark.slow
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
    assert (code, lines[0]) == (1, f"2: mục {entry} đã bị sửa")


@pytest.mark.parametrize("words", [[], ["nonsense"], ["token"], ["token", "create"], ["run", "now"]])
def test_wrong_words_are_told_with_how_it_is_used(capsys: Out, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "cách dùng: toancanh" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "vi"),
        ({"LANG": "C.UTF-8"}, "vi"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "vi_VN.UTF-8", "TOANCANH_LANGUAGE": "en"}, "en"),
        ({"LC_ALL": "en_GB.UTF-8", "TOANCANH_LANGUAGE": "vi"}, "vi"),
    ],
)
def test_language_is_the_first_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name in speech.ASKED:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert speech.language() == expected


def parsers(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and those of all its commands."""
    yield of
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from parsers(inner)


ENGLISH = re.compile(r"\b(the|of|and|show|usage|options|arguments|make|unless|readings?)\b")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_help_of_every_command_is_all_in_one_language(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("TOANCANH_LANGUAGE", language)
    told = [one.format_help() for one in parsers(parser())]
    assert len(told) > 15
    for text in told:
        words = re.sub(r"(?m)^(cách dùng|usage): .*?\n\n", "", text, flags=re.DOTALL)
        assert bool(ENGLISH.search(words)) == (language == "en"), text


@pytest.mark.slow
def test_installed_program_says_what_it_can_do() -> None:
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert [w for w in ("cách dùng", "run", "token", "person", "pack") if w not in done.stdout] == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_simulator_speaks_like_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: Out, language: str
) -> None:
    monkeypatch.setenv("TOANCANH_LANGUAGE", language)
    assert main(["simulate", "--help"]) == 0
    told = capsys.readouterr().out
    assert bool(ENGLISH.search(told)) == (language == "en"), told


def told(folder: Path, *words: str, **variables: str) -> tuple[int, str]:
    """Exit code and stderr of the real program in that folder."""
    program = Program(folder, variables=variables)
    done = subprocess.run(
        [PROGRAM, *words],
        env=program.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("language", ["vi", "en"])
def test_command_before_the_store_is_there_says_what_to_do(tmp_path: Path, language: str) -> None:
    folder = tmp_path / "mistyped"
    code, said = told(folder, "token", "list", TOANCANH_LANGUAGE=language)
    assert (code, "toancanh migrate" in said, folder.exists()) == (1, True, False)
    assert ("There is no store" in said) == (language == "en")


@pytest.mark.slow
def test_data_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "below"):
        for words in (("migrate",), ("token", "list")):
            code, said = told(folder, *words)
            assert (code, len(said.strip().splitlines())) == (1, 1)


@pytest.mark.slow
def test_address_with_an_impossible_port_is_told(tmp_path: Path) -> None:
    code, said = told(tmp_path, "migrate", DATABASE_URL="postgresql://u@localhost:99999/city")
    assert (code, "DATABASE_URL" in said) == (1, True)


@pytest.mark.slow
def test_server_that_is_away_is_not_told_to_migrate(tmp_path: Path) -> None:
    code, said = told(tmp_path, "token", "list", DATABASE_URL="postgresql://u@127.0.0.1:1/city")
    assert (code, "toancanh migrate" in said, "DATABASE_URL" in said) == (1, False, True)


@pytest.mark.slow
def test_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "city.db").write_bytes(b"no database at all, only text" * 100)
    for words in (("token", "list"), ("migrate",)):
        code, said = told(tmp_path, *words)
        assert (code, "city.db" in said) == (1, True)


@pytest.mark.slow
def test_store_of_no_version_is_told_to_migrate(tmp_path: Path) -> None:
    (tmp_path / "city.db").write_bytes(b"")
    code, said = told(tmp_path, "token", "list")
    assert (code, "toancanh migrate" in said) == (1, True)
