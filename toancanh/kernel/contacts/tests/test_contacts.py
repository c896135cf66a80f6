"""Contacts: kept sealed, found without marks, ended instead of deleted, erased when their time is over."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from django.db import connection

from tests.city import BY, NOON, City, actor
from toancanh.kernel.contacts import actions, queries, sealing, settings
from toancanh.kernel.contacts.facts import Facts, addresses, kind_of, tidy_name
from toancanh.kernel.contacts.models import Address, Channel, Contact, Counts, Ground, Kind, Neighbourhood
from toancanh.kernel.contacts.places import gazetteer
from toancanh.kernel.contacts.tests.people import head, merged, official, place
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.people import actions as people
from toancanh.kernel.runtime import clock
from toancanh.kernel.territory import queries as territory
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon() -> object:
    """It is 21 November 2026."""
    with clock.set_to(NOON):
        yield


def test_no_number_stands_in_the_clear_in_any_table(city: City) -> None:
    one = head(city.west, emails="bang@hue.gov.vn", zalo="3344556677")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            said = repr(cursor.fetchall())
            for number in ("914123456", "bang@hue", "3344556677"):
                assert number not in said, table
    kept = sealing.in_clear(one.addresses.all())
    assert [found.value for found in kept] == ["+84914123456", "bang@hue.gov.vn", "3344556677"]


def test_journal_holds_neither_name_nor_number_but_the_keyed_hash(city: City) -> None:
    one = head(city.west)
    entry = Entry.objects.get(action="contacts.added")
    assert "Bằng" not in entry.content
    assert "914123456" not in entry.content
    assert json.loads(entry.content)["addresses"] == [one.addresses.get().mark]


def test_the_same_number_has_one_mark_and_another_seal(city: City) -> None:
    first, second = head(city.west), official(city.west, phone="+84 914 123 456")
    assert first.addresses.get().mark == second.addresses.get().mark
    assert first.addresses.get().sealed != second.addresses.get().sealed


@pytest.mark.slow
def test_names_are_found_without_marks_and_numbers_only_whole(city: City) -> None:
    one = head(city.west, name="Đặng Thị Ngọc Ánh")
    officer = actor("truc", city.province)
    for typed in ("dang thi ngoc anh", "ĐẶNG", "ngoc van the", "anh duong no", "0914 123 456", "01234567891"):
        found = queries.search(typed, officer)
        assert found == ([] if typed == "01234567891" else [one]), typed
    assert queries.search("", officer) == queries.search("123456", officer) == []


def test_who_is_shown_what_follows_the_unit(city: City) -> None:
    head(city.west)
    east = actor("dong", city.east)
    assert queries.search("Bang", east) == []
    assert [row.unit for row in queries.communes(east)] == [city.east]
    with pytest.raises(NotAllowed):
        head_by(city, east)


def head_by(city: City, by: object) -> None:
    facts = Facts(kind=Kind.OFFICIAL, name="Lê An", post="Chủ tịch", unit=city.west)
    actions.add(facts, by=by)  # type: ignore[arg-type]


def test_completeness_counts_places_with_a_head_who_can_be_told(city: City) -> None:
    head(city.west)
    head(city.west, name="Hồ Văn Năm", phone="", at="Thôn Ba")
    place(city.west, "Thôn Hai")
    row = next(row for row in queries.communes(actor("truc")) if row.unit == city.west)
    assert (row.places, row.reached, row.missing, row.heads, row.officials_reached) == (3, 1, 2, 2, 0)
    assert not row.is_complete
    head(city.west, name="Hồ Văn Sáu", phone="0914000001", at="Thôn Ba")
    head(city.west, name="Hồ Văn Hai", phone="0914000002", at="Thôn Hai")
    official(city.west)
    assert next(row for row in queries.communes(actor("truc2")) if row.unit == city.west).is_complete


@pytest.mark.slow
def test_a_merger_takes_people_and_places_along(city: City) -> None:
    one, other = head(city.west), head(city.east, name="Võ Đình", phone="0914000009", at="Thôn Đông")
    now = merged(city)
    row = next(row for row in queries.communes(actor("truc")) if row.unit == now)
    assert (row.places, row.reached) == (2, 2)
    assert set(queries.people_of(now)) == {one, other}
    for unit in (now, city.west, city.province):
        unit.refresh_from_db()
        told = [contact for part in queries.slices([unit], is_exercise=False, most=1) for contact in part]
        assert told == [one, other], unit
    # Told of the former west, the new commune answers as a whole.
    assert territory.heirs([city.west.pk]) == {city.west.pk: (now.pk,)}


def test_only_who_takes_part_is_reached_in_an_exercise(city: City) -> None:
    one = head(city.west)
    head(city.west, name="Lê Mới", phone="0914000002", takes_part=False)
    told = [contact for part in queries.slices([city.west], is_exercise=True) for contact in part]
    assert told == [one]
    assert sum(len(part) for part in queries.slices([city.west], is_exercise=False)) == 2


def test_who_ends_is_told_nothing_more_and_stays_on_record(city: City) -> None:
    one = head(city.west)
    with pytest.raises(Refused) as fault:
        actions.end(one, "  ", by=BY)
    assert fault.value.code == "no_reason"
    actions.end(one, "Hết nhiệm kỳ", by=BY)
    assert list(queries.slices([city.west], is_exercise=False)) == []
    kept = Contact.objects.get()
    assert (kept.name, kept.valid_to, kept.addresses.count()) == ("Trần Văn Bằng", date(2026, 11, 21), 1)
    with pytest.raises(Refused) as fault:
        actions.change(kept, Facts(kind="head", name="A", post="B", unit=city.west), by=BY, seen=kept.changes)
    assert fault.value.code == "ended"


def test_two_who_change_one_contact_do_not_overwrite_each_other(city: City) -> None:
    one = head(city.west)
    facts = Facts(
        kind=Kind.HEAD, name="Trần Văn Bằng", post="Trưởng thôn", unit=city.west,
        neighbourhood=one.neighbourhood, addresses=addresses("0914999999", "", ""),
    )  # fmt: skip
    changed = actions.change(one, facts, by=BY, seen=0)
    assert [found.value for found in sealing.in_clear(changed.addresses.all())] == ["+84914999999"]
    with pytest.raises(Refused) as fault:
        actions.change(one, facts, by=BY, seen=0)
    assert fault.value.code == "changed"


@pytest.mark.slow
def test_erasing_forgets_the_person_after_the_time_of_the_rule(city: City) -> None:
    one = head(city.west)
    with pytest.raises(Refused):
        actions.erase(one, "yêu cầu", by=BY)
    actions.end(one, "Hết nhiệm kỳ", by=BY)
    assert settings.tidy() == 0
    with clock.set_to(NOON + timedelta(days=settings.KEPT + 1)):
        assert settings.tidy() == 1
        assert settings.tidy() == 0
    row = Contact.objects.get()
    assert (row.name, row.folded, row.erased_at is not None) == ("", "", True)
    assert not Address.objects.exists()
    assert Entry.objects.filter(action="contacts.erased_by_age").count() == 1


def test_a_rule_holds_from_its_day_on(city: City) -> None:
    settings.set_from(date(2026, 11, 25), Counts.HALF, 30, "QĐ 12/2026", by=BY)
    assert settings.on() == settings.Rule()
    assert settings.on(date(2026, 11, 25)).counts == Counts.HALF
    for day, days, reason in (
        (date(2026, 11, 20), 30, "x"),
        (date(2026, 11, 30), 0, "x"),
        (date(2026, 11, 30), 9, ""),
    ):
        with pytest.raises(Refused):
            settings.set_from(day, Counts.ONE, days, reason, by=BY)
    with pytest.raises(NotAllowed):
        settings.set_from(
            date(2026, 11, 30), Counts.ONE, 9, "x", by=actor("tay", city.west, people.ADMINISTRATOR)
        )


@pytest.mark.parametrize(
    ("rule", "told", "confirmed", "officials", "counts"),
    [
        (Counts.ONE, 5, 0, 0, False), (Counts.ONE, 5, 1, 0, True), (Counts.ONE, 0, 0, 0, False),
        (Counts.OFFICIAL, 5, 4, 0, False), (Counts.OFFICIAL, 5, 1, 1, True),
        (Counts.HALF, 5, 2, 0, False), (Counts.HALF, 5, 3, 0, True), (Counts.HALF, 0, 0, 0, False),
        (Counts.ALL, 2, 1, 1, False), (Counts.ALL, 2, 2, 0, True), (Counts.ALL, 0, 0, 0, False),
    ],
)  # fmt: skip
def test_when_a_commune_counts(rule: str, told: int, confirmed: int, officials: int, counts: bool) -> None:
    assert settings.counted(rule, told, confirmed, officials) is counts


def test_places_close_only_when_nobody_stands_in_them(city: City) -> None:
    one = head(city.west)
    assert one.neighbourhood is not None
    with pytest.raises(Refused) as fault:
        actions.close(one.neighbourhood, "NQ 5", by=BY)
    assert fault.value.code == "used"
    actions.end(one, "sáp nhập thôn", by=BY)
    actions.close(one.neighbourhood, "NQ 5", by=BY)
    assert not queries.living().exists()
    # The name is free for another one.
    assert place(city.west).pk != one.neighbourhood_id
    assert Neighbourhood.objects.count() == 2


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"name": ""}, "bad_name"),
        ({"name": "0914123456"}, "bad_name"),
        ({"name": "Lê\x07An"}, "bad_name"),
        ({"post": " "}, "bad_name"),
        ({"kind": Kind.HEAD}, "no_place"),
        ({"ground": Ground.CONSENT}, "no_consent"),
        ({"language": "fr"}, "bad_choice"),
        ({"valid_from": date(2027, 1, 1)}, "bad_day"),
    ],
)
def test_what_cannot_be_kept_is_refused(city: City, facts: dict[str, object], code: str) -> None:
    sound = {"kind": Kind.OFFICIAL, "name": "Lê An", "post": "Chủ tịch", "unit": city.west}
    with pytest.raises(Refused) as fault:
        actions.add(Facts(**{**sound, **facts}), by=BY)  # type: ignore[arg-type]
    assert fault.value.code == code
    assert not Contact.objects.exists()


@pytest.mark.parametrize(("phones", "emails", "zalo"), [("12", "", ""), ("", "a@", ""), ("", "", "a b")])
def test_addresses_that_reach_nobody_are_refused(phones: str, emails: str, zalo: str) -> None:
    with pytest.raises(Refused):
        addresses(phones, emails, zalo)


def test_addresses_of_all_sorts() -> None:
    found = addresses("0914123456; 0234 3822123", "An@Hue.gov.vn, b@c.vn", "777888")
    assert [(one.channel, one.value, one.is_mobile) for one in found] == [
        (Channel.PHONE, "+84914123456", True),
        (Channel.PHONE, "+842343822123", False),
        (Channel.EMAIL, "an@hue.gov.vn", False),
        (Channel.EMAIL, "b@c.vn", False),
        (Channel.ZALO, "777888", False),
    ]


@pytest.mark.parametrize(
    ("post", "has_place", "kind"),
    [
        ("Trưởng thôn", False, "head"), ("Tổ trưởng TDP 5", False, "head"), ("TỔ TRƯỞNG", True, "head"),
        ("Trưởng bản", False, "head"), ("Chủ tịch UBND phường", False, "official"),
        ("Chủ tịch UBND xã", True, "official"), ("Trưởng Công an xã", False, "official"),
        ("Bí thư chi bộ thôn", True, "official"), ("Chỉ huy trưởng quân sự", False, "official"),
    ],
)  # fmt: skip
def test_posts_say_whose_head_somebody_is(post: str, has_place: bool, kind: str) -> None:
    assert kind_of(post, has_place) == kind


def test_names_get_their_capitals() -> None:
    assert tidy_name("  NGUYỄN  THỊ ĐÀO ") == "Nguyễn Thị Đào"
    assert tidy_name("nguyễn văn a") == "Nguyễn Văn A"
    assert tidy_name("Hồ Văn K'Tư") == "Hồ Văn K'Tư"


@pytest.mark.parametrize(
    "name", ["Phường Dương Nỗ", "duong no", "P. Dương Nỗ", "PHƯỜNG DƯƠNG NỖ", "UBND phường Dương Nỗ"]
)
def test_a_commune_is_found_by_each_of_its_names(city: City, name: str) -> None:
    assert gazetteer([""]).find(name).unit == city.west


def test_the_name_of_before_leads_to_the_commune_of_today(city: City) -> None:
    now = merged(city)
    found = gazetteer([""]).find("Xã Kim Bình")
    assert (found.unit, found.former) == (now, Unit.objects.get(code="90002"))
    assert gazetteer([now.path]).find("duong no").unit == now
    for name, code in (("Phường Nào Đó", "no_unit"), ("", "no_unit")):
        with pytest.raises(Refused) as fault:
            gazetteer([""]).find(name)
        assert fault.value.code == code


def test_what_is_not_ones_own_is_not_found(city: City) -> None:
    with pytest.raises(Refused):
        gazetteer([city.east.path]).find("Dương Nỗ")
