"""Who may see which case, and as whom he stands to it: the one predicate of lists, maps and files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from toancanh.kernel import catalogue
from toancanh.kernel.cases.models import Case, Step, StepRole
from toancanh.kernel.declare import Actor
from toancanh.kernel.declare_cases import CaseType, Rights, Role
from toancanh.kernel.people.access import person_key
from toancanh.lib.errors import NotFound

OPEN_LEVEL = 1
"""Up to this level a right to see suffices; above it a right to see what is restricted is needed as well."""
OWN_LEVEL = 2
"""Up to this level people of an organisation see what it is in charge of."""
NOTHING = Q(pk__in=[])
EVERYTHING = ~NOTHING
"""Not an empty `Q`, which vanishes where it is joined with another by *or*."""


@dataclass(frozen=True)
class Scope:
    """What somebody may see of the kinds that share their rights."""

    kinds: frozenset[str] | None
    """None: all kinds."""
    seen: tuple[str, ...]
    """Roots of unit subtrees."""
    restricted: tuple[str, ...]
    own: str
    """Root of the organisations whose work is seen, whatever unit it lies in; empty: of none."""
    person: int | None

    def holds(self, case: Case, helping: tuple[str, ...] = ()) -> bool:
        """The same as `where`, of a case in memory and the paths of organisations with an open part in it."""
        if self.kinds is not None and case.kind not in self.kinds:
            return False
        if any(case.unit_path.startswith(path) for path in self.seen) and (
            case.level <= OPEN_LEVEL or any(case.unit_path.startswith(path) for path in self.restricted)
        ):
            return True
        if self.own and case.level <= OWN_LEVEL:
            paths = (case.organisation_path, *helping)
            if any(path.startswith(self.own) for path in paths):
                return True
        return self.person is not None and case.opened_by_id == self.person

    def where(self) -> Q:
        """The rows, as a condition over plain columns of `Case`."""
        if "" in self.seen and "" in self.restricted:
            found = EVERYTHING
        else:
            level = Q(level__lte=OPEN_LEVEL) | below("unit_path", self.restricted)
            found = below("unit_path", self.seen) & level
            if self.own:
                # Asked once for all rows, not for each: of those who see little most rows are others'.
                helps = Step.objects.filter(is_open=True, organisation_path__startswith=self.own)
                own = Q(organisation_path__startswith=self.own) | Q(pk__in=helps.values("case"))
                found |= Q(level__lte=OWN_LEVEL) & own
            if self.person is not None:
                found |= Q(opened_by=self.person)
        return found if self.kinds is None else found & Q(kind__in=sorted(self.kinds))


def below(column: str, paths: tuple[str, ...]) -> Q:
    if "" in paths:
        return EVERYTHING
    return reduce(or_, (Q(**{f"{column}__startswith": path}) for path in paths), NOTHING)


def scopes(to: Actor) -> list[Scope]:
    """What the actor may see, kinds with the same rights together."""
    shared: dict[Rights, set[str]] = {}
    for key, said in catalogue.case_types().items():
        shared.setdefault(said.rights, set()).add(key)
    return [
        Scope(
            kinds=None if len(shared) == 1 else frozenset(kinds),
            seen=to.paths(rights.see),
            restricted=to.paths(rights.restricted),
            own=to.organisation_path if to.paths(rights.handle) else "",
            person=person_key(to),
        )
        for rights, kinds in shared.items()
    ]


def visible(to: Actor) -> QuerySet[Case]:
    """Every case that the actor may see."""
    return Case.objects.filter(reduce(or_, (scope.where() for scope in scopes(to)), NOTHING))


def case(code: str, to: Actor) -> Case:
    """The case of that code; a code alone opens nothing for who may not see it."""
    found = visible(to).select_related("unit", "organisation", "person", "version").filter(code=code).first()
    if found is None:
        raise NotFound(_("There is no case %(code)s, or your post does not reach it.") % {"code": code[:24]})
    return found


def roles(case: Case, said: CaseType, by: Actor) -> frozenset[Role]:
    """As whom the actor stands to a case. At most one query."""
    if by.everywhere:
        return frozenset(("desk", "lead", "helper", "giver", "program"))
    found: set[Role] = set()
    rights = said.rights
    if by.may(rights.desk, case.unit_path):
        found.add("desk")
    if by.organisation_path and by.paths(rights.handle):
        if case.organisation_path.startswith(by.organisation_path):
            found.add("lead")
        if "lead" not in found or case.parent_id is not None:
            own = case.steps.filter(is_open=True, organisation_path__startswith=by.organisation_path)
            parts = set(own.values_list("role", flat=True))
            if StepRole.GIVE in parts:
                found.add("giver")
            if "lead" not in found and parts - {StepRole.GIVE.value}:
                found.add("helper")
    if case.opened_by_id is not None and case.opened_by_id == person_key(by) and by.paths(rights.give):
        found.add("giver")
    if by.key.startswith("party:") and case.parties.filter(pk=by.key[6:], left_at=None).exists():
        found.add("party")
    return frozenset(found)
