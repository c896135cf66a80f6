"""Who in the organisation in charge does it: taken in person, given to somebody, or nobody's again."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel.cases import access
from toancanh.kernel.cases.models import Case, Event, StepRole
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import Actor
from toancanh.kernel.people.access import person_key
from toancanh.kernel.people.models import Person, Post
from toancanh.kernel.territory.queries import today
from toancanh.lib.errors import NotAllowed, Refused


def assign(case: Case, person: Person | None, *, by: Actor, seen: int | None = None) -> Event:
    """Put a person's name on the case; None takes it off. He holds a post in the organisation in charge."""
    with writing(case, by=by, seen=seen) as on:
        if "lead" not in access.roles(on.case, on.said, by):
            raise NotAllowed(_("The organisation in charge says who of it does the work."))
        if not on.case.is_open:
            raise Refused(_("It has ended: nobody works on it any more."), "ended")
        if person is not None and not colleagues(on.case, by).filter(pk=person.pk).exists():
            text = _("%(name)s holds no post in the organisation in charge.")
            raise Refused(text % {"name": person.full_name}, "no_colleague")
        if on.case.person_id == (person.pk if person else None):
            raise Refused(_("It stands like that already."), "same")
        on.case.person = person
        on.case.steps.filter(is_open=True, role=StepRole.LEAD).update(person=person)
        is_own = person is not None and person.pk == person_key(by)
        content = {"person": person.full_name if person else "", "is_own": is_own}
        return on.tell("assigned", content)


def colleagues(case: Case, by: Actor) -> QuerySet[Person]:
    """Whoever holds a post today in the organisation in charge or one below it, and below the actor's own."""
    root = max(case.organisation_path, by.organisation_path, key=len)
    day = today()
    held = Q(valid_to=None) | Q(valid_to__gt=day)
    posts = Post.objects.filter(held, valid_from__lte=day, organisation__path__startswith=root or "-")
    return Person.objects.filter(is_active=True, pk__in=posts.values("person")).order_by("full_name", "pk")
