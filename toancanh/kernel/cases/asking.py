"""A form made from what a step asks: fields in one column, faults beside them, nothing typed lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from toancanh.kernel.cases import saying
from toancanh.kernel.cases.saying import Unsaid, named
from toancanh.kernel.declare import Title
from toancanh.kernel.declare_cases import CaseField, FieldKind
from toancanh.kernel.people.models import Organisation
from toancanh.web import formats

Pairs = Sequence[tuple[str, str]]


@dataclass
class Asked:
    """One field with what was typed into it."""

    field: CaseField
    typed: str = ""
    chosen: frozenset[str] = frozenset()
    """Of a field that takes several."""
    fault: str = ""
    options: Pairs = ()

    @property
    def title(self) -> str:
        """In the language of the reader."""
        return named(self.field.title)

    @property
    def hint(self) -> str:
        """What helps to fill it in."""
        return named(self.field.hint) if self.field.hint else ""

    @property
    def described_by(self) -> str:
        """Elements that say more of it, for assistive technology."""
        name = self.field.name
        parts = [f"{name}-hint"] if self.hint else []
        return " ".join([*parts, *([f"{name}-fault"] if self.fault else [])])


@dataclass
class Form:
    """What a step asks, as it is shown and as it came back."""

    rows: list[Asked]
    said: dict[str, Any] = field(default_factory=dict)
    """What was typed, as actions take it."""

    @property
    def has_faults(self) -> bool:
        """Whether something typed cannot be."""
        return any(row.fault for row in self.rows)

    @property
    def has_files(self) -> bool:
        """Whether it takes attachments."""
        return any(row.field.kind == "files" for row in self.rows)

    def blame(self, fault: Unsaid) -> bool:
        """Put a fault beside its field; whether there is such a field."""
        for row in self.rows:
            if row.field.name == fault.field:
                row.fault = _bare(row, fault)
                return True
        return False


def asked(
    name: str,
    title: str,
    kind: FieldKind = "text",
    *,
    required: bool = False,
    hint: str = "",
    choices: Pairs = (),
    most: int = 4000,
) -> CaseField:
    """A field of the kernel's own: its texts are translated already."""
    return CaseField(
        name,
        Title(title, title),
        kind,
        is_required=required,
        choices=tuple((key, Title(text, text)) for key, text in choices),
        most=most,
        hint=Title(hint, hint) if hint else None,
    )


def empty(fields: Iterable[CaseField], given: Mapping[str, Any] | None = None) -> Form:
    """The form before anything is typed; ``given`` stands in its fields."""
    data, fields = given or {}, list(fields)
    offered = _offered(fields)
    return Form([_row(one, data.get(one.name), offered) for one in fields])


def filled(fields: Iterable[CaseField], data: QueryDict) -> Form:
    """The form as it came back, every fault beside its field."""
    fields = list(fields)
    offered = _offered(fields)
    form = Form([])
    for one in fields:
        several = one.kind in ("organisations", "files")
        # A browser sends the field of files also where none was chosen, with nothing in it.
        value = list(filter(None, data.getlist(one.name))) if several else data.get(one.name, "")
        row = _row(one, value, offered)
        form.rows.append(row)
        try:
            form.said |= saying.clean((one,), {one.name: _read(one, row)})
        except Unsaid as fault:
            row.fault = _bare(row, fault)
    return form


def _row(one: CaseField, value: Any, offered: Pairs) -> Asked:  # noqa: ANN401 - typed or kept
    options: Pairs = offered if one.kind in ("organisation", "organisations") else ()
    if one.kind == "choice":
        options = [(key, named(title)) for key, title in one.choices]
    if one.kind in ("organisations", "files"):
        return Asked(one, chosen=frozenset(map(str, value or ())), options=options)
    return Asked(one, typed="" if value is None else str(value), options=options)


def _offered(fields: Sequence[CaseField]) -> Pairs:
    """Organisations that can be given work, the higher ones first. One query, where a field asks for them."""
    if not any(one.kind in ("organisation", "organisations") for one in fields):
        return ()
    rows = Organisation.objects.filter(ceased_at=None).order_by("name")
    return list(rows.values_list("code", "name"))


def _read(one: CaseField, row: Asked) -> Any:  # noqa: ANN401 - as `saying.clean` takes it
    if one.kind in ("organisations", "files"):
        return sorted(row.chosen)
    if one.kind == "date":
        try:
            return (
                datetime.strptime(row.typed.strip(), "%d/%m/%Y")
                .replace(tzinfo=formats.PLACE)
                .date()
                .isoformat()
            )
        except ValueError:
            return row.typed
    return row.typed


def _bare(row: Asked, fault: Unsaid) -> str:
    """The fault without the field's name, which stands above it."""
    text = fault.message.removeprefix(f"{row.title}: ")
    return _("This is needed.") if text == _("this is needed.") else text[:1].upper() + text[1:]
