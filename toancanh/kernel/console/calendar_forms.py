"""What is typed about working calendars: days, hours of the week, a new calendar, a term to try."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from toancanh.kernel.console.years import season_day
from toancanh.kernel.territory.calendars import queries
from toancanh.kernel.territory.calendars.actions import MOST_TEXT, Basis, Days
from toancanh.kernel.territory.calendars.models import WorkCalendar, WorkWeek
from toancanh.lib.worktime import hours
from toancanh.lib.worktime.calendar import Begin, Kind, Season
from toancanh.lib.worktime.hours import BadHours, Spans, WeekHours
from toancanh.web.fields import Day, Moment, TimeOfDay, control

Data = Mapping[str, str] | None
SWAP = "swap"
MOST_DAYS = 3660
_yearly = re.compile(r"(\d{1,2})/(\d{1,2})\Z", re.ASCII)


class Received(Moment):
    """A moment, or a day alone."""

    def clean(self, value: object) -> Any:  # noqa: ANN401 - a moment, a day or None
        """The moment or the day."""
        found: datetime | None = super().clean(value)
        return found.date() if found and ":" not in str(value) else found


class TrialForm(forms.Form):
    """Received then, so many working days: due when?"""

    at = Received(
        label=gettext_lazy("Received"),
        help_text=gettext_lazy("As 21/11/2026 14:05; of a day alone the next one is the first to count."),
    )
    days = forms.DecimalField(
        label=gettext_lazy("Working days"),
        min_value=Decimal("0.01"),
        max_value=MOST_DAYS,
        max_digits=8,
        decimal_places=3,
        localize=True,
        widget=forms.TextInput(control(inputmode="decimal")),
    )
    begin = forms.ChoiceField(
        label=gettext_lazy("Counts"),
        choices=(
            (Begin.NOW, gettext_lazy("at once")),
            (Begin.NEXT_DAY, gettext_lazy("from the next working day")),
            (Begin.CUT_OFF, gettext_lazy("from the next working day when the cut-off hour is over")),
        ),
        widget=forms.Select({"class": "form-select"}),
    )


class BasisForm(forms.Form):
    """Why, and by which decision."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=MOST_TEXT, widget=forms.TextInput(control())
    )
    legal_basis = forms.CharField(
        label=gettext_lazy("Legal basis"),
        max_length=MOST_TEXT,
        help_text=gettext_lazy("Number and date of the decision or announcement."),
        widget=forms.TextInput(control()),
    )

    @property
    def basis(self) -> Basis:
        """As actions take it."""
        given = self.cleaned_data
        return Basis(reason=given["reason"], legal_basis=given["legal_basis"])


