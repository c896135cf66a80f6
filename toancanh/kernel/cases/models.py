"""A case with what is true of it now as plain columns, and its story as events that are only added."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from toancanh.kernel.cases.indexes import CASE
from toancanh.kernel.cases.queue.models import FirstView as FirstView
from toancanh.kernel.cases.queue.models import SavedView as SavedView
from toancanh.kernel.people.models import Organisation, Person
from toancanh.kernel.territory.calendars.models import WorkCalendar
from toancanh.kernel.territory.models import Unit


class TypeVersion(models.Model):
    """What a kind of work was said to be from a moment on. Published rows are never changed."""

    kind = models.CharField(max_length=60)
    """Key of the declared type, such as ``reports.report``."""
    number = models.PositiveIntegerField()
    content: models.JSONField[Any, Any] = models.JSONField()
    """A `CaseType`, as JSON."""
    checksum = models.CharField(max_length=64)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    basis = models.CharField(max_length=300, blank=True)
    published_by = models.CharField(max_length=200)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "number"], name="case_type_number"),)


class Book(models.Model):
    """The last number given in a book of a year: the row is written last in a transaction."""

    prefix = models.CharField(max_length=8)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["prefix", "year"], name="case_book"),)


class Case(models.Model):
    """One piece of work. Its state changes through `cases.actions` alone."""

    kind = models.CharField(max_length=60)
    version = models.ForeignKey(TypeVersion, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=24, unique=True)
    key = models.CharField(max_length=64, null=True, unique=True)
    """Made by who sent it: the same sending, however often it arrives, is one case."""
    title = models.CharField(max_length=200)
    words = models.TextField(blank=True)
    folded = models.TextField(blank=True)
    """Code, title and words without tone marks: what a search looks into."""
    facts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """What was said of the type's fields, the newest of each."""
    state = models.CharField(max_length=40)
    phase = models.CharField(max_length=20)
    is_open = models.BooleanField(default=True)
    axes: models.JSONField[Any, Any] = models.JSONField(default=dict)
    """State of each axis by its name."""
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """Where it lies, or whose it is."""
    unit_path = models.CharField(max_length=60)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    """In charge now; null while nobody is."""
    organisation_path = models.CharField(max_length=60, blank=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    """Of the organisation in charge, where somebody took it."""
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    address = models.CharField(max_length=300, blank=True)
    level = models.PositiveSmallIntegerField(default=1)
    """Of confidentiality: 0 may be public, 1 is for staff, 2 restricted, 3 secret."""
    priority = models.PositiveSmallIntegerField(default=0)
    """0 plain, 1 urgent, 2 at once."""
    channel = models.CharField(max_length=20, blank=True)
    category = models.CharField(max_length=60, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    """Of the clock that ends first; null where none runs, or all that do stand still."""
    soon_at = models.DateTimeField(null=True)
    """From when on it counts as due soon."""
    rank = models.DateTimeField()
    """``due_at``, or a moment behind all others: by this queues are sorted."""
    lateness = models.PositiveIntegerField(null=True)
    """Working minutes by which the main clock was missed; null until it ended. The worst of all rounds."""
    is_extended = models.BooleanField(default=False)
    round = models.PositiveSmallIntegerField(default=1)
    """Counts how often it was opened."""
    followers = models.PositiveIntegerField(default=0)
    rating = models.PositiveSmallIntegerField(null=True)
    """3 satisfied, 2 accepted, 1 not satisfied: of the newest round."""
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="parts")
    is_published = models.BooleanField(default=False)
    """Whether its domain has published something of it: never what is here, but a text of its own."""
    is_sample = models.BooleanField(default=False)
    """Brought by a demo, marked as such wherever it is seen."""
    retain_until = models.DateTimeField(null=True)
    hold = models.CharField(max_length=300, blank=True)
    """Why it must not be destroyed."""
    destroyed_at = models.DateTimeField(null=True)
    """When its contents went; what is left says that it was there."""
    number = models.PositiveIntegerField(default=0)
    """Of its newest event: whoever acts on an older one is told of the conflict."""

    class Meta:
        indexes = CASE

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Event(models.Model):
    """Something that happened to a case. Only added; keeps what was shown."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="story")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    """``opened``, ``moved``, ``assigned`` …; the words for it are in `cases.words`."""
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=200)
    """Key of who acted, as the journal has it."""
    post = models.CharField(max_length=200, blank=True)
    organisation = models.CharField(max_length=200, blank=True)
    content: models.JSONField[Any, Any] = models.JSONField(default=dict)
    is_public = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["case", "number"], name="case_event_number"),)
        indexes = (
            # What happened in a range of time is asked of the public's part alone.
            models.Index(fields=["at", "id"], name="case_event_public", condition=Q(is_public=True)),
        )


class Clock(models.Model):
    """A term of a case that runs, stands still or is over. Its due time is what its events make of it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="clocks")
    name = models.CharField(max_length=40)
    round = models.PositiveSmallIntegerField(default=1)
    run = models.PositiveSmallIntegerField(default=1)
    """Counts how often it began within the round: what comes back to the desk has a term there again."""
    is_main = models.BooleanField(default=False)
    calendar = models.ForeignKey(WorkCalendar, null=True, on_delete=models.PROTECT, related_name="+")
    """Null: wall time."""
    started_at = models.DateTimeField()
    begins_at = models.DateTimeField()
    """From when on it counts."""
    term = models.PositiveIntegerField()
    """Minutes."""
    extended = models.PositiveIntegerField(default=0)
    """Minutes granted on top."""
    soon = models.PositiveSmallIntegerField(default=80)
    due_at = models.DateTimeField(null=True)
    """Null while it stands still."""
    soon_at = models.DateTimeField(null=True)
    first_due_at = models.DateTimeField(null=True)
    """As it would be without anything granted."""
    paused_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    lateness = models.PositiveIntegerField(null=True)
    """Minutes, frozen when it ended …"""
    first_lateness = models.PositiveIntegerField(null=True)
    """… and by the term without anything granted."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["case", "name", "round", "run"], name="case_clock_run"),
        )
        indexes = (
            models.Index(fields=["calendar", "id"], name="case_clock_open", condition=Q(stopped_at=None)),
        )


class Pause(models.Model):
    """An interval in which a clock stands still."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="pauses")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)


