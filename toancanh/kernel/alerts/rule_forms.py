"""What administrators type about a rule, as a condition and back: numbers as people write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from toancanh.kernel.alerts.composing import Shape, title, unit
from toancanh.kernel.alerts.conditions import leaves
from toancanh.kernel.alerts.words import severity
from toancanh.kernel.declare import Bands, Condition, Either, Every, Line, Silence
from toancanh.web import formats

SEVERITIES = (1, 2, 3)


def text(rows: int = 0, **more: str) -> forms.Widget:
    """A text field."""
    attributes = {"class": "form-control", "autocomplete": "off", **more}
    return forms.Textarea({**attributes, "rows": str(rows)}) if rows else forms.TextInput(attributes)


def number(value: str) -> float | None:
    """1,5 and 1.5 alike; None for nothing typed. Raises ValueError."""
    typed = value.strip().replace(",", ".")
    return float(typed) if typed else None


class RuleForm(forms.Form):
    """One version of a rule: the limits of each part; which parts there are is chosen beside it."""

    valid_from = forms.CharField(
        label=gettext_lazy("Holds from"),
        required=False,
        help_text=gettext_lazy("As 31/12/2026 07:00. Empty: from now on."),
        widget=text(inputmode="numeric"),
    )
    basis = forms.CharField(
        label=gettext_lazy("Legal basis or source"), required=False, max_length=300, widget=text(2)
    )
    reason = forms.CharField(label=gettext_lazy("Reason for the change"), max_length=300, widget=text(2))
    is_on = forms.BooleanField(
        label=gettext_lazy("The rule is on"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )

    def __init__(
        self,
        condition: Condition,
        kind: str,
        data: Mapping[str, str] | None = None,
        initial: Mapping[str, object] | None = None,
    ) -> None:
        """``condition`` has the parts and, where they are known, their limits."""
        super().__init__(data, initial=dict(initial or {}))
        self.condition = condition
        self.kind = kind
        self.typed: Condition | None = None
        self.names: list[list[str]] = []
        """The fields of each part."""
        for number, part in enumerate(leaves(condition)):
            fields = fields_of(part, unit(kind, part.series))
            self.names.append([named(number, name) for name in fields])
            for name, (label, hint, now) in fields.items():
                self.fields[named(number, name)] = self._field(label, hint, now)
        if isinstance(condition, Every):
            hint = _("A part that was not heard for so long does not count.")
            now = plain(condition.valid_s / 60)
            self.fields["valid"] = self._field(_("Heard within (minutes)"), hint, now)
        self.order_fields([name for name in self.fields if name not in RuleForm.base_fields])

    @staticmethod
    def _field(label: str, hint: str, now: str) -> forms.CharField:
        widget = text(inputmode="decimal")
        return forms.CharField(label=label, help_text=hint, initial=now, required=False, widget=widget)

    @property
    def shape(self) -> Shape | None:
        """Which parts it has; None where they are more than can be put together here."""
        return Shape.of(self.condition)

    @property
    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        """Each part in words, with its fields."""
        shape = self.shape
        if shape is None:
            return [("", [self[name] for name in names]) for names in self.names]
        titles = [title(self.kind, part) for part in shape.parts]
        return [
            (told, [self[name] for name in names]) for told, names in zip(titles, self.names, strict=True)
        ]

    @property
    def rest(self) -> list[forms.BoundField]:
        """Fields of the whole rule."""
        of_parts = {name for names in self.names for name in names}
        return [field for field in self if field.name not in of_parts]

    def clean_valid_from(self) -> datetime | None:
        """The moment, in the time of Việt Nam."""
        typed = self.cleaned_data["valid_from"].strip()
        if not typed:
            return None
        found = formats.read_moment(typed)
        if found is not None:
            return found
        raise forms.ValidationError(_("Write the day and the time, as 31/12/2026 07:00."))

    def clean(self) -> None:
        """Put the condition together; a mistyped number is told at its field."""
        parts = []
        for number, part in enumerate(leaves(self.condition)):
            values = {
                name: self._number(named(number, name), name.startswith("line_") and _is_named(part))
                for name in fields_of(part, "")
            }
            if not self.errors:
                parts.append(condition_of(part, values))
        valid = self._number("valid", False) if "valid" in self.fields else None
        if not self.errors:
            self.typed = rebuilt(self.condition, iter(parts), valid)

    def _number(self, name: str, may_be_named: bool) -> float | str | None:
        typed = str(self.cleaned_data.get(name, ""))
        try:
            return number(typed)
        except ValueError:
            if may_be_named:
                return typed.strip()
            self.add_error(name, _("Write a number, such as 1,5."))
            return None


def named(number: int, name: str) -> str:
    """The field of a part; those of the first stand alone."""
    return name if not number else f"p{number}_{name}"


def _is_named(part: Condition) -> bool:
    return isinstance(part, Bands) and part.of == "value"


def rebuilt(before: Condition, parts: Iterator[Condition], valid: float | str | None) -> Condition:
    """The same parts with what was typed."""
    if isinstance(before, Every | Either):
        inner = tuple(rebuilt(part, parts, None) for part in before.parts)
        if isinstance(before, Every) and valid is not None:
            return replace(before, parts=inner, valid_s=seconds(valid))
        return replace(before, parts=inner)
    return next(parts)


def fields_of(condition: Condition, unit: str) -> dict[str, tuple[str, str, str]]:
    """Label, help and present value of what can be typed of a condition."""
    if isinstance(condition, Silence):
        return {"after": (_("Nothing heard for (minutes)"), "", plain(condition.after_s / 60))}
    if not isinstance(condition, Bands):
        return {}
    lines = {line.severity: line.at for line in condition.lines}
    per = f"{unit}/{_('hour')}" if condition.of == "rate" else unit
    hint = _("A number, or the name of an alarm level such as BĐ2.") if condition.of == "value" else ""
    found = {f"line_{one}": (f"{severity(one)} ({per})", hint, shown(lines.get(one))) for one in SEVERITIES}
    found["hysteresis"] = (
        f"{_('Hysteresis')} ({per})",
        _("It rings on until the series is back behind the line by this much."),
        plain(condition.hysteresis),
    )
    found["hold"] = (_("Held for (minutes) before it rings"), "", plain(condition.hold_s / 60))
    found["calm"] = (_("Calm for (minutes) before it ends"), "", plain(condition.calm_s / 60))
    if condition.of != "sum":
        hint = _(
            "A reading that leaps further counts once the next confirms it. Empty: every reading counts."
        )
        found["spike"] = (f"{_('Greatest leap')} ({unit})", hint, shown(condition.spike))
    if condition.of == "value":
        hint = _("Unless the next ones lead on. Empty or 0: the next reading confirms it.")
        found["doubt"] = (_("A leap is confirmed for (minutes)"), hint, plain(condition.spike_s / 60))
        hint = _("Of its height above the mildest line. Empty: it ends behind the line alone.")
        ebb = None if condition.ebb is None else condition.ebb * 100
        found["ebb"] = (_("A wave is over once it has lost (%)"), hint, shown(ebb))
    if condition.of != "value":
        found["window"] = (_("Looked at over (minutes)"), "", plain(condition.window_s / 60))
    return found


def condition_of(before: Condition, values: Mapping[str, float | str | None]) -> Condition:
    """The condition with what was typed."""
    if isinstance(before, Silence):
        return replace(before, after_s=seconds(values["after"]))
    if not isinstance(before, Bands):
        return before
    lines = ((values[f"line_{one}"], one) for one in SEVERITIES)
    spike, ebb = values.get("spike"), values.get("ebb")
    return replace(
        before,
        lines=tuple(Line(at=at, severity=one) for at, one in lines if at is not None),
        hysteresis=float(values["hysteresis"] or 0),
        hold_s=seconds(values["hold"]),
        calm_s=seconds(values["calm"]),
        window_s=seconds(values["window"]) if "window" in values else before.window_s,
        spike=float(spike) if spike is not None else None,
        spike_s=seconds(values["doubt"]) if "doubt" in values else before.spike_s,
        ebb=float(ebb) / 100 if ebb is not None else None,
    )


def seconds(minutes: float | str | None) -> int:
    """Whole seconds of typed minutes; what is no time at all becomes one that the check refuses."""
    value = float(minutes or 0) * 60
    return round(value) if abs(value) < 1e9 else -1


def shown(value: float | str | None) -> str:
    """A line as it is typed."""
    return "" if value is None else value if isinstance(value, str) else plain(value)


def plain(value: float) -> str:
    """A number with its language's decimal mark and no zeros behind it; either mark is read."""
    text = f"{value:.10g}"
    return text if (get_language() or "").startswith("en") else text.replace(".", ",")