class DaysForm(BasisForm):
    """What days are to be."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What these days are"),
        choices=(
            (Kind.CLOSURE, gettext_lazy("Closed, the whole day or some hours")),
            (Kind.HOLIDAY, gettext_lazy("Public holiday")),
            (SWAP, gettext_lazy("Swapped: one day off, another worked instead")),
            (Kind.WORKED, gettext_lazy("Worked, by hours of its own")),
            (Kind.PLAIN, gettext_lazy("As the week says: what was entered before no longer holds")),
        ),
        widget=forms.RadioSelect,
    )
    first = Day(label=gettext_lazy("From the day"))
    last = Day(
        label=gettext_lazy("To the day"), required=False, help_text=gettext_lazy("Empty: that day alone.")
    )
    worked = Day(label=gettext_lazy("Worked instead"), required=False)
    start = TimeOfDay(
        label=gettext_lazy("From"), required=False, help_text=gettext_lazy("Empty: the whole day.")
    )
    end = TimeOfDay(label=gettext_lazy("To"), required=False)
    hours = forms.CharField(
        label=gettext_lazy("Hours"),
        required=False,
        max_length=120,
        widget=forms.TextInput(control(placeholder="07:30-11:30, 13:00-17:00")),
    )
    is_shared = forms.TypedChoiceField(
        label=gettext_lazy("Holds for"),
        choices=(
            (0, gettext_lazy("this calendar")),
            (1, gettext_lazy("every calendar that keeps the country's holidays")),
        ),
        coerce=lambda value: value == "1",
        initial=0,
        widget=forms.RadioSelect,
    )
    field_order = ("kind", "first", "last", "worked", "start", "end", "hours", "is_shared", "reason")

    def __init__(
        self, may_share: bool, data: Data = None, initial: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(data, initial={"kind": Kind.CLOSURE, **(initial or {})})
        if not may_share:
            del self.fields["is_shared"]

    def clean_hours(self) -> Spans:
        """The spans."""
        try:
            return hours.read(self.cleaned_data["hours"])
        except BadHours as fault:
            raise forms.ValidationError(told(fault)) from fault

    def clean(self) -> dict[str, Any]:
        """What the choice needs."""
        given: dict[str, Any] = super().clean() or {}
        kind = given.get("kind")
        if kind == SWAP and not given.get("worked") and "worked" not in self.errors:
            self.add_error("worked", _("Write the day that is worked instead."))
        if kind == Kind.WORKED and not given.get("hours") and "hours" not in self.errors:
            self.add_error("hours", _("Write the hours, as 07:30-11:30, 13:00-17:00."))
        is_half = (given.get("start") is None) != (given.get("end") is None)
        if kind == Kind.CLOSURE and is_half and not {"start", "end"} & set(self.errors):
            self.add_error("end", _("Write both hours, or none for the whole day."))
        return given

    @property
    def days(self) -> Days:
        """As actions take them; of a swap the day off."""
        given = self.cleaned_data
        kind = Kind.SWAPPED if given["kind"] == SWAP else Kind(given["kind"])
        is_part = kind is Kind.CLOSURE and given["start"] is not None
        return Days(
            kind=kind,
            first=given["first"],
            last=given["last"] or given["first"],
            hours=given["hours"] if kind is Kind.WORKED else None,
            closed=(given["start"], given["end"]) if is_part else None,
        )


class WeekField(forms.CharField):
    """Hours of a week, a line for a run of days."""

    def clean(self, value: object) -> Any:  # noqa: ANN401 - hours of a week, or None where nothing is typed
        """The hours."""
        typed = str(super().clean(value))
        try:
            return hours.read_week(typed) if typed.strip() else None
        except BadHours as fault:
            raise forms.ValidationError(told(fault)) from fault


class YearlyField(forms.CharField):
    """A day of every year, 01/04, as (month, day)."""

    def clean(self, value: object) -> Any:  # noqa: ANN401 - a pair, or None where nothing is typed
        """The month and the day."""
        typed = str(super().clean(value)).strip()
        found = _yearly.match(typed)
        if typed and found is None:
            raise forms.ValidationError(_("Write a day of the year, as 01/04."))
        return (int(found[2]), int(found[1])) if found else None


class WeekForm(BasisForm):
    """Hours of every week from a day on, in one or two seasons."""

    valid_from = Day(label=gettext_lazy("In force from"))
    hours = WeekField(
        label=gettext_lazy("Hours of the week"),
        help_text=gettext_lazy("A line for a run of days; days that are not named are off."),
        max_length=600,
        widget=forms.Textarea(control(rows="3", spellcheck="false")),
    )
    since = YearlyField(
        label=gettext_lazy("Every year from"),
        required=False,
        max_length=5,
        help_text=gettext_lazy("As 01/04; only where there are two seasons."),
        widget=forms.TextInput(control(inputmode="numeric", placeholder="01/04")),
    )
    other_since = YearlyField(
        label=gettext_lazy("Second season: every year from"),
        required=False,
        max_length=5,
        widget=forms.TextInput(control(inputmode="numeric", placeholder="01/10")),
    )
    other_hours = WeekField(
        label=gettext_lazy("Second season: hours of the week"),
        required=False,
        max_length=600,
        widget=forms.Textarea(control(rows="3", spellcheck="false")),
    )
    cut_off = TimeOfDay(
        label=gettext_lazy("Cut-off hour"),
        required=False,
        help_text=gettext_lazy("What comes later on a day may wait for the next working day. Empty: none."),
    )
    field_order: tuple[str, ...] = (
        "valid_from",
        "hours",
        "since",
        "other_since",
        "other_hours",
        "cut_off",
        "reason",
    )

    def __init__(self, data: Data = None, row: WorkWeek | None = None) -> None:
        given: dict[str, object] = {}
        if row is not None:
            week = queries.week(row)
            texts = [hours.week_text(one.hours, get_language() or "vi") for one in week.seasons]
            days = [season_day(one.since) for one in week.seasons]
            given = {"hours": texts[0], "cut_off": "" if row.cut_off is None else hours.clock(row.cut_off)}
            if len(texts) > 1:
                given |= {"since": days[0], "other_since": days[1], "other_hours": texts[1]}
        super().__init__(data, initial=given)

    def clean(self) -> dict[str, Any]:
        """Two seasons have two days and two weeks."""
        given: dict[str, Any] = super().clean() or {}
        second = given.get("other_hours"), given.get("other_since"), given.get("since")
        if any(second) and not all(second) and not self.errors:
            self.add_error("other_since", _("Two seasons need both days and both weeks of hours."))
        return given

    @property
    def seasons(self) -> list[Season]:
        """As actions take them."""
        given = self.cleaned_data
        first: WeekHours = given["hours"]
        if not given["other_hours"]:
            return [Season((1, 1), first)]
        both = [Season(given["since"], first), Season(given["other_since"], given["other_hours"])]
        return sorted(both, key=lambda season: season.since)


class CalendarForm(WeekForm):
    """A new calendar with its first hours."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        help_text=gettext_lazy("Such as: one-stop desk, with Saturday mornings."),
        widget=forms.TextInput(control()),
    )
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Letters without marks, digits and hyphens, as mot-cua."),
        widget=forms.TextInput(control(spellcheck="false")),
    )
    keeps_holidays = forms.BooleanField(
        label=gettext_lazy("Keeps the country's holidays and swapped days"),
        required=False,
        initial=True,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )
    field_order = ("name", "code", "keeps_holidays", *WeekForm.field_order)

    def clean_code(self) -> str:
        """A code that no calendar bears."""
        code: str = self.cleaned_data["code"].lower()
        if code == "new" or WorkCalendar.objects.filter(code=code).exists():
            raise forms.ValidationError(_("There is a calendar %(code)s already.") % {"code": code})
        return code


def told(fault: BadHours) -> str:
    """What is wrong with hours, and how they are written."""
    texts = {
        "overlap": _("These hours overlap: %(said)s."),
        "bad_day": _("“%(said)s” is no day: write T2 to T7 and CN, or Mon to Sun."),
        "day_twice": _("A day is there twice: %(said)s."),
        "bad_line": _("Write the days before a colon, as T2-T6: 07:30-11:30, 13:00-17:00; not %(said)s."),
    }
    plain = _("“%(said)s” is no span of hours: write it as 07:30-11:30.")
    return texts.get(fault.code, plain) % {"said": fault.said}
