"""The form of a new sensor: one page for one kind, with what was typed kept whatever is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.declare import ThingType
from toancanh.kernel.registry.actions import CODE
from toancanh.kernel.telemetry.actions import NAME, RESERVED
from toancanh.kernel.telemetry.devices.forms import control
from toancanh.kernel.telemetry.devices.onboarding import PRESETS, Quantity, Sensor, code_for, series_for
from toancanh.kernel.telemetry.features import said as in_language
from toancanh.kernel.territory.models import Unit
from toancanh.kernel.territory.queries import unit

PERIODS = (60, 300, 600, 900, 1800, 3600, 86_400)
MOST_ROWS = 20
PAIR = re.compile(r"\s*(-?\d+[.,]\d+)\s*[,;\s]\s*(-?\d+[.,]\d+)\s*\Z")
"""Two decimals as map programs copy them: latitude, then longitude."""


@dataclass
class Row:
    """One quantity as it stands in the form."""

    name: str = ""
    title: str = ""
    unit: str = ""
    low: str = ""
    high: str = ""
    period: int = 300
    chosen: bool = True
    fault: str = ""
    shown: str = ""
    """The title in the reader's language, of a quantity that its kind declares."""

    @property
    def is_empty(self) -> bool:
        """Nothing was typed."""
        return not (self.name or self.title or self.unit or self.low or self.high)