class Extension(models.Model):
    """More time, asked for with a reason and granted or refused with one."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="extensions")
    minutes = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    is_granted = models.BooleanField(null=True)
    answer = models.CharField(max_length=500, blank=True)


class StepRole(models.TextChoices):
    """What an organisation is in a case."""

    LEAD = "lead"
    HELP = "help"
    INFORM = "inform"
    GIVE = "give"
    """It handed this part of its own work on: its people judge the result, and see it for good."""


class StepState(models.TextChoices):
    """Where an organisation's part stands."""

    WAITING = "waiting"
    """Its turn has not come."""
    WORKING = "working"
    DONE = "done"
    RETURNED = "returned"
    """Sent back with a reason: not theirs."""
    CANCELLED = "cancelled"


class Step(models.Model):
    """One organisation's part: in charge (chủ trì), helping (phối hợp), informed; in turn or not."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    organisation_path = models.CharField(max_length=60)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=8, choices=StepRole.choices)
    turn = models.PositiveSmallIntegerField(default=1)
    """Steps of one turn stand beside each other; the next turn begins when all of them are done."""
    round = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=StepState.choices, default=StepState.WORKING)
    is_open = models.BooleanField(default=True)
    task = models.CharField(max_length=500, blank=True)
    assigned_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    """Its own, where it has one."""
    ended_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=2000, blank=True)
    lateness = models.PositiveIntegerField(default=0)
    """Working minutes of the case's lateness that arose while it had the work."""

    class Meta:
        indexes = (
            models.Index(
                fields=["organisation_path", "case"], name="case_step_of", condition=Q(is_open=True)
            ),
            models.Index(fields=["case", "turn"], name="case_step_turn"),
        )


class PartyRole(models.TextChoices):
    """What a person outside is in a case."""

    REPORTER = "reporter"
    FOLLOWER = "follower"


class Party(models.Model):
    """Somebody outside whom a case concerns. Who it is lies encrypted in a row of its own."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="parties")
    role = models.CharField(max_length=10, choices=PartyRole.choices)
    digest = models.CharField(max_length=64, unique=True)
    """Of the secret in his link."""
    contact = models.CharField(max_length=64, blank=True, db_index=True)
    """Keyed hash of his number or address, by which his cases are found again."""
    language = models.CharField(max_length=5, default="vi")
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    same_as = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    """Whom he was already where a merging brought him: told and counted as that one alone."""


class Identity(models.Model):
    """Contact data of a party, encrypted; erased by date. Every reading is in the journal."""

    party = models.OneToOneField(Party, on_delete=models.CASCADE, related_name="identity")
    sealed = models.TextField()
    erase_at = models.DateTimeField(null=True, db_index=True)


class LinkKind(models.TextChoices):
    """How a case stands to something else."""

    DUPLICATE_OF = "duplicate_of"
    SPLIT_FROM = "split_from"
    CAUSED_BY = "caused_by"
    ABOUT = "about"


class Link(models.Model):
    """From a case to another, or to something named by a subject such as ``alert:12``."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=14, choices=LinkKind.choices)
    to = models.ForeignKey(Case, null=True, on_delete=models.CASCADE, related_name="linked")
    subject = models.CharField(max_length=120, blank=True, db_index=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["case", "kind", "to", "subject"], name="case_link_once"),
        )


class Rating(models.Model):
    """What a party said of the answer of a round."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="ratings")
    party = models.ForeignKey(Party, null=True, on_delete=models.SET_NULL, related_name="+")
    round = models.PositiveSmallIntegerField()
    value = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["case", "party", "round"], name="case_rated_once"),)


class Urging(models.Model):
    """A leader's word that something should move (đôn đốc)."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="urgings")
    at = models.DateTimeField()
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    words = models.CharField(max_length=500)
    step = models.ForeignKey(Step, null=True, on_delete=models.PROTECT, related_name="+")
    seen_at = models.DateTimeField(null=True)


class Disposal(models.Model):
    """A list of cases whose time is over: proposed by one, reviewed by another, then the record of it."""

    code = models.CharField(max_length=24, unique=True)
    basis = models.CharField(max_length=500)
    unit_path = models.CharField(max_length=60)
    """Root of the units of its cases: whose right reaches there reads and reviews it."""
    proposed_at = models.DateTimeField()
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    is_approved = models.BooleanField(null=True)
    words = models.CharField(max_length=500, blank=True)
    """Of who reviewed it."""
    done_at = models.DateTimeField(null=True)
    cases = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    parties = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.code


class Nomination(models.Model):
    """A case whose time of keeping is over; once on a list, that it is there is part of the record."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="nomination")
    at = models.DateTimeField()
    disposal = models.ForeignKey(Disposal, null=True, on_delete=models.PROTECT, related_name="items")
    destroyed_at = models.DateTimeField(null=True)
