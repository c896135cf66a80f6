"""Comparisons of texts and of members of JSON columns that mean the same on SQLite and PostgreSQL.

Every condition made here is true or false, also of NULL, so that it may stand behind a NOT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import BooleanField, Case, F, FloatField, Func, Q, TextField, Value, When
from django.db.models.functions import Coalesce, Length, StrIndex, Substr
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual

NEVER = Q(pk__in=())
_LOOKUPS: dict[str, Any] = {
    "eq": Exact,
    "gt": GreaterThan,
    "ge": GreaterThanOrEqual,
    "lt": LessThan,
    "le": LessThanOrEqual,
}
_NUMBERS, _TEXTS, _TRUE, _FALSE = ("integer", "real", "number"), ("text", "string"), ("true",), ("false",)
"""What SQLite and PostgreSQL call the sorts of JSON values."""


class ByCharacter(Func):
    """A text that compares by the codes of its characters, whatever the collation of the database."""

    template = "%(expressions)s"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:  # noqa: ANN401 - Django's
        return self.as_sql(compiler, connection, template='(%(expressions)s)::text COLLATE "C"', **more)


class _Steps(Value):
    """The way to a member, as each database writes it."""

    def __init__(self, members: Sequence[str]) -> None:
        super().__init__(tuple(members), output_field=TextField())

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:  # noqa: ANN401 - Django's
        steps = (f"[{name}]" if name.isascii() and name.isdigit() else f'."{name}"' for name in self.value)
        return "%s", [f"${''.join(steps)}"]

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:  # noqa: ANN401 - Django's
        return "%s::text[]", [list(self.value)]


class _Sort(Func):
    """Of which sort a member is: ``true`` and ``false`` are sorts of their own."""

    function = "JSON_TYPE"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:  # noqa: ANN401 - Django's
        template = "jsonb_typeof(%(expressions)s)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" #> ", **more)


class _Text(Func):
    """A member as text."""

    function = "JSON_EXTRACT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:  # noqa: ANN401 - Django's
        return self.as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" #>> ", **more)


class _Number(Func):
    """A member as number."""

    function = "JSON_EXTRACT"
    output_field = FloatField()

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:  # noqa: ANN401 - Django's
        template = "(%(expressions)s)::double precision"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" #>> ", **more)


def compared(column: str, members: tuple[str, ...], name: str, value: Any) -> Q | None:  # noqa: ANN401
    """A member of a JSON column against a fixed value; None where only Python can tell."""
    steps = _Steps(members)
    sort = _Sort(F(column), steps)
    if value is None:
        return _is_of(sort, ("null",)) if name == "eq" else NEVER
    if isinstance(value, bool):
        if name != "eq":
            return NEVER
        said = Exact(_Text(F(column), steps), Value("true" if value else "false"))
        on_sqlite = _is_of(sort, _TRUE if value else _FALSE)
        boolean = Case(When(_is_of(sort, ("boolean",)), then=said), default=Value(False), output_field=_YES)
        return on_sqlite | Q(boolean)
    if isinstance(value, int | float):
        number = Case(When(_is_of(sort, _NUMBERS), then=_Number(F(column), steps)), default=None)
        return _sure(_LOOKUPS[name](number, Value(float(value), output_field=FloatField())))
    if isinstance(value, str):
        return _sure(_LOOKUPS[name](ByCharacter(_text(column, members)), Value(value)))
    return None


def text_column(column: str, name: str, value: str) -> Q:
    """A column of text against a fixed one."""
    return _sure(_LOOKUPS[name](ByCharacter(F(column)), Value(value)))


def text_part(column: str, members: tuple[str, ...], name: str, part: str) -> Q:
    """Whether a text (a column, or a member of a JSON one) begins with, ends with or holds a part."""
    whole = _text(column, members) if members else F(column)
    if not part:
        return _sure(GreaterThanOrEqual(Length(whole), Value(0)))
    if name == "startswith":
        return _sure(Exact(Substr(whole, 1, len(part)), Value(part)))
    if name == "endswith":
        return _sure(Exact(Substr(whole, Length(whole) - Value(len(part) - 1)), Value(part)))
    return _sure(GreaterThan(StrIndex(whole, Value(part)), Value(0)))


_YES: BooleanField[bool, bool] = BooleanField()


def _text(column: str, members: tuple[str, ...]) -> Case:
    steps = _Steps(members)
    then = _Text(F(column), steps)
    return Case(
        When(_is_of(_Sort(F(column), steps), _TEXTS), then=then), default=None, output_field=TextField()
    )


def _is_of(sort: Func, sorts: Sequence[str]) -> Q:
    there = Coalesce(sort, Value("null"), output_field=TextField())
    found = NEVER
    for name in sorts:
        found |= Q(Exact(there, Value(name)))
    return found


def _sure(condition: Any) -> Q:  # noqa: ANN401 - a lookup
    return Q(Coalesce(condition, Value(False), output_field=_YES))
