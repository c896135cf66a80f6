"""From an account to who acts: the post held today and the rights it carries."""

from __future__ import annotations

from django.db.models import Q

from toancanh.kernel.declare import ANYONE, Actor
from toancanh.kernel.people.models import Person, Post
from toancanh.kernel.territory.queries import today


def post_of(person: Person) -> Post | None:
    """The post that the person holds today."""
    day = today()
    held = Post.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), person=person, valid_from__lte=day)
    return held.select_related("organisation__unit").order_by("valid_from", "pk").first()


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
        grants=frozenset((right, path or "") for right, path in grants),
    )
