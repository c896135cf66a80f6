"""The page of delays: how long an alert of each severity waits at a level, and changing that."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel.alerts import ruling, words
from toancanh.kernel.alerts.escalation import delays
from toancanh.kernel.alerts.escalation.models import Delay
from toancanh.kernel.alerts.queries import SIGHT
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import Refused
from toancanh.web.fields import control


class DelayForm(forms.Form):
    """One severity's delay."""

    severity = forms.TypedChoiceField(
        label=gettext_lazy("Severity"), coerce=int, widget=forms.Select({"class": "form-select"})
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        required=False,
        min_value=1,
        max_value=delays.LONGEST,
        help_text=gettext_lazy("Empty: it stays with the first level."),
        widget=forms.NumberInput(control(inputmode="numeric")),
    )
    basis = forms.CharField(
        label=gettext_lazy("Legal basis or source"),
        required=False,
        max_length=300,
        widget=forms.TextInput(control()),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason for the change"), max_length=300, widget=forms.TextInput(control())
    )

    def __init__(self, data: dict[str, str] | None = None) -> None:
        super().__init__(data)
        choices = [(one.severity, words.severity(one.severity)) for one in reversed(delays.DEFAULTS)]
        fields: Any = self.fields
        fields["severity"].choices = choices


@door(right=SIGHT, data="staff", methods=("GET", "HEAD", "POST"), max_body=SMALL)
def page(request: HttpRequest) -> HttpResponse:
    """What holds, what held, and a form for who may change it."""
    actor = of(request)
    form = DelayForm(request.POST.dict() if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            delays.set_delay(
                given["severity"], given["minutes"], by=actor, reason=given["reason"], basis=given["basis"]
            )
        except Refused as fault:
            form.add_error(None, fault.message)
        else:
            messages.success(request, _("It holds from now on, also for alerts that wait already."))
            return HttpResponseRedirect(request.path)
    said = {
        "rows": sorted(delays.in_force(clock.now()).values(), key=lambda row: -row.severity),
        "history": Delay.objects.filter(valid_to__isnull=False).order_by("-valid_to", "-pk")[:50],
        "form": form,
        "may": actor.may(ruling.RIGHT),
        "tab": "escalation",
    }
    return render(request, "alerts/escalation/page.html", said, status=422 if form.errors else 200)
