"""What an officer types to set a window: for how long in one touch, stations by code or a whole kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel import catalogue
from toancanh.kernel.alerts.maintenance.actions import MOST_TEXT, MOST_THINGS
from toancanh.kernel.declare import Actor
from toancanh.kernel.registry import queries as registry
from toancanh.kernel.registry.models import Thing
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import said
from toancanh.web.fields import Moment, control

BETWEEN = re.compile(r"[\s,;]+")
SPANS = (30, 60, 120, 240, 480, 1440)
"""Minutes that stand ready."""
UNTIL = "until"


class EndForm(forms.Form):
    """Until when: after so many minutes, or at a moment."""

    span = forms.ChoiceField(label=gettext_lazy("For how long"), widget=forms.RadioSelect)
    ends = Moment(label=gettext_lazy("Until"), required=False, help_text=gettext_lazy("As 31/12/2026 07:00."))

    def __init__(
        self, data: Mapping[str, str] | None = None, initial: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        spans = [(str(minutes), spoken(minutes)) for minutes in SPANS]
        fields: Any = self.fields
        fields["span"].choices = [*spans, (UNTIL, _("Until a moment"))]

    def clean(self) -> dict[str, Any]:
        """A moment where a moment was chosen."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("span") == UNTIL and not given.get("ends") and "ends" not in self.errors:
            self.add_error("ends", _("Write the day and the time, as 31/12/2026 07:00."))
        return given

    def end(self, starts: datetime) -> datetime:
        """When it ends, if it begins then."""
        span, ends = self.cleaned_data["span"], self.cleaned_data["ends"]
        return ends if span == UNTIL else starts + timedelta(minutes=int(span))


class WindowForm(EndForm):
    """A new window."""

    everything = forms.TypedChoiceField(
        label=gettext_lazy("What is worked at"),
        choices=((0, gettext_lazy("Stations")), (1, gettext_lazy("Every station of a kind"))),
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )
    things = forms.CharField(
        label=gettext_lazy("Codes of the stations"),
        required=False,
        widget=forms.Textarea(control(rows="2")),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, widget=forms.Select({"class": "form-select"})
    )
    starts = Moment(
        label=gettext_lazy("Begins"),
        required=False,
        help_text=gettext_lazy("As 31/12/2026 07:00. Empty: from now on."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MOST_TEXT,
        widget=forms.TextInput(control(list="reasons")),
    )
    field_order = ("everything", "things", "kind", "span", "ends", "starts", "reason")

    def __init__(
        self, by: Actor, data: Mapping[str, str] | None = None, initial: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(data, initial)
        self._by = by
        kinds = [(key, said(kind.title)) for key, kind in catalogue.thing_types().items()]
        fields: Any = self.fields
        fields["kind"].choices = [("", "—"), *kinds]

    def clean_things(self) -> list[Thing]:
        """The stations; each must be one that the officer sees."""
        codes = list(dict.fromkeys(code for code in BETWEEN.split(self.cleaned_data["things"]) if code))
        if len(codes) > MOST_THINGS:
            raise forms.ValidationError(_("That is more than %(most)s stations.") % {"most": MOST_THINGS})
        found = list(registry.own(self._by).filter(code__in=codes))
        missing = [code for code in codes if code not in {thing.code for thing in found}]
        if missing:
            text = _("No station bears the code %(codes)s.")
            raise forms.ValidationError(text % {"codes": ", ".join(missing[:5])})
        return found

    def clean(self) -> dict[str, Any]:
        """Stations or a kind, as was chosen."""
        given = super().clean()
        if given.get("everything") is False and given.get("things") == []:
            self.add_error("things", _("Choose at least one station."))
        if given.get("everything") is True and not given.get("kind"):
            self.add_error("kind", _("Choose a kind."))
        return given

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self.cleaned_data["starts"] or clock.now()


def spoken(minutes: int) -> str:
    """30 min, 2 h, 1 day."""
    if minutes % 1440 == 0:
        days = minutes // 1440
        return _("%(n)s day") % {"n": days} if days == 1 else _("%(n)s days") % {"n": days}
    return _("%(n)s h") % {"n": minutes // 60} if minutes % 60 == 0 else _("%(n)s min") % {"n": minutes}
