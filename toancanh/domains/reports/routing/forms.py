"""What an administrator types of a rule, and what he types to try the rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.domains.reports import naming
from toancanh.domains.reports.kind import REPORT
from toancanh.domains.reports.routing import listing, words
from toancanh.domains.reports.routing.arranging import LONGEST, Draft
from toancanh.domains.reports.routing.models import Rule
from toancanh.kernel.cases.saying import named
from toancanh.kernel.declare_cases import Term
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.web.fields import Moment, control

SELECT = {"class": "form-select"}
WAYS: Mapping[str, tuple[Literal["hour", "day"], Literal["work", "wall"]]] = {
    "hour": ("hour", "work"),
    "day": ("day", "work"),
    "wall": ("hour", "wall"),
}
"""How a typed term counts."""


def units() -> list[tuple[str, str]]:
    """Units that stand, the widest first."""
    rows = territory.in_force().order_by("path")
    return [(unit.code, unit.full_name) for unit in rows]


def organisations() -> list[tuple[str, str]]:
    """Organisations that stand."""
    rows = Organisation.objects.filter(ceased_at=None).order_by("name")
    return list(rows.values_list("code", "name"))


class RuleForm(forms.Form):
    """One version of a rule."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=forms.TextInput(control()))
    unit = forms.ChoiceField(label=gettext_lazy("Area"), required=False, widget=forms.Select(SELECT))
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Categories"),
        required=False,
        help_text=gettext_lazy("None chosen: every one."),
        widget=forms.CheckboxSelectMultiple,
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"), required=False, widget=forms.CheckboxSelectMultiple
    )
    hours = forms.ChoiceField(label=gettext_lazy("Time"), widget=forms.Select(SELECT))
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days of the week"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    words = forms.CharField(
        label=gettext_lazy("Any of these words"),
        required=False,
        max_length=5000,
        help_text=gettext_lazy("One word or phrase a line; any of them suffices. Tone marks do not matter."),
        widget=forms.Textarea(control(rows="3")),
    )
    organisation = forms.ChoiceField(label=gettext_lazy("In charge"), widget=forms.Select(SELECT))
    helpers = forms.MultipleChoiceField(
        label=gettext_lazy("Helping"), required=False, widget=forms.SelectMultiple({**SELECT, "size": "4"})
    )
    priority = forms.TypedChoiceField(label=gettext_lazy("Urgency"), coerce=int, widget=forms.Select(SELECT))
    valid_from = Moment(
        label=gettext_lazy("Holds from"),
        required=False,
        help_text=gettext_lazy("As 31/12/2026 07:00. Empty: from now on."),
    )
    basis = forms.CharField(
        label=gettext_lazy("Legal basis or source"),
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(control()),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason for the change"),
        max_length=LONGEST,
        widget=forms.Textarea(control(rows="2")),
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, initial: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        fields: Any = self.fields
        everyone = organisations()
        fields["unit"].choices = [("", _("Everywhere")), *units()]
        fields["categories"].choices = list(naming.categories().items())
        fields["channels"].choices = list(naming.channels().items())
        fields["hours"].choices = list(words.hours().items())
        fields["weekdays"].choices = list(enumerate(words.weekdays()))
        fields["organisation"].choices = everyone
        fields["helpers"].choices = everyone
        fields["priority"].choices = list(words.priorities().items())
        self.terms: list[tuple[str, str]] = []
        ways = [
            ("hour", _("working hours")),
            ("day", _("working days")),
            ("wall", _("hours round the clock")),
        ]
        for clock in REPORT.clocks:
            hint = _("Empty: as the kind says, %(term)s.") % {"term": words.term(clock.term)}
            self.fields[f"term_{clock.name}"] = forms.IntegerField(
                label=_("Term: %(clock)s") % {"clock": named(clock.title)},
                required=False,
                min_value=1,
                max_value=1000,
                help_text=hint,
                widget=forms.NumberInput(control(inputmode="numeric")),
            )
            self.fields[f"way_{clock.name}"] = forms.ChoiceField(
                label=_("counted in"), choices=ways, required=False, widget=forms.Select(SELECT)
            )
            self.terms.append((f"term_{clock.name}", f"way_{clock.name}"))

    @property
    def term_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Terms by clock with the way of counting."""
        return [(self[amount], self[way]) for amount, way in self.terms]

    def draft(self) -> Draft:
        """The rule that was typed; the form is valid."""
        said: dict[str, Any] = self.cleaned_data
        return Draft(
            name=said["name"],
            organisation=Organisation.objects.get(code=said["organisation"]),
            unit=territory.unit(said["unit"]) if said["unit"] else None,
            categories=said["categories"],
            channels=said["channels"],
            hours=said["hours"],
            weekdays=said["weekdays"],
            words=said["words"].splitlines(),
            helpers=said["helpers"],
            priority=said["priority"],
            terms=self._terms(said),
        )

    def _terms(self, said: Mapping[str, Any]) -> dict[str, Term]:
        found = {}
        for clock in REPORT.clocks:
            amount = said.get(f"term_{clock.name}")
            if amount:
                unit, of = WAYS[said.get(f"way_{clock.name}") or "hour"]
                found[clock.name] = Term(amount, unit, of)
        return found


def typed(rule: Rule) -> dict[str, object]:
    """A rule as the form shows it."""
    successor = listing.standing(rule.organisation)
    shown: dict[str, object] = {
        "name": rule.name,
        "unit": rule.unit.code if rule.unit else "",
        "categories": rule.categories,
        "channels": rule.channels,
        "hours": rule.hours,
        "weekdays": rule.weekdays,
        "words": "\n".join(rule.words),
        "organisation": successor.code if successor else "",
        "helpers": rule.helpers,
        "priority": rule.priority,
        "basis": rule.basis,
    }
    for name, term in listing.read_terms(rule.terms).items():
        shown[f"term_{name}"] = term.amount
        shown[f"way_{name}"] = "wall" if term.of == "wall" else term.unit
    return shown


class ExampleForm(forms.Form):
    """A report as somebody might send it, to see where it would go."""

    words = forms.CharField(
        label=gettext_lazy("Words of the report"), max_length=2000, widget=forms.Textarea(control(rows="2"))
    )
    unit = forms.ChoiceField(label=gettext_lazy("Area"), widget=forms.Select(SELECT))
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False, widget=forms.Select(SELECT))
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False, widget=forms.Select(SELECT))
    at = Moment(
        label=gettext_lazy("Sent at"),
        required=False,
        help_text=gettext_lazy("As 31/12/2026 07:00. Empty: now."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, auto_id="example_%s")
        fields: Any = self.fields
        fields["unit"].choices = units()
        fields["category"].choices = [("", _("none")), *naming.categories().items()]
        fields["channel"].choices = [("", _("none")), *naming.channels().items()]

    @property
    def place(self) -> Unit:
        """The unit that was chosen."""
        found = territory.unit(self.cleaned_data["unit"])
        assert found is not None
        return found

    @property
    def moment(self) -> datetime | None:
        """When it would come."""
        at: datetime | None = self.cleaned_data["at"]
        return at
