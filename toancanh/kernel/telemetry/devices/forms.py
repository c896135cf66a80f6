"""What administrators type about tokens: whom they may write for, how fast, until when."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.people.actions import FASTEST
from toancanh.kernel.people.models import Token
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock

BETWEEN = re.compile(r"[\s,;]+")
MOST_THINGS = 10_000


def control(**more: str) -> dict[str, str]:
    """Attributes of a text field."""
    return {"class": "form-control", "autocomplete": "off", **more}


class Limits(forms.Form):
    """What a token may write, how fast and until when."""

    everything = forms.TypedChoiceField(
        label=gettext_lazy("May write"),
        choices=(("0", gettext_lazy("Chosen stations")), ("1", gettext_lazy("Every station"))),
        coerce=lambda value: value == "1",
        initial="0",
        widget=forms.RadioSelect,
    )
    things = forms.CharField(
        label=gettext_lazy("Codes of stations"),
        required=False,
        help_text=gettext_lazy("One a line, or separated by spaces or commas."),
        widget=forms.Textarea(attrs=control(rows="4", spellcheck="false", autocapitalize="off")),
    )
    rate = forms.IntegerField(
        label=gettext_lazy("At most, readings a minute"),
        required=False,
        min_value=1,
        max_value=FASTEST,
        help_text=gettext_lazy("Empty: no limit of its own."),
        widget=forms.NumberInput(attrs=control(inputmode="numeric")),
    )
    expires = forms.DateField(
        label=gettext_lazy("Valid until the end of"),
        required=False,
        help_text=gettext_lazy("As 31/12/2026. Empty: until it is revoked."),
        input_formats=["%d/%m/%Y", "%Y-%m-%d"],
        error_messages={"invalid": gettext_lazy("Write the day, the month and the year, as 31/12/2026.")},
        # A browser writes its own date field in the order of its own language: 03/04 would be two days.
        widget=forms.DateInput(attrs=control(inputmode="numeric", autocomplete="off"), format="%d/%m/%Y"),
    )

    @classmethod
    def of(cls, token: Token) -> Limits:
        """The form filled with what holds now."""
        end = token.expires_at
        return cls(
            initial={
                "everything": "1" if token.things is None else "0",
                "things": "\n".join(token.things or ()),
                "rate": token.rate,
                "expires": (end - timedelta(seconds=1)).astimezone(clock.VIETNAM).date() if end else None,
            }
        )

    def clean_things(self) -> list[str]:
        """Codes as a list; each must be that of a thing that is registered."""
        codes = list(dict.fromkeys(code for code in BETWEEN.split(self.cleaned_data["things"]) if code))
        if len(codes) > MOST_THINGS:
            raise forms.ValidationError(_("That is more than %(most)s stations.") % {"most": MOST_THINGS})
        known = set(Thing.objects.filter(code__in=codes).values_list("code", flat=True))
        missing = [code for code in codes if code not in known]
        if missing:
            text = _("No station bears the code %(codes)s.")
            raise forms.ValidationError(text % {"codes": ", ".join(missing[:5])})
        return codes

    def clean_expires(self) -> datetime | None:
        """The first moment after the day that was chosen."""
        day: date | None = self.cleaned_data["expires"]
        if day is None:
            return None
        end = datetime.combine(day + timedelta(days=1), time(), clock.VIETNAM)
        if end <= clock.now():
            raise forms.ValidationError(_("This day is over. To end a token at once, revoke it."))
        return end

    def clean(self) -> dict[str, Any]:
        """Chosen stations need at least one."""
        said: dict[str, Any] = super().clean() or {}
        if said.get("everything") is False and said.get("things") == []:
            self.add_error("things", _("Choose at least one station, or every station."))
        return said

    @property
    def limits(self) -> dict[str, Any]:
        """Arguments of the actions."""
        said = self.cleaned_data
        codes = None if said["everything"] else said["things"]
        return {"things": codes, "rate": said["rate"], "expires_at": said["expires"]}


class Gateway(Limits):
    """A token that is not made together with a new sensor."""

    field_order = ("name",)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy(
            "The device signs in with it: best without marks and spaces, such as gateway-7."
        ),
        widget=forms.TextInput(attrs=control(autocapitalize="off", spellcheck="false")),
    )
