"""People, the organisations they serve, the posts they hold, and the tokens of devices."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from toancanh.kernel.people.shifts import models as shifts
from toancanh.kernel.territory.models import Unit

__all__ = ["Accounts", "Grant", "Organisation", "Person", "Post", "Purpose", "Token", "Tree", "shifts"]


class Accounts(BaseUserManager["Person"]):
    """Finds people by account name, as Django's sign-in asks."""

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(username=username)


class Person(AbstractBaseUser):
    """An account of one human being. Rights come from posts, never from here."""

    username = models.CharField(max_length=60, unique=True)
    full_name = models.CharField(max_length=100)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    created = models.DateTimeField()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]
    objects = Accounts()

    def __str__(self) -> str:
        return self.full_name

    def get_full_name(self) -> str:
        """The name as Vietnamese people write it: family name first."""
        return self.full_name


class Tree(models.TextChoices):
    """Trees of organisations that stand beside each other."""

    GOVERNMENT = "government"
    PARTY = "party"
    COUNCIL = "council"
    ASSOCIATION = "association"


class Organisation(models.Model):
    """A body with people in it: an office, a committee, a centre; in charge of a unit's territory."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    tree = models.CharField(max_length=12, choices=Tree.choices, default=Tree.GOVERNMENT)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=60, default="", db_index=True)
    """Primary keys from the root of its tree down, such as ``3/17/``: what stands below it is a prefix."""
    ceased_at = models.DateTimeField(null=True)
    """From when on it is no more; its work follows ``successor``."""
    successor = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="origins")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A person's seat in an organisation: [valid_from, valid_to)."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="posts")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="posts")
    title = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)


class Grant(models.Model):
    """A right that a post carries over a unit and everything below it; without unit: everywhere."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="grants")
    right = models.CharField(max_length=60)
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")


class Purpose(models.TextChoices):
    """At which doors a token opens: a key of one kind is nothing at those of another."""

    DEVICES = "devices"
    REPORTS = "reports"


class Token(models.Model):
    """A key of a device, a gateway or another program: the secret itself is shown once and not kept."""

    name = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64, unique=True)
    things: models.JSONField[Any, Any] = models.JSONField(null=True)
    """Codes of the things it may write; null: all."""
    rate = models.PositiveIntegerField(null=True)
    """Observations, or reports, a minute; null: no limit of its own."""
    created = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    is_program = models.BooleanField(default=False)
    """Made by the product for a feed, a folder or a broker of its own: nobody knows the secret."""
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.DEVICES)
