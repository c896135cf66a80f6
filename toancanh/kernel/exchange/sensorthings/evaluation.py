"""What an expression comes to for one entity, in plain Python: the meaning that the database must agree with.

Comparisons are true or false, never unknown: nothing equals only nothing, and comes neither before nor after
anything. What cannot be computed (a text plus one, a number divided by zero) is nothing.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from toancanh.kernel.exchange.sensorthings import literals, shapes
from toancanh.kernel.exchange.sensorthings.expressions import COMPARISONS, Expression, Literal, Path
from toancanh.kernel.exchange.sensorthings.literals import Period
from toancanh.kernel.runtime import clock

Resolve = Callable[[Path], Any]
"""The value of a property, with times as datetimes and periods, geometries as GeoJSON."""
LONGEST = 10_000
"""Characters of a text that functions put together."""


def holds(expression: Expression, resolve: Resolve) -> bool:
    """Whether the condition is true."""
    return evaluate(expression, resolve) is True


def evaluate(expression: Expression, resolve: Resolve) -> Any:  # noqa: ANN401 - any value there is
    """The value of the expression; None where it has none."""
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Path):
        return resolve(expression)
    name, given = expression.name, expression.given
    if name == "and":
        return all(evaluate(part, resolve) is True for part in given)
    if name == "or":
        return any(evaluate(part, resolve) is True for part in given)
    if name == "not":
        return evaluate(given[0], resolve) is not True
    values = [evaluate(part, resolve) for part in given]
    if name in COMPARISONS:
        return compare(name, values[0], values[1])
    if any(value is None for value in values):
        return None
    try:
        return _FUNCTIONS[name](*values)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return None


def compare(name: str, left: Any, right: Any) -> bool:  # noqa: ANN401 - any two values
    """One comparison; between values of different sorts only ``ne`` is true."""
    if name == "ne":
        return not compare("eq", left, right)
    if left is None or right is None:
        return name == "eq" and left is right
    try:
        left, right = _alike(left, right)
    except ValueError:
        return False
    if isinstance(left, Period) and isinstance(right, Period):
        return _BETWEEN[name](left, right)
    if shapes.is_geometry(left) and shapes.is_geometry(right):
        return name == "eq" and bool(left.equals(right))
    if isinstance(left, bool) or isinstance(right, bool):
        return name == "eq" and left is right
    is_alike = isinstance(left, type(right)) or (_is_number(left) and _is_number(right))
    try:
        return is_alike and bool(_ORDER[name](left, right))
    except TypeError:
        return False


def _alike(left: Any, right: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any two values
    """Both as periods where one of them is a time, both as geometries where one is."""
    if isinstance(left, datetime | Period) or isinstance(right, datetime | Period):
        return _period(left), _period(right)
    if shapes.is_geometry(left) or shapes.is_geometry(right):
        return _geometry(left), _geometry(right)
    return left, right


def _period(value: Any) -> Any:  # noqa: ANN401 - a period where it can be one
    if isinstance(value, str):
        value = literals.moment(value) or value
    if isinstance(value, datetime):
        return Period(value, value)
    if isinstance(value, date):
        start = datetime.combine(value, time(), UTC)
        return Period(start, start)
    return value


def _geometry(value: Any) -> Any:  # noqa: ANN401 - whatever was given
    found = value if shapes.is_geometry(value) else shapes.geometry(value)
    if found is None:
        raise ValueError(value)
    return found


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _before(left: Period, right: Period) -> bool:
    return left.end < right.start or (left.end == right.start and not left.is_moment)


_ORDER: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
# A period comes before a moment at its open end; it comes at or after a moment from which on it lasts.
_BETWEEN: Final[dict[str, Callable[[Period, Period], bool]]] = {
    "eq": lambda left, right: left == right,
    "lt": _before,
    "gt": lambda left, right: left.start > right.start if right.is_moment else _before(right, left),
    "le": lambda left, right: left == right or left.end <= right.start,
    "ge": lambda left, right: left == right or left.start >= right.end,
}


def number(value: Any) -> int | float:  # noqa: ANN401 - any value
    """The value where it is a number; raises TypeError."""
    if not _is_number(value):
        raise TypeError(value)
    return value  # type: ignore[no-any-return]


def _text(value: Any) -> str:  # noqa: ANN401 - any value
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _arithmetic(name: str) -> Callable[[Any, Any], Any]:
    work = {"add": operator.add, "sub": operator.sub}.get(name)

    def answer(left: Any, right: Any) -> Any:  # noqa: ANN401 - numbers, times and lengths of time
        left, right = _instant(left), _instant(right)
        if work is not None and isinstance(left, datetime | timedelta) | isinstance(
            right, datetime | timedelta
        ):
            return work(left, right)
        a, b = number(left), number(right)
        if name == "mul":
            return a * b
        if name == "div":
            return a / b
        if name == "mod":
            return math.fmod(a, b)
        return a + b if name == "add" else a - b

    return answer


def _instant(value: Any) -> Any:  # noqa: ANN401 - a datetime where it is a moment
    return value.start if isinstance(value, Period) else value


def _moment(value: Any) -> datetime:  # noqa: ANN401 - a time in any form
    found = _period(value)
    if not isinstance(found, Period):
        raise TypeError(value)
    return found.start


def _clock(value: Any) -> time:  # noqa: ANN401 - a time of day in any form
    return value if isinstance(value, time) else _moment(value).timetz().replace(tzinfo=None)


def _offset(value: Any) -> int:  # noqa: ANN401 - a time in any form
    found = _moment(value).utcoffset()
    return 0 if found is None else round(found.total_seconds() / 60)


def _joined(left: Any, right: Any) -> str:  # noqa: ANN401 - two texts
    return (_text(left) + _text(right))[:LONGEST]


def _substring(text: Any, start: Any, length: Any = LONGEST) -> str:  # noqa: ANN401 - a text and numbers
    first = max(0, int(number(start)))
    return _text(text)[first : first + max(0, int(number(length)))]


def _rounded(value: Any) -> float:  # noqa: ANN401 - a number
    """Halves away from zero, as the standard's examples have it."""
    found = number(value)
    return math.copysign(math.floor(abs(found) + 0.5), found)


