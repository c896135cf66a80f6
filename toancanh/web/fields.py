"""Fields of forms as people here fill them in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from toancanh.web import formats


def control(css: str = "form-control", **more: str) -> dict[str, str]:
    """Attributes of a field."""
    return {"class": css, "autocomplete": "off", **more}


class Moment(forms.CharField):
    """A day and time as people write them, of Việt Nam; None where nothing is typed."""

    widget = forms.TextInput(control(inputmode="numeric", placeholder="31/12/2026 07:00"))

    def prepare_value(self, value: object) -> object:
        """As it is typed."""
        return f"{value.astimezone(formats.PLACE):%d/%m/%Y %H:%M}" if isinstance(value, datetime) else value

    def clean(self, value: object) -> Any:  # noqa: ANN401 - a moment or None, where a text field gives text
        """The moment."""
        typed = str(super().clean(value)).strip()
        found = formats.read_moment(typed)
        if typed and found is None:
            raise forms.ValidationError(_("Write the day and the time, as 31/12/2026 07:00."))
        return found


class Day(Moment):
    """A day, written the same way."""

    widget = forms.TextInput(control(inputmode="numeric", placeholder="31/12/2026"))

    def prepare_value(self, value: object) -> object:
        """As it is typed."""
        return f"{value:%d/%m/%Y}" if isinstance(value, date) else value

    def clean(self, value: object) -> Any:  # noqa: ANN401 - a day or None
        """The day."""
        found = super().clean(value)
        return found.date() if found else None


class TimeOfDay(forms.CharField):
    """14:00, 14h or 14h30 as minutes after midnight; 24:00 is the end of the day; None for nothing typed."""

    widget = forms.TextInput(control(inputmode="numeric", placeholder="06:00"))

    def clean(self, value: object) -> Any:  # noqa: ANN401 - minutes
        """The minutes."""
        typed = str(super().clean(value)).strip().lower().replace("h", ":").replace("g", ":")
        if not typed:
            return None
        hours, _colon, rest = typed.partition(":")
        minutes = rest or "0"
        if hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit():
            found = int(hours[:3]) * 60 + int(minutes[:3])
            if int(minutes[:3]) < 60 and found <= 24 * 60:
                return found
        raise forms.ValidationError(_("Write a time of day, as 06:00."))
