"""``$filter`` and ``$orderby`` of OGC 18-088 as trees, read by recursive descent within bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, NoReturn

from django.utils.translation import gettext as _

from toancanh.kernel.exchange.sensorthings import literals, shapes
from toancanh.lib.errors import Refused

LONGEST = 8_000
DEEPEST = 40
MOST = 1_000
"""Characters, levels and tokens of one expression."""


class Malformed(Refused):
    """A query option that the standard does not know in this form."""

    code = "bad_option"


@dataclass(frozen=True)
class Literal:
    """A value that stands in the expression."""

    value: Any
    text: str = ""


@dataclass(frozen=True)
class Path:
    """A property, behind any number of links: ``Thing/properties/river``."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A function, or an operator by its word: ``eq``, ``and``, ``not``, ``add``, ``neg``."""

    name: str
    given: tuple[Expression, ...]


Expression = Literal | Path | Call

COMPARISONS: Final = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
FUNCTIONS: Final[dict[str, tuple[int, ...]]] = {
    "substringof": (2,),
    "startswith": (2,),
    "endswith": (2,),
    "length": (1,),
    "indexof": (2,),
    "substring": (2, 3),
    "tolower": (1,),
    "toupper": (1,),
    "trim": (1,),
    "concat": (2,),
    "year": (1,),
    "month": (1,),
    "day": (1,),
    "hour": (1,),
    "minute": (1,),
    "second": (1,),
    "fractionalseconds": (1,),
    "date": (1,),
    "time": (1,),
    "totaloffsetminutes": (1,),
    "now": (0,),
    "mindatetime": (0,),
    "maxdatetime": (0,),
    "round": (1,),
    "floor": (1,),
    "ceiling": (1,),
    "geo.distance": (2,),
    "geo.length": (1,),
    "geo.intersects": (2,),
    "st_equals": (2,),
    "st_disjoint": (2,),
    "st_touches": (2,),
    "st_within": (2,),
    "st_overlaps": (2,),
    "st_crosses": (2,),
    "st_intersects": (2,),
    "st_contains": (2,),
    "st_relate": (3,),
}
"""Functions of the standard and how many arguments each takes."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<geography>geography'(?:[^']|'')*')
  | (?P<duration>duration'[^']*')
  | (?P<text>'(?:[^']|'')*')
  | (?P<period>\d{4}-\d\d-\d\dT[^\s/,();]+(?:[ ]\d\d:\d\d)?/\d{4}-\d\d-\d\dT[^\s/,();]+(?:[ ]\d\d:\d\d)?)
  | (?P<moment>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d|[ ]\d\d:\d\d)?)
  | (?P<date>\d{4}-\d\d-\d\d)
  | (?P<time>\d\d:\d\d(?::\d\d(?:\.\d+)?)?)
  | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>@?[^\W\d][\w.-]*(?:/@?\w[\w.-]*)*)
  | (?P<sign>[(),-])
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_WORDS = {"and", "or", "not", "add", "sub", "mul", "div", "mod", *COMPARISONS}
_LEVELS: Final = (
    ("or",),
    ("and",),
    ("eq", "ne"),
    ("gt", "ge", "lt", "le"),
    ("add", "sub"),
    ("mul", "div", "mod"),
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def filter_of(text: str) -> Expression:
    """The condition that ``$filter`` states; raises Malformed with the place of the fault."""
    return _Parser(text, "$filter").whole()


def order_of(text: str) -> Expression:
    """One key of ``$orderby``."""
    return _Parser(text, "$orderby").whole()


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all within it."""
    yield expression
    if isinstance(expression, Call):
        for part in expression.given:
            yield from walk(part)


def paths(expression: Expression) -> list[Path]:
    """Every property that the expression names."""
    return [part for part in walk(expression) if isinstance(part, Path)]