def _length(shape: Any) -> Any:  # noqa: ANN401 - a geometry
    """Of lines; what has an area has an outline and no length, as databases with geometries have it."""
    return 0.0 if shapes.measured("get_dimensions", shape) == 2 else shapes.measured("length", shape)


def _spatial(name: str) -> Callable[..., Any]:
    def answer(left: Any, right: Any, *more: Any) -> Any:  # noqa: ANN401 - geometries
        return shapes.measured(name, _geometry(left), _geometry(right), *map(_text, more))

    return answer


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    **{name: _arithmetic(name) for name in ("add", "sub", "mul", "div", "mod")},
    "neg": lambda value: -number(value),
    "substringof": lambda part, whole: _text(part) in _text(whole),
    "startswith": lambda whole, part: _text(whole).startswith(_text(part)),
    "endswith": lambda whole, part: _text(whole).endswith(_text(part)),
    "length": lambda value: len(_text(value)),
    # From 1, as the standard's example counts; `substring` counts from 0 in the same table.
    "indexof": lambda whole, part: _text(whole).find(_text(part)) + 1,
    "substring": _substring,
    "tolower": lambda value: _text(value).lower(),
    "toupper": lambda value: _text(value).upper(),
    "trim": lambda value: _text(value).strip(),
    "concat": _joined,
    "year": lambda value: _moment(value).year,
    "month": lambda value: _moment(value).month,
    "day": lambda value: _moment(value).day,
    "hour": lambda value: _clock(value).hour,
    "minute": lambda value: _clock(value).minute,
    "second": lambda value: _clock(value).second,
    "fractionalseconds": lambda value: _clock(value).microsecond / 1_000_000,
    "date": lambda value: _moment(value).date(),
    "time": _clock,
    "totaloffsetminutes": _offset,
    "now": clock.now,
    "mindatetime": lambda: datetime.min.replace(tzinfo=UTC),
    "maxdatetime": lambda: datetime.max.replace(tzinfo=UTC),
    "round": _rounded,
    "floor": lambda value: math.floor(number(value)),
    "ceiling": lambda value: math.ceil(number(value)),
    "geo.distance": _spatial("distance"),
    "geo.length": lambda value: _length(_geometry(value)),
    "geo.intersects": _spatial("intersects"),
    "st_equals": _spatial("equals"),
    "st_disjoint": _spatial("disjoint"),
    "st_touches": _spatial("touches"),
    "st_within": _spatial("within"),
    "st_overlaps": _spatial("overlaps"),
    "st_crosses": _spatial("crosses"),
    "st_intersects": _spatial("intersects"),
    "st_contains": _spatial("contains"),
    "st_relate": _spatial("relate_pattern"),
}
