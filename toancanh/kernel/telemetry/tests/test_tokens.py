"""Tokens of devices: shown once, narrowed, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.city import BY, City
from toancanh.kernel.declare import ANYONE
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions
from toancanh.kernel.people.models import Purpose, Token
from toancanh.kernel.runtime import clock, ids
from toancanh.kernel.telemetry.devices import queries
from toancanh.kernel.telemetry.directory import database_directory
from toancanh.lib.errors import NotAllowed, NotFound, Refused


def test_token_is_shown_once_and_kept_as_a_digest(city: City) -> None:
    made = actions.create_token("gateway", by=BY)
    assert len(made.secret) >= 40
    row = Token.objects.get()
    assert row.digest == ids.digest(made.secret)
    stored = "".join(str(value) for value in Token.objects.values_list().get())
    journal = "".join(Entry.objects.values_list("content", flat=True))
    assert made.secret not in stored + journal


def test_two_tokens_are_never_alike(city: City) -> None:
    assert len({actions.create_token(f"t{n}", by=BY).secret for n in range(20)}) == 20


def test_token_is_known_to_the_doors_at_once_and_gone_at_once(city: City) -> None:
    directory = database_directory()
    assert directory.refresh().tokens == {}
    made = actions.create_token("gateway", by=BY, things=["gauge", "gauge"], rate=30)
    info = directory.refresh().tokens[ids.digest(made.secret)]
    assert (info.name, info.things, info.rate) == ("gateway", frozenset({"gauge"}), 30)
    now = clock.now_us()
    assert info.is_valid(now)
    with clock.set_to(clock.from_us(now + 1)):
        actions.revoke_token("gateway", by=BY)
    info = directory.refresh().tokens[ids.digest(made.secret)]
    assert not info.is_valid(now + 2)


def test_token_narrowed_to_nothing_may_write_nothing(city: City) -> None:
    made = actions.create_token("gateway", by=BY, things=[])
    assert database_directory().refresh().tokens[ids.digest(made.secret)].things == frozenset()


def test_token_ends_when_it_says(city: City) -> None:
    end = clock.now() + timedelta(hours=1)
    made = actions.create_token("gateway", by=BY, expires_at=end)
    info = database_directory().refresh().tokens[ids.digest(made.secret)]
    assert info.is_valid(clock.to_us(end) - 1)
    assert not info.is_valid(clock.to_us(end))


def test_name_in_force_is_taken_and_free_again_once_revoked(city: City) -> None:
    first = actions.create_token("gateway", by=BY)
    with pytest.raises(Refused) as refused:
        actions.create_token("gateway", by=BY)
    assert refused.value.code == "taken"
    actions.revoke_token("gateway", by=BY)
    with pytest.raises(NotFound):
        actions.revoke_token("gateway", by=BY)
    second = actions.create_token("gateway", by=BY)
    tokens = database_directory().refresh().tokens
    valid = {digest for digest, info in tokens.items() if info.is_valid(clock.now_us() + 1)}
    assert valid == {ids.digest(second.secret)}
    assert ids.digest(first.secret) not in valid


@pytest.mark.parametrize("rate", [0, -1])
def test_impossible_rate_is_refused(city: City, rate: int) -> None:
    with pytest.raises(Refused) as refused:
        actions.create_token("gateway", by=BY, rate=rate)
    assert refused.value.code == "bad_rate"


def test_making_and_ending_are_journalled(city: City) -> None:
    actions.create_token("gateway", by=BY, things=["gauge"])
    actions.narrow_token("gateway", by=BY, things=["gauge", "rain"], rate=5, expires_at=None)
    actions.renew_token("gateway", by=BY)
    actions.revoke_token("gateway", by=BY)
    done = Entry.objects.filter(action__startswith="people.token").order_by("pk")
    assert list(done.values_list("action", flat=True)) == [
        f"people.token_{what}" for what in ("created", "narrowed", "renewed", "revoked")
    ]
    assert done[0].content == '{"expires_at":"","purpose":"devices","rate":null,"things":["gauge"]}'
    assert done[1].content == ('{"expires_at":"","purpose":"devices","rate":5,"things":["gauge","rain"]}')


def test_renewed_token_has_a_new_secret_and_its_old_limits(city: City) -> None:
    first = actions.create_token("gateway", by=BY, things=["gauge"], rate=7)
    second = actions.renew_token("gateway", by=BY)
    tokens = database_directory().refresh()
    assert ids.digest(first.secret) not in tokens.tokens
    info = tokens.tokens[ids.digest(second.secret)]
    assert (info.things, info.rate, info.digest) == (frozenset({"gauge"}), 7, ids.digest(second.secret))
    assert tokens.named["gateway"] is info


def test_token_of_the_program_has_no_secret_to_renew(city: City) -> None:
    actions.create_token("feed", by=BY, is_program=True)
    with pytest.raises(Refused):
        actions.renew_token("feed", by=BY)


def test_only_administrators_narrow_and_renew(city: City) -> None:
    actions.create_token("gateway", by=BY)
    with pytest.raises(NotAllowed):
        actions.narrow_token("gateway", by=ANYONE, things=[], rate=None, expires_at=None)
    with pytest.raises(NotAllowed):
        actions.renew_token("gateway", by=ANYONE)


def test_key_for_reports_is_nothing_at_doors_for_devices(city: City) -> None:
    made = actions.create_token("app", by=BY, purpose=Purpose.REPORTS)
    device = actions.create_token("gateway", by=BY)
    assert set(database_directory().refresh().named) == {"gateway"}
    assert list(queries.visible(BY)) == [device.token]
    assert made.token.things == []