class _Parser:
    def __init__(self, text: str, option: str) -> None:
        self._option = option
        self._text = text
        if len(text) > LONGEST:
            self._fail(_("it has more than %(most)s characters") % {"most": LONGEST})
        self._tokens = list(self._read())
        self._next = 0

    def whole(self) -> Expression:
        found = self._level(0, 0)
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            self._fail(_("unexpected %(what)s at position %(at)s") % {"what": token.text, "at": token.at + 1})
        return found

    def _read(self) -> Iterator[_Token]:
        at, count = 0, 0
        text = self._text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            count += 1
            if found is None:
                self._fail(_("position %(at)s cannot be read") % {"at": at + 1})
            if count > MOST:
                self._fail(_("it has more than %(most)s parts") % {"most": MOST})
            kind = str(found.lastgroup)
            said = found[kind]
            if kind == "name" and said.lower() in _WORDS:
                kind, said = "word", said.lower()
            yield _Token(kind, said, found.start(found.lastgroup or 0))
            at = found.end()

    def _level(self, number: int, depth: int) -> Expression:
        """Operators of one precedence, from the left."""
        if depth > DEEPEST:
            self._fail(_("it is nested too deeply"))
        if number == len(_LEVELS):
            return self._unary(depth)
        found = self._level(number + 1, depth)
        chained = 0
        while (word := self._word(_LEVELS[number])) is not None:
            right = self._level(number + 1, depth)
            if word in ("and", "or") and isinstance(found, Call) and found.name == word:
                found = Call(word, (*found.given, right))
            else:
                chained += 1
                self._deeper(chained)
                found = Call(word, (found, right))
        return found

    def _unary(self, depth: int) -> Expression:
        if self._word(("not",)) is not None:
            return Call("not", (self._unary(self._deeper(depth)),))
        if self._sign("-"):
            return Call("neg", (self._unary(self._deeper(depth)),))
        if self._sign("("):
            found = self._level(0, self._deeper(depth))
            self._expect(")")
            return found
        return self._leaf(depth)

    def _deeper(self, depth: int) -> int:
        if depth >= DEEPEST:
            self._fail(_("it is nested too deeply"))
        return depth + 1

    def _leaf(self, depth: int) -> Expression:
        if self._next >= len(self._tokens):
            self._fail(_("it ends where a value should stand"))
        token = self._tokens[self._next]
        self._next += 1
        if token.kind == "name" and self._sign("("):
            return self._call(token, depth)
        if token.kind == "name":
            lowered = token.text.lower()
            if lowered in _NAMED:
                return Literal(_NAMED[lowered], token.text)
            return Path(tuple(token.text.split("/")))
        read = _LITERALS.get(token.kind)
        if read is None:
            self._fail(_("unexpected %(what)s at position %(at)s") % {"what": token.text, "at": token.at + 1})
        try:
            return Literal(read(token.text), token.text)
        except (ValueError, OverflowError):
            self._fail(_("%(what)s is no value that can be") % {"what": token.text[:80]})

    def _call(self, token: _Token, depth: int) -> Call:
        name = token.text.lower()
        if name not in FUNCTIONS:
            self._fail(_("there is no function %(name)s") % {"name": token.text[:80]})
        given: list[Expression] = []
        if not self._sign(")"):
            given.append(self._level(0, self._deeper(depth)))
            while self._sign(","):
                given.append(self._level(0, self._deeper(depth)))
            self._expect(")")
        if len(given) not in FUNCTIONS[name]:
            said = {"name": name, "count": " / ".join(map(str, FUNCTIONS[name]))}
            self._fail(_("%(name)s takes %(count)s arguments") % said)
        return Call(name, tuple(given))

    def _word(self, words: tuple[str, ...]) -> str | None:
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            if token.kind == "word" and token.text in words:
                self._next += 1
                return token.text
        return None

    def _sign(self, sign: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next].text == sign:
            self._next += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            self._fail(_("%(sign)s is missing") % {"sign": sign})

    def _fail(self, what: str) -> NoReturn:
        raise Malformed(
            _("%(option)s cannot be understood: %(what)s.") % {"option": self._option, "what": what}
        )


def _quoted(text: str) -> str:
    return text[text.index("'") + 1 : -1].replace("''", "'")


def _number(text: str) -> int | float:
    if re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    found = float(text)
    if found in (float("inf"), float("-inf")):
        raise ValueError(text)
    return found


def _moment(text: str) -> datetime:
    found = literals.moment(text)
    if found is None:
        raise ValueError(text)
    return found


def _period(text: str) -> literals.Period:
    start, _slash, end = text.partition("/")
    found = literals.Period(_moment(start), _moment(end))
    if found.end < found.start:
        raise ValueError(text)
    return found


def _duration(text: str) -> Any:  # noqa: ANN401 - a timedelta
    found = literals.duration(_quoted(text))
    if found is None:
        raise ValueError(text)
    return found


_NAMED: Final = {"true": True, "false": False, "null": None}
_LITERALS: Final[dict[str, Callable[[str], Any]]] = {
    "text": _quoted,
    "geography": lambda text: shapes.of_text(_quoted(text).removeprefix("SRID=4326;")),
    "duration": _duration,
    "period": _period,
    "moment": _moment,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "number": _number,
}
