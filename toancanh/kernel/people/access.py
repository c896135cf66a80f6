"""From an account to who acts: the post held today and the rights it carries."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Prefetch, Q, QuerySet

from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.people.models import Grant, Person, Post
from toancanh.kernel.territory.queries import today


def _held() -> QuerySet[Post]:
    """Posts that are held today, of each person first the one that he acts in."""
    day = today()
    found = Post.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day)
    return found.select_related("person", "organisation__unit").order_by("valid_from", "pk")


def posts() -> list[Post]:
    """The post that each person with an open account acts in today. One query."""
    found: dict[int, Post] = {}
    for post in _held().filter(person__is_active=True):
        found.setdefault(post.person_id, post)
    return list(found.values())


def holders(right: str, paths: Collection[str]) -> dict[Person, int]:
    """Whoever holds a right over all of these units, and how near: the longer the path, the nearer.

    Two queries, whatever their number.
    """
    grants = Prefetch("grants", Grant.objects.filter(right=right).select_related("unit"))
    having = Grant.objects.filter(right=right).values("post__person")
    rows = _held().filter(person__is_active=True, person__in=having).prefetch_related(grants)
    first: dict[int, Post] = {}
    for post in rows:
        first.setdefault(post.person_id, post)
    found: dict[Person, int] = {}
    for post in first.values():
        own = [grant.unit.path if grant.unit else "" for grant in post.grants.all()]
        reached = [[len(path) for path in own if unit.startswith(path)] for unit in paths]
        if reached and all(reached):
            found[post.person] = min(max(lengths) for lengths in reached)
    return found


def post_of(person: Person) -> Post | None:
    """The post that the person holds today."""
    return _held().filter(person=person).first()


def actor(person: Person) -> Actor:
    """Who acts when this person does something; nobody with rights where no post is held."""
    if not person.is_active:
        return ANYONE
    post = post_of(person)
    if post is None:
        return Actor(name=person.full_name, key=f"person:{person.pk}")
    unit = post.organisation.unit
    grants = post.grants.values_list("right", "unit__path")
    return Actor(
        name=person.full_name,
        key=f"person:{person.pk}",
        post=post.title,
        organisation=post.organisation.name,
        unit_code=unit.code if unit else "",
        organisation_path=post.organisation.path,
        grants=frozenset((right, path or "") for right, path in grants),
    )


def person(by: Actor) -> Person | None:
    """The account behind an actor; None for the program."""
    kind, _colon, number = by.key.partition(":")
    return Person.objects.filter(pk=number).first() if kind == "person" else None


def person_key(by: Actor) -> int | None:
    """Its primary key, without a query."""
    kind, _colon, number = by.key.partition(":")
    return int(number) if kind == "person" else None