class SensorForm(forms.Form):
    """Name, code and place of a new sensor; its quantities stand beside it as rows."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=150,
        help_text=gettext_lazy("As people here call the place."),
        widget=forms.TextInput(attrs=control(autocapitalize="sentences", **{"data-slug-from": ""})),
    )
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("a-z, 0-9 and hyphens. It stands in the topic and cannot be changed later."),
        widget=forms.TextInput(
            attrs=control(autocapitalize="off", spellcheck="false", **{"data-slug-to": ""})
        ),
    )
    lat = forms.CharField(
        label=gettext_lazy("Latitude"),
        required=False,
        widget=forms.TextInput(attrs=control(inputmode="decimal", placeholder="16.4637", **{"data-lat": ""})),
    )
    lon = forms.CharField(
        label=gettext_lazy("Longitude"),
        required=False,
        widget=forms.TextInput(
            attrs=control(inputmode="decimal", placeholder="107.5909", **{"data-lon": ""})
        ),
    )
    unit = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    is_public = forms.BooleanField(
        label=gettext_lazy("Show on the public pages"),
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )
    gateway = forms.CharField(required=False, max_length=100)

    def __init__(self, kind: str, declared: ThingType, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.declared = declared
        given = kwargs.get("initial") or {}
        self.rows: list[Row] = (
            rows_of(self.data, declared)
            if isinstance(self.data, QueryDict)
            else given.get("rows") or fresh(declared)
        )

    def clean_code(self) -> str:
        """The code typed, or one made of the name."""
        code = self.cleaned_data["code"].strip() or code_for(self.cleaned_data.get("name", ""))
        if not CODE.match(code):
            raise forms.ValidationError(_("A code is made of a-z, 0-9 and -, such as cau-gia-vien."))
        return code

    def clean(self) -> dict[str, Any]:
        """Place and quantities, which one field alone cannot judge."""
        said: dict[str, Any] = super().clean() or {}
        lat, lon = said.get("lat", ""), said.get("lon", "")
        both = PAIR.match(lat) or PAIR.match(lon)
        if both is not None:
            lat, lon = both[1], both[2]
        said["lat"], said["lon"] = self._degrees("lat", lat, 90), self._degrees("lon", lon, 180)
        if not self.errors.keys() & {"lat", "lon"} and (said["lat"] is None) != (said["lon"] is None):
            self.add_error("lat", _("A place needs both latitude and longitude, or neither for now."))
        said["quantities"] = self._quantities()
        return said

    def _degrees(self, name: str, text: str, most: int) -> float | None:
        if not text.strip():
            return None
        value = decimal(text)
        if value is None or abs(value) > most:
            self.add_error(name, _("Degrees as a decimal number, such as 16.4637."))
            return None
        return value

    def _quantities(self) -> list[Quantity]:
        chosen = [row for row in self.rows if row.chosen and not row.is_empty]
        made = [quantity for row in chosen if (quantity := self._quantity(row)) is not None]
        names = [quantity.name for quantity in made]
        for row in chosen:
            if names.count(row.name) > 1:
                row.fault = row.fault or _("Two quantities bear this name.")
        if any(row.fault for row in chosen):
            self.add_error(None, _("Something is wrong with a quantity: see below."))
        elif not made:
            self.add_error(None, _("Choose at least one quantity that it measures."))
        return made

    def _quantity(self, row: Row) -> Quantity | None:
        declared = {one.name for one in self.declared.series}
        if row.name in declared:
            return Quantity(name=row.name, period_s=row.period)
        row.name = row.name or series_for(row.title)
        low, high = decimal(row.low), decimal(row.high)
        if not NAME.match(row.name) or row.name in RESERVED:
            row.fault = _("A series is named with a-z, 0-9, - and _, and not ack or cmd: %(name)s") % {
                "name": row.name
            }
        elif low is None or high is None or low >= high:
            row.fault = _("The range needs a smallest and a largest value.")
        elif len(row.unit) > 20 or len(row.title) > 120:
            row.fault = _("%(name)s has too long a title or unit of measure.") % {"name": row.name}
        if row.fault or low is None or high is None:
            return None
        return Quantity(
            name=row.name, title=row.title, unit=row.unit, low=low, high=high, period_s=row.period
        )

    @property
    def sensor(self) -> Sensor:
        """What was described; asked for once the form is valid."""
        said = self.cleaned_data
        return Sensor(
            code=said["code"],
            kind=self.kind,
            name=said["name"],
            lon=said["lon"],
            lat=said["lat"],
            unit=self.home,
            is_public=said["is_public"],
            quantities=said["quantities"],
        )

    @property
    def home(self) -> Unit | None:
        """The unit that was chosen for a sensor without a place."""
        return unit(self.cleaned_data["unit"]) if self.cleaned_data["unit"] else None


def fresh(declared: ThingType, known: Sequence[str] = ()) -> list[Row]:
    """The rows of an empty form: what the kind declares, all chosen unless it is known what is sent.

    An open kind has a row for each other name that is known, and a blank one.
    """
    names = {one.name for one in declared.series}
    rows = [
        Row(
            name=one.name,
            title=str(one.title),
            shown=in_language(one.title),
            unit=one.unit,
            period=one.period,
            chosen=one.name in known or not names.intersection(known),
        )
        for one in declared.series
    ]
    if not declared.open:
        return rows
    return [*rows, *(guessed(name) for name in known if name not in names), Row()]


def guessed(name: str) -> Row:
    """A row for a name that something sends, described as far as the name tells."""
    preset = next((one for one in PRESETS if one.name == name), None)
    if preset is None:
        return Row(name=name, title=name)
    return Row(name, preset.title, preset.unit, f"{preset.low:g}", f"{preset.high:g}", preset.period_s)


def rows_of(data: QueryDict, declared: ThingType) -> list[Row]:
    """The rows as they were sent."""
    rows = [
        Row(
            name=one.name,
            title=str(one.title),
            shown=in_language(one.title),
            unit=one.unit,
            period=seconds(data.get(f"period-{one.name}", ""), one.period),
            chosen=one.name in data.getlist("series"),
        )
        for one in declared.series
    ]
    if not declared.open:
        return rows
    columns = [
        data.getlist(f"q-{part}")[:MOST_ROWS] for part in ("name", "title", "unit", "low", "high", "period")
    ]
    for *texts, period in zip(*columns, strict=False):
        name, title, its_unit, low, high = (text.strip()[:150] for text in texts)
        rows.append(Row(name, title, its_unit, low, high, seconds(period, 300)))
    return rows if any(row.is_empty for row in rows) else [*rows, Row()]


def seconds(text: str, unless: int) -> int:
    """A period as a number of seconds."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:9]) < 31_622_400 else unless


def decimal(text: str) -> float | None:
    """A number as people here type it, with a comma or a point; None where it is none."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def periods(rows: Sequence[Row]) -> list[int]:
    """Periods to choose from, those of the rows among them."""
    return sorted({*PERIODS, *(row.period for row in rows)})
