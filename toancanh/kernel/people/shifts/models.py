"""Posts of duty, what repeats every week, and the shifts themselves."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from toancanh.kernel.runtime import clock


class DutyPost(models.Model):
    """A place on the roster that somebody fills: the officer on duty, the leader on duty."""

    organisation = models.ForeignKey(
        "people.Organisation", on_delete=models.PROTECT, related_name="duty_posts"
    )
    title = models.CharField(max_length=120)
    level = models.PositiveSmallIntegerField()
    """In which order it is turned to: 1 hears of an alert first, 2 when nobody of 1 answered, and so on."""
    is_round_the_clock = models.BooleanField(default=True)
    """Somebody is wanted at any hour, so that a gap is told ahead."""
    is_active = models.BooleanField(default=True)
    created = models.DateTimeField()

    class Meta:
        ordering = ("level", "pk")

    def __str__(self) -> str:
        return self.title


class Pattern(models.Model):
    """Every week on this day somebody fills the post, for days in [valid_from, valid_to)."""

    duty = models.ForeignKey(DutyPost, on_delete=models.PROTECT, related_name="patterns")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    weekday = models.PositiveSmallIntegerField()
    """0 is Monday."""
    start = models.PositiveSmallIntegerField()
    """Minutes after midnight, in the time of Việt Nam."""
    length = models.PositiveSmallIntegerField()
    """Minutes; a night's shift ends on the day after."""
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        ordering = ("weekday", "start", "pk")


class Shift(models.Model):
    """Somebody fills a post in [starts, ends)."""

    duty = models.ForeignKey(DutyPost, on_delete=models.PROTECT, related_name="shifts")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    pattern = models.ForeignKey(Pattern, null=True, on_delete=models.PROTECT, related_name="shifts")
    """Null: written by hand, beside what repeats."""
    day = models.DateField(null=True)
    """The pattern's day, so that no day is written twice."""
    stands_in_for = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("starts", "pk")
        constraints = (
            models.UniqueConstraint(fields=["pattern", "day"], name="shift_once"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="shift_ends"),
        )
        indexes = (
            models.Index(fields=["duty", "starts"], name="shift_duty"),
            models.Index(fields=["ends"], name="shift_standing", condition=Q(cancelled_at=None)),
        )

    @property
    def span(self) -> str:
        """22:00–06:00; midnight at the end is 24:00."""
        start, end = (at.astimezone(clock.VIETNAM) for at in (self.starts, self.ends))
        return f"{start:%H:%M}–{'24:00' if not end.hour and not end.minute else format(end, '%H:%M')}"
