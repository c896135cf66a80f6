"""What people type of warnings, as content and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toancanh.kernel import catalogue
from toancanh.kernel.runtime import clock
from toancanh.kernel.telemetry.features import said
from toancanh.kernel.warnings.content import CHANNELS, HEADLINE, WORDS, Content
from toancanh.kernel.warnings.content import Words as Own
from toancanh.kernel.warnings.levels import HIGHEST, scale
from toancanh.kernel.warnings.texts import LANGUAGES, Quote

MOMENT = "%d/%m/%Y %H:%M"
QUOTES = 2
"""Bulletins that the form has room for."""
LONGEST_AREA = 40_000
NAMES = ("headline", "what", "where", "instruction")


def typed(rows: int = 0, most: int = 0, **more: str) -> forms.Widget:
    """A field of text."""
    attributes = {"class": "form-control", "autocomplete": "off", **more}
    if most:
        attributes["maxlength"] = str(most)
    return forms.Textarea({**attributes, "rows": str(rows)}) if rows else forms.TextInput(attributes)


def shown(at: datetime | None) -> str:
    """A moment as it is typed."""
    return at.astimezone(clock.VIETNAM).strftime(MOMENT) if at else ""


def moment(text: str) -> datetime | None:
    """What was typed, in the time of Việt Nam; None for nothing. Raises ValidationError."""
    plain = text.strip()
    if not plain:
        return None
    for form in (MOMENT, "%H:%M %d/%m/%Y", "%d/%m/%Y"):
        try:
            return datetime.strptime(plain, form).replace(tzinfo=clock.VIETNAM)
        except ValueError:
            continue
    raise forms.ValidationError(_("Write the day and the time, as 31/12/2026 07:00."))


class Moment(forms.CharField):
    """A day and a time, typed as people write them."""

    def __init__(self, example: str = "31/12/2026 07:00", **more: Any) -> None:  # noqa: ANN401 - CharField's
        super().__init__(required=False, widget=typed(inputmode="numeric", placeholder=example), **more)

    def clean(self, value: object) -> datetime | None:
        return moment(str(value or "")[:40])


class ContentForm(forms.Form):
    """One message: everything may be left out of a draft, and is asked for before it is submitted."""

    event = forms.ChoiceField(
        label=gettext_lazy("What it is about"), widget=forms.Select({"class": "form-select"})
    )
    level = forms.TypedChoiceField(
        label=gettext_lazy("Disaster-risk level"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    since = Moment(label=gettext_lazy("Since when"))
    valid_from = Moment(
        label=gettext_lazy("Holds from"), help_text=gettext_lazy("Empty: from the moment of approval.")
    )
    valid_until = Moment(label=gettext_lazy("Holds until"))
    units = forms.MultipleChoiceField(required=False)
    area = forms.CharField(required=False, max_length=LONGEST_AREA, widget=forms.HiddenInput)
    channels = forms.MultipleChoiceField(required=False)
    template = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, min_value=0, max_value=10**9, widget=forms.HiddenInput)

    def __init__(
        self,
        units: Iterable[str],
        data: QueryDict | None = None,
        initial: Mapping[str, object] | None = None,
        *,
        fixed_event: str = "",
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        events = catalogue.warning_events()
        fields: dict[str, Any] = self.fields
        fields["event"].choices = [
            (key, said(one.title)) for key, one in events.items() if fixed_event in ("", key)
        ]
        fields["level"].choices = [
            (one.number, said(one.title))
            for one in scale(clock.now().astimezone(clock.VIETNAM).date()).levels
        ]
        fields["units"].choices = [(code, code) for code in units]
        fields["channels"].choices = [(name, name) for name in CHANNELS]
        labels = {"headline": _("Headline"), "what": _("What happens"), "where": _("Where exactly")}
        labels["instruction"] = _("What people should do")
        for language in LANGUAGES:
            for name in NAMES:
                rows = {"headline": 0, "where": 2, "what": 3, "instruction": 5}[name]
                most = HEADLINE if name == "headline" else WORDS
                self.fields[f"{name}_{language}"] = forms.CharField(
                    label=labels[name],
                    required=False,
                    max_length=most,
                    widget=typed(rows, most, lang=language),
                )
        for number in range(QUOTES):
            for name, label, most in (
                ("issuer", _("Issued by"), 200),
                ("number", _("Number of the bulletin"), 200),
                ("link", _("Link"), 1000),
                ("words", _("Quoted words"), 1000),
            ):
                rows = 3 if name == "words" else 0
                self.fields[f"quote{number}_{name}"] = forms.CharField(
                    label=label, required=False, max_length=most, widget=typed(rows, most)
                )
            self.fields[f"quote{number}_at"] = Moment(label=_("Issued at"))

    def clean_area(self) -> dict[str, Any] | None:
        """The drawn polygon; rules of its shape are those of the action."""
        text = self.cleaned_data["area"]
        if not text:
            return None
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise forms.ValidationError(_("The drawn area cannot be read: draw it anew.")) from None
        if not isinstance(found, dict):
            raise forms.ValidationError(_("The drawn area cannot be read: draw it anew."))
        return found

    @property
    def content(self) -> Content:
        """What was typed; only of a form that is valid."""
        given = self.cleaned_data
        own = {code: Own(**{name: given[f"{name}_{code}"] for name in NAMES}) for code in LANGUAGES}
        return Content(
            event=given["event"],
            level=given["level"],
            vi=own["vi"],
            en=own["en"],
            since=given["since"],
            quotes=tuple(self._quotes()),
            units=tuple(given["units"]),
            area=given["area"],
            channels=tuple(given["channels"]),
            valid_from=given["valid_from"],
            valid_until=given["valid_until"],
            template=given["template"],
        )

    def _quotes(self) -> Iterable[Quote]:
        for number in range(QUOTES):
            said_of = {
                name: self.cleaned_data[f"quote{number}_{name}"]
                for name in ("issuer", "number", "at", "link", "words")
            }
            if any(said_of.values()):
                yield Quote(**said_of)

    @property
    def languages(self) -> list[dict[str, Any]]:
        """The words of each language, as the template lays them out."""
        titles = {"vi": _("In Vietnamese"), "en": _("In English")}
        return [
            {"code": code, "title": titles[code], "fields": [self[f"{name}_{code}"] for name in NAMES]}
            for code in LANGUAGES
        ]

    @property
    def quotations(self) -> list[list[forms.BoundField]]:
        """The fields of each quoted bulletin."""
        names = ("issuer", "number", "at", "link", "words")
        return [[self[f"quote{number}_{name}"] for name in names] for number in range(QUOTES)]


def initial(content: Content) -> dict[str, object]:
    """A content as the form begins with it."""
    found: dict[str, object] = {
        "event": content.event,
        "level": content.level,
        "since": shown(content.since),
        "valid_from": shown(content.valid_from),
        "valid_until": shown(content.valid_until),
        "units": list(content.units),
        "area": json.dumps(content.area, separators=(",", ":")) if content.area else "",
        "channels": list(content.channels),
        "template": content.template,
    }
    for code, own in (("vi", content.vi), ("en", content.en)):
        found |= {f"{name}_{code}": getattr(own, name) for name in NAMES}
    for number, quote in enumerate(content.quotes[:QUOTES]):
        found |= {
            f"quote{number}_{name}": getattr(quote, name) for name in ("issuer", "number", "link", "words")
        }
        found[f"quote{number}_at"] = shown(quote.at)
    return found


class OrderForm(forms.Form):
    """A standing order."""

    number = forms.CharField(
        label=gettext_lazy("Number of the decision"), max_length=80, widget=typed(most=80)
    )
    issuer = forms.CharField(label=gettext_lazy("Decided by"), max_length=200, widget=typed(most=200))
    decided_on = Moment(example="31/12/2026", label=gettext_lazy("Date of the decision"))
    valid_from = Moment(label=gettext_lazy("Holds from"), help_text=gettext_lazy("Empty: from now on."))
    valid_to = Moment(label=gettext_lazy("Holds until"), help_text=gettext_lazy("Empty: until it is ended."))
    template = forms.ChoiceField(
        label=gettext_lazy("Words that it foresees"), widget=forms.Select({"class": "form-select"})
    )
    rule = forms.ChoiceField(
        label=gettext_lazy("Only when this has rung"),
        required=False,
        widget=forms.Select({"class": "form-select"}),
    )
    max_level = forms.TypedChoiceField(
        label=gettext_lazy("Up to level"), coerce=int, widget=forms.Select({"class": "form-select"})
    )
    units = forms.MultipleChoiceField(required=False)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False, widget=typed(2, 500))

    def __init__(self, units: Sequence[str], data: QueryDict | None = None) -> None:
        super().__init__(data)
        fields: dict[str, Any] = self.fields
        events = catalogue.warning_events()
        fields["template"].choices = [
            (key, f"{said(events[key.rpartition('.')[0]].title)}: {said(one.title)}")
            for key, one in catalogue.warning_templates().items()
            if one.kind == "alert"
        ]
        fields["rule"].choices = [
            ("", _("No alert is needed")),
            *((key, said(rule.title)) for key, rule in catalogue.alert_rules().items()),
        ]
        fields["max_level"].choices = [(number, str(number)) for number in range(1, HIGHEST + 1)]
        fields["units"].choices = [(code, code) for code in units]

    def clean_decided_on(self) -> datetime:
        """The day must be there."""
        at = self.cleaned_data["decided_on"]
        if at is None:
            raise forms.ValidationError(_("Write the date of the decision, as 31/12/2026."))
        return at  # type: ignore[no-any-return]


class TemplateForm(forms.Form):
    """Other words to begin with."""

    lasts_h = forms.IntegerField(
        label=gettext_lazy("Holds for (hours)"),
        min_value=1,
        max_value=240,
        widget=forms.NumberInput({"class": "form-control"}),
    )
    level = forms.TypedChoiceField(
        label=gettext_lazy("Proposed level"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.Select({"class": "form-select"}),
    )
    basis = forms.CharField(
        label=gettext_lazy("Legal basis or source"), required=False, max_length=300, widget=typed(2, 300)
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason for the change"), max_length=300, widget=typed(2, 300)
    )

    def __init__(
        self, words: Mapping[str, Mapping[str, str]], data: QueryDict | None, begin: Mapping[str, Any]
    ) -> None:
        super().__init__(data, initial=dict(begin))
        fields: dict[str, Any] = self.fields
        none = ("", _("the author chooses"))
        fields["level"].choices = [none, *((number, str(number)) for number in range(1, HIGHEST + 1))]
        labels = {"headline": _("Headline"), "what": _("What happens"), "where": _("Where exactly")}
        labels["instruction"] = _("What people should do")
        for code in LANGUAGES:
            for name in NAMES:
                rows = {"headline": 0, "where": 2, "what": 3, "instruction": 6}[name]
                most = HEADLINE if name == "headline" else WORDS
                self.fields[f"{name}_{code}"] = forms.CharField(
                    label=labels[name],
                    required=name != "where",
                    max_length=most,
                    initial=words[code][name],
                    widget=typed(rows, most, lang=code),
                )

    @property
    def words(self) -> dict[str, Own]:
        """What was typed; only of a form that is valid."""
        return {
            code: Own(**{name: self.cleaned_data[f"{name}_{code}"] for name in NAMES}) for code in LANGUAGES
        }

    @property
    def languages(self) -> list[dict[str, Any]]:
        """The words of each language, as the template lays them out."""
        titles = {"vi": _("In Vietnamese"), "en": _("In English")}
        return [
            {"code": code, "title": titles[code], "fields": [self[f"{name}_{code}"] for name in NAMES]}
            for code in LANGUAGES
        ]


class TermsForm(forms.Form):
    """How this locality orders warnings; times in minutes."""

    may_approve_own = forms.BooleanField(
        label=gettext_lazy("Who has written a warning may approve it himself"),
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )
    remind = forms.IntegerField(
        label=gettext_lazy("Remind when nobody has approved after (minutes)"), min_value=1, max_value=10_080
    )
    escalate = forms.IntegerField(
        label=gettext_lazy("Report upwards after (minutes)"), min_value=1, max_value=10_080
    )
    notice = forms.IntegerField(
        label=gettext_lazy("Ask for an update before a warning runs out (minutes)"),
        min_value=1,
        max_value=10_080,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason for the change"), max_length=300, widget=typed(2, 300)
    )

    def __init__(self, data: QueryDict | None, begin: Mapping[str, object]) -> None:
        super().__init__(data, initial=dict(begin))
        for name in ("remind", "escalate", "notice"):
            self.fields[name].widget.attrs["class"] = "form-control"
