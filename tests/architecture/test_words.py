"""Every text for people has its Vietnamese: what code and templates say is in the catalogue, translated."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2] / "toancanh"
CATALOGUE = ROOT / "locale" / "vi" / "LC_MESSAGES" / "django.po"
NAMES = {"_", "gettext", "gettext_lazy", "gettext_noop", "pgettext"}
PLURALS = {"ngettext", "ngettext_lazy"}
HOLES = re.compile(r"%\((\w+)\)[sd]")
LETTERS = re.compile(r"[ăâđêôơưĂÂĐÊÔƠƯàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]")


def texts_of_code(path: Path) -> Iterator[str]:
    """Texts that gettext is asked for in a module, also inside f-strings."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            wanted = node.args[:1] if name in NAMES else node.args[:2] if name in PLURALS else []
            for given in wanted[-1:] if name == "pgettext" else wanted:
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    yield given.value


def texts_of_template(path: Path) -> Iterator[str]:
    """Texts of translate, blocktranslate and _() in a template."""
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r'{%-?\s*translate\s+(?:"([^"]+)"|\'([^\']+)\')', text):
        yield found[1] or found[2]
    for found in re.finditer(r'_\((?:"([^"]+)"|\'([^\']+)\')\)', text):
        yield found[1] or found[2]
    block = re.compile(r"{%-?\s*blocktranslate([^%]*)%}(.*?){%-?\s*endblocktranslate\s*%}", re.DOTALL)
    for found in block.finditer(text):
        for part in re.split(r"{%\s*plural\s*%}", found[2]):
            whole = (
                " ".join(line.strip() for line in part.strip().splitlines())
                if "trimmed" in found[1]
                else part
            )
            yield re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", whole)


def asked() -> dict[str, str]:
    """Every text asked for, and one file that asks for it."""
    found: dict[str, str] = {}
    for path in sorted(ROOT.rglob("*")):
        if "tests" in path.parts or "static" in path.parts or "migrations" in path.parts:
            continue
        if path.suffix == ".py":
            found |= {text: str(path.relative_to(ROOT)) for text in texts_of_code(path)}
        elif path.suffix == ".html":
            found |= {text: str(path.relative_to(ROOT)) for text in texts_of_template(path)}
    return found


def entries() -> dict[str, polib.POEntry]:
    """The catalogue by text, plural forms too."""
    found = {}
    for entry in polib.pofile(str(CATALOGUE)):
        found[entry.msgid] = entry
        if entry.msgid_plural:
            found[entry.msgid_plural] = entry
    return found


@pytest.mark.slow
def test_every_text_for_people_has_its_vietnamese() -> None:
    known = entries()
    everything = asked()
    assert len(everything) > 80
    # What Django itself brings in Vietnamese (names of languages) needs no entry of ours.
    import django

    bundled = gettext.translation("django", Path(django.__file__).parent / "conf" / "locale", ["vi"])
    absent = {t: f for t, f in everything.items() if t not in known and bundled.gettext(t) == t}
    assert absent == {}, "run `make messages` and translate"


@pytest.mark.slow
def test_no_text_of_the_catalogue_is_empty_or_uncertain() -> None:
    bad = [entry.msgid for entry in polib.pofile(str(CATALOGUE)) if not entry.translated() or entry.fuzzy]
    assert bad == []


@pytest.mark.slow
def test_every_translation_keeps_the_holes_of_its_text() -> None:
    for entry in polib.pofile(str(CATALOGUE)):
        said = entry.msgstr or "".join(entry.msgstr_plural.values())
        holes = set(HOLES.findall(entry.msgid)) | set(HOLES.findall(entry.msgid_plural))
        assert set(HOLES.findall(said)) == holes, entry.msgid


@pytest.mark.slow
def test_every_translation_is_vietnamese_in_one_normal_form() -> None:
    import unicodedata

    for entry in polib.pofile(str(CATALOGUE)):
        said = entry.msgstr or "".join(entry.msgstr_plural.values())
        assert unicodedata.normalize("NFC", said) == said, entry.msgid
        assert said[:1].isspace() == entry.msgid[:1].isspace()
        assert said[-1:].isspace() == entry.msgid[-1:].isspace()


@pytest.mark.slow
def test_texts_in_code_are_english() -> None:
    vietnamese = {
        text: file for text, file in asked().items() if LETTERS.search(re.sub(r"BĐ\d|Việt Nam", "", text))
    }
    assert vietnamese == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('x = _("a")', ["a"]),
        ("x = f\"{_('a')} b\"", ["a"]),
        ('x = ngettext("a", "b", n)', ["a", "b"]),
        ("x = _(name)", []),
    ],
)
def test_scan_finds_texts_in_code(tmp_path: Path, source: str, found: list[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(source)
    assert list(texts_of_code(path)) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('{% translate "a b" %}', ["a b"]),
        ('{% include "x" with title=_("a") text=_("b") %}', ["a", "b"]),
        ("{% blocktranslate with n=x trimmed %}\n  {{ n }} c\n  d\n{% endblocktranslate %}", ["%(n)s c d"]),
        (
            "{% blocktranslate count n=x %}{{ n }} one{% plural %}{{ n }} more{% endblocktranslate %}",
            ["%(n)s one", "%(n)s more"],
        ),
    ],
)
def test_scan_finds_texts_in_templates(tmp_path: Path, source: str, found: list[str]) -> None:
    path = tmp_path / "page.html"
    path.write_text(source)
    assert list(texts_of_template(path)) == found
