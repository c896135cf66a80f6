"""What is typed about the roster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.declare import Actor
from toancanh.kernel.people.models import Organisation, Person
from toancanh.kernel.people.shifts import queries
from toancanh.kernel.people.shifts.actions import LEVELS, MOST_TEXT, RIGHT
from toancanh.kernel.people.shifts.models import DutyPost
from toancanh.web.fields import Day, Moment, TimeOfDay, control

Data = Mapping[str, str] | None


def organisations(by: Actor) -> list[Organisation]:
    """Those whose roster the actor writes."""
    rows = Organisation.objects.select_related("unit").order_by("name")
    return [row for row in rows if by.may(RIGHT, row.unit.path if row.unit else "")]


class PersonField(forms.ChoiceField):
    """Somebody who may be on duty there."""

    def __init__(self) -> None:
        super().__init__(label=gettext_lazy("Who"), widget=forms.Select({"class": "form-select"}))

    def offer(self, duty: DutyPost) -> None:
        """Let one of those who may be on duty there be chosen."""
        self.people = {str(one.pk): one for one in queries.candidates(queries.path_of(duty))}
        self.choices = [("", "—"), *((number, one.full_name) for number, one in self.people.items())]

    def clean(self, value: object) -> Person:
        """The person."""
        return self.people[str(super().clean(value))]


class OnDuty(forms.Form):
    """Asks first which of the people of a post it is about."""

    person = PersonField()

    def __init__(
        self, duty: DutyPost, data: Data = None, initial: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        fields: Any = self.fields
        fields["person"].offer(duty)


class PostForm(forms.Form):
    """A post of duty."""

    organisation = forms.ChoiceField(
        label=gettext_lazy("Organisation"), widget=forms.Select({"class": "form-select"})
    )
    title = forms.CharField(
        label=gettext_lazy("Name of the post"),
        max_length=120,
        help_text=gettext_lazy("Such as duty officer, leader on duty."),
        widget=forms.TextInput(control()),
    )
    level = forms.IntegerField(
        label=gettext_lazy("Level"),
        min_value=1,
        max_value=LEVELS,
        help_text=gettext_lazy("1 hears of an alert first; 2 when nobody of 1 has acknowledged in time."),
        widget=forms.NumberInput(control(inputmode="numeric")),
    )
    is_round_the_clock = forms.BooleanField(
        label=gettext_lazy("Somebody is wanted at any hour: gaps are told ahead"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )

    def __init__(self, by: Actor, data: Data = None, duty: DutyPost | None = None) -> None:
        given: dict[str, object] = {"is_round_the_clock": True, "level": 1}
        if duty is not None:
            given = {"title": duty.title, "level": duty.level, "is_round_the_clock": duty.is_round_the_clock}
        super().__init__(data, initial=given)
        if duty is not None:
            del self.fields["organisation"]
            return
        self.known = {str(one.pk): one for one in organisations(by)}
        choices = [(number, one.name) for number, one in self.known.items()]
        fields: Any = self.fields
        fields["organisation"].choices = choices

    def clean_organisation(self) -> Organisation:
        """The organisation."""
        return self.known[self.cleaned_data["organisation"]]


class RepeatForm(OnDuty):
    """What repeats every week."""

    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days"),
        coerce=int,
        choices=tuple(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    start = TimeOfDay(label=gettext_lazy("From"))
    end = TimeOfDay(
        label=gettext_lazy("To"),
        help_text=gettext_lazy("Before the beginning: on the next day."),
    )
    first = Day(label=gettext_lazy("From the day"))


class ShiftForm(OnDuty):
    """One shift beside what repeats."""

    starts = Moment(label=gettext_lazy("From"), help_text=gettext_lazy("As 31/12/2026 07:00."))
    ends = Moment(label=gettext_lazy("To"), help_text=gettext_lazy("As 31/12/2026 07:00."))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=MOST_TEXT, widget=forms.TextInput(control())
    )


class StandInForm(OnDuty):
    """Who takes a shift over, and why."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=MOST_TEXT, widget=forms.TextInput(control())
    )

    def __init__(self, duty: DutyPost, data: Data = None) -> None:
        super().__init__(duty, data)
        self.fields["person"].label = _("Stand-in")
