"""When and how devices were heard, and who knocked in vain."""

from django.db import models

from toancanh.kernel.people.models import Token


class Contact(models.Model):
    """The last word of a token, written every few seconds, not at every word."""

    token = models.OneToOneField(
        Token, primary_key=True, on_delete=models.CASCADE, db_constraint=False, related_name="contact"
    )
    """Without a constraint: what was counted for a token that has just gone is no fault."""
    at = models.DateTimeField(null=True)
    door = models.CharField(max_length=20, blank=True)
    address = models.CharField(max_length=60, blank=True)
    online_at = models.DateTimeField(null=True)
    """When some process last saw a connection of it open."""


class Activity(models.Model):
    """Rows of a token within five minutes, by what became of them; several processes add to one row."""

    token = models.ForeignKey(
        Token, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    start_us = models.BigIntegerField(db_index=True)
    what = models.CharField(max_length=40)
    """``kept``, the code of a refusal, ``sign_in`` or ``too_many``."""
    count = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["token", "start_us", "what"], name="activity_once"),)


class Knock(models.Model):
    """Sign-ins that failed under a name which no token bears; an empty name: with an unknown secret."""

    name = models.CharField(max_length=100)
    door = models.CharField(max_length=20)
    address = models.CharField(max_length=60)
    count = models.BigIntegerField()
    first_us = models.BigIntegerField()
    last_us = models.BigIntegerField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["name", "door", "address"], name="knock_once"),)


class Dismissal(models.Model):
    """A code under which something sends that nobody here wants: kept, and shown only when asked for."""

    thing = models.CharField(max_length=100, unique=True)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    by = models.CharField(max_length=60)
    """Key of who decided it."""


class Keeping(models.Model):
    """From a day on: for how many days dead letters are kept, and how many of one source at most."""

    valid_from = models.DateField(unique=True)
    days = models.PositiveIntegerField()
    most = models.PositiveIntegerField()
    reason = models.CharField(max_length=300, default="")
    """The decision or paper that asks for it."""
    set_at = models.DateTimeField(null=True)
    set_by = models.CharField(max_length=100, default="")
    """As people read it; the journal has the key."""
