"""Who has received: told once, confirmed once; whatever comes twice, early, late or never."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.city import BY, NOON, City, actor, person
from toancanh.kernel.contacts import actions, announcing, board, receipts, settings, telling
from toancanh.kernel.contacts.models import Call, Counts, Notice, Told, Via
from toancanh.kernel.contacts.sealing import Keys
from toancanh.kernel.contacts.tests.people import head, merged, official
from toancanh.kernel.declare import Actor, Title
from toancanh.kernel.journal.models import Entry
from toancanh.kernel.notify import receipts as receipts_of_gateways
from toancanh.kernel.notify import registry, spreading
from toancanh.kernel.notify.channels import Channel
from toancanh.kernel.notify.models import Delivery, State
from toancanh.kernel.notify.models import Notice as Message
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.live import Hub
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, NotFound, Refused

pytestmark = pytest.mark.django_db
SUBJECT = "warnings.warning:1"


def plain(name: str) -> Channel:
    """A channel that takes every address; nothing leaves by it here."""
    return Channel(name=name, title=name, icon="send", fields=(), open=lambda _values: None)  # type: ignore[arg-type,return-value]


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is noon, and there are channels for single persons."""
    made = {name: plain(name) for name in ("sms", "zalo", "email")}
    monkeypatch.setattr(registry, "channels", lambda: made)
    with clock.set_to(NOON):
        yield


def tell(*units: Unit, **more: Any) -> Notice:
    """Tell the chain of these communes."""
    said: dict[str, Any] = {
        "subject": SUBJECT,
        "title": Title("Lũ sông Hương lên nhanh", "The Hương rises fast"),
        "body": Title("Sơ tán khỏi vùng thấp trước 20 giờ.", "Leave low ground before 20:00."),
        "channels": ["sms", "zalo", "webpush"],
        "expires": clock.now() + timedelta(hours=6),
    }
    return telling.tell(units=units, by=BY, **{**said, **more})


def spread() -> list[Delivery]:
    """All copies, as the worker makes them."""
    while spreading.look():
        pass
    return list(Delivery.objects.order_by("pk"))


def secret(told: Told) -> str:
    """What stands in the person's link."""
    return Keys().link(told.notice.subject, told.contact_id)


def officer(city: City, name: str = "truc", unit: Unit | None = None) -> Actor:
    """A duty officer."""
    return actor(name, unit or city.province)


@pytest.mark.slow
def test_everybody_of_the_communes_is_told_once_on_each_channel(city: City) -> None:
    one = head(city.west, zalo="777888", phone="0234 3822123; 0914123456")
    other = official(city.east)
    head(city.east, name="Võ Không Số", phone="", at="Thôn Đông")
    notice = tell(city.west, city.east)
    assert tell(city.west, city.east) == notice
    copies = [(row.recipient, row.channel, row.address, row.name) for row in spread()]
    assert copies == [
        (f"contact:{one.pk}", "sms", "+84914123456", "Trần Văn Bằng"),
        (f"contact:{one.pk}", "zalo", "777888", "Trần Văn Bằng"),
        (f"contact:{other.pk}", "sms", "+84905111222", "Lê Thị Đào"),
    ]
    told = {row.contact_id: row for row in Told.objects.select_related("notice")}
    assert len(told) == 3
    link = Delivery.objects.filter(recipient=f"contact:{one.pk}").values_list("link", flat=True)
    assert set(link) == {f"/r/{secret(told[one.pk])}/"}
    assert len(secret(told[one.pk])) == 26
    assert "xác nhận" in Message.objects.get().body_vi


@pytest.mark.slow
def test_list_goes_on_where_it_stopped_and_never_gives_more_than_asked(city: City) -> None:
    people = [
        head(
            city.west,
            name=f"Lê {'ABCDEFG'[n]}",
            phone=f"091400000{n}" if n % 2 else "",
            zalo="" if n % 3 else f"77{n}",
        )
        for n in range(7)
    ]
    notice = tell(city.west)
    args = {"notice": notice.pk, "channels": ["sms", "zalo"]}
    whole = telling.recipients(args, "", 100)
    after, parts = "", []
    while part := telling.recipients(args, after, 2):
        assert len(part) <= 2
        parts += part
        after = part[-1].key
    assert parts == whole
    assert {one.key for one in whole} == {
        f"contact:{p.pk}" for n, p in enumerate(people) if n % 2 or not n % 3
    }


@pytest.mark.slow
def test_one_who_holds_two_posts_gets_one_copy_and_confirms_once(city: City) -> None:
    first = head(city.west)
    second = head(city.west, at="Thôn Hai")
    tell(city.west)
    assert [row.recipient for row in spread()] == [f"contact:{first.pk}"]
    receipts.confirm(Told.objects.get(contact=first))
    assert Told.objects.get(contact=second).via == Via.LINK
    other = head(city.west, name="Hồ Thị Khác", phone="0914123456", at="Thôn Ba")
    tell(city.west, subject="warnings.warning:2")
    receipts.confirm(Told.objects.get(contact=first, notice__subject="warnings.warning:2"))
    # Somebody else who shares the telephone has not confirmed.
    assert Told.objects.get(contact=other).confirmed_at is None


def test_only_who_takes_part_is_told_in_an_exercise_and_everything_says_so(
    city: City, client: Client
) -> None:
    one = head(city.west)
    head(city.west, name="Lê Vắng", phone="0914000002", takes_part=False)
    tell(city.west, is_exercise=True)
    told = Told.objects.select_related("notice").get()
    assert told.contact == one
    assert Message.objects.get().is_exercise
    assert "DIỄN TẬP" in client.get(f"/r/{secret(told)}/").content.decode()


def test_link_confirms_by_its_button_alone_and_once(city: City, client: Client) -> None:
    head(city.west)
    tell(city.west)
    told = Told.objects.select_related("notice").get()
    path = f"/r/{secret(told)}/"
    page = client.get(path)
    text = page.content.decode()
    assert "Tôi đã nhận, đã thông báo cho dân" in text
    assert "Trần Văn Bằng" not in text
    assert page["Referrer-Policy"] == "no-referrer"
    assert not Told.objects.exclude(confirmed_at=None).exists()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path).status_code == 302
    told.refresh_from_db()
    assert (told.confirmed_at, told.via) == (NOON, Via.LINK)
    with clock.set_to(NOON + timedelta(hours=1)):
        client.post(path.upper().replace("/R/", "/r/"))
    told.refresh_from_db()
    assert told.confirmed_at == NOON
    assert Entry.objects.filter(action="contacts.confirmed").count() == 1
    assert client.get("/r/abcdefghijklmnopqrstuvwxyz/").status_code == 404
    assert client.get("/r/short/").status_code == 404
    with clock.set_to(NOON + timedelta(days=31)):
        assert client.get(path).status_code == 404


def test_page_of_the_link_speaks_the_language_of_the_person(city: City, client: Client) -> None:
    head(city.west, language="en")
    tell(city.west)
    text = client.get(f"/r/{secret(Told.objects.select_related('notice').get())}/").content.decode()
    assert "The Hương rises fast" in text
    assert "I have received this and told the people" in text


@pytest.mark.parametrize(
    ("number", "text", "confirmed"),
    [
        ("84914123456", "1", 1), ("0914123456", "Đã nhận ạ", 1), ("+84914123456", "ROI, DA THONG BAO", 1),
        ("0914123456", "ai đó?", 0), ("0914123456", "", 0), ("0914999999", "1", 0), ("abc", "1", 0),
        ("0914123456", "không", 0), ("0914123456", "Vâng em nhận được rồi ạ, cảm ơn", 1),
        ("0914123456", "Tôi đã nhận, đã thông báo cho dân", 1), ("0914123456", "OK nhé!", 1),
        ("0914123456", "Có gì vậy?", 0), ("0914123456", "Có phải lừa đảo không?", 0),
        ("0914123456", "Có người mắc kẹt, cần cứu", 0), ("0914123456", "1 người bị thương", 0),
        ("0914123456", "Nhắn nhầm người rồi", 0), ("0914123456", "Rồi sao nữa", 0),
        ("0914123456", "Đã nhận nhưng không hiểu", 0), ("0914123456", "Đã nhận?", 0),
    ],
)  # fmt: skip
def test_reply_confirms_what_was_told_last(city: City, number: str, text: str, confirmed: int) -> None:
    head(city.west)
    tell(city.west)
    with clock.set_to(NOON + timedelta(minutes=5)):
        last = tell(city.west, subject="warnings.warning:2")
        assert receipts.replied(number, text) == confirmed
        assert receipts.replied(number, text) == 0
    assert Told.objects.exclude(confirmed_at=None).count() == confirmed
    assert not Told.objects.exclude(notice=last).exclude(confirmed_at=None).exists()


@pytest.mark.slow
def test_answer_that_is_no_yes_is_read_by_officers(city: City, client: Client) -> None:
    one = head(city.west)
    official(city.west)
    notice = tell(city.west)
    client.force_login(person("truc", city.province))
    here = f"/console/contacts/receipts/{notice.pk}/"
    assert "trả lời cần đọc" not in client.get(here).content.decode()
    assert receipts.replied("0914123456", "Có người mắc\u00a0kẹt, cần cứu\0 <b>") == 0
    assert "1 trả lời cần đọc" in client.get(here).content.decode()
    page = client.get(f"{here}90001/").content.decode()
    assert "đã trả lời (Có người mắc kẹt, cần cứu &lt;b&gt;)" in page
    assert "trả lời, chưa xác nhận" in page
    assert "None" not in page
    # Before the official, of whom nothing was heard; confirmed later it is still read.
    assert board.people(notice, city.west)[0].state == "answered"
    receipts.confirm(Told.objects.get(contact=one))
    by = officer(city, "ann")
    assert board.board(notice, by).lines[0].answered == 1
    assert board.people(notice, city.west)[0].told.contact == one
    receipts.called(Told.objects.get(contact=one), "silent", "", by=by)
    assert board.board(notice, by).lines[0].answered == 0
    entry = Entry.objects.get(action="contacts.answered")
    assert "kẹt" not in entry.content
    actions.end(one, "Thôi nhiệm vụ", by=BY)
    actions.erase(one, "Theo yêu cầu", by=BY)
    assert not Call.objects.exclude(note="").exists()


@pytest.mark.slow
def test_telephone_that_answers_by_itself_does_not_fill_the_page(city: City) -> None:
    head(city.west)
    tell(city.west)
    for number in range(receipts.MOST_ANSWERS + 2):
        receipts.replied("0914123456", f"Tôi đang lái xe {number}")
    assert Call.objects.count() == receipts.MOST_ANSWERS


def test_reply_after_two_days_means_nothing_known(city: City) -> None:
    head(city.west)
    tell(city.west)
    with clock.set_to(NOON + timedelta(days=3)):
        assert receipts.replied("0914123456", "1") == 0


@pytest.mark.slow
def test_counts_follow_channels_and_confirmations(city: City) -> None:
    one, two = head(city.west), official(city.west, phone="0905111333")
    head(city.east, name="Võ Đông", phone="", at="Thôn Đông")
    notice = tell(city.west, city.east)
    spread()
    by = officer(city)
    assert lines(notice, by) == {"90001": (2, 0, 0, 0, False), "90002": (1, 0, 0, 0, False)}
    # A receipt that comes before the hand-over is noted, and one that comes twice.
    for _again in (1, 2):
        Delivery.objects.filter(recipient=f"contact:{one.pk}").update(state="received", received_at=NOON)
    Delivery.objects.filter(recipient=f"contact:{two.pk}").update(state="handed", handed_at=NOON)
    assert lines(notice, by)["90001"] == (2, 2, 1, 0, False)
    receipts.confirm(Told.objects.get(contact=two))
    assert lines(notice, by)["90001"] == (2, 2, 1, 1, True)
    made = board.board(notice, by)
    assert (made.received, len(made.lines), made.is_complete) == (1, 2, False)
    assert made.lines[0].unit == city.east
    assert (made.total.told, made.total.confirmed, made.total.officials_confirmed) == (3, 1, 1)


def lines(notice: Notice, by: Actor) -> dict[str, tuple[int, int, int, int, bool]]:
    """The counts by code of the commune."""
    return {
        one.unit.code: (one.told, one.handed, one.received, one.confirmed, one.is_received)
        for one in board.board(notice, by).lines
    }


def test_the_rule_of_the_day_it_was_told_counts(city: City) -> None:
    head(city.west)
    one = official(city.west, phone="0905111333")
    before = tell(city.west)
    settings.set_from(clock.now().date() + timedelta(days=1), Counts.ALL, 365, "QĐ", by=BY)
    with clock.set_to(NOON + timedelta(days=1)):
        after = tell(city.west, subject="warnings.warning:2")
        for told in Told.objects.filter(contact=one):
            receipts.confirm(told)
        by = officer(city)
        assert board.board(before, by).received == 1
        assert board.board(after, by).received == 0


def test_commune_without_anybody_is_named_and_never_counts(city: City) -> None:
    notice = tell(city.west)
    made = board.board(notice, officer(city))
    assert [(line.told, line.is_received) for line in made.lines] == [(0, False)]
    assert not made.is_complete


def test_a_warning_to_a_commune_that_merged_yesterday(city: City) -> None:
    head(city.west)
    head(city.east, name="Võ Đông", phone="0914000009", at="Thôn Đông")
    now = merged(city)
    city.west.refresh_from_db()
    notice = tell(city.west)
    assert {told.unit for told in Told.objects.all()} == {now}
    assert [line.unit for line in board.board(notice, officer(city)).lines] == [now]


def test_confirmation_after_the_all_clear_is_late_and_still_kept(city: City, client: Client) -> None:
    head(city.west)
    notice = tell(city.west)
    telling.over(SUBJECT, by=BY)
    assert telling.over("warnings.warning:99", by=BY) is None
    # What was not spread yet never leaves.
    assert spread() == []
    told = Told.objects.select_related("notice").get()
    with clock.set_to(NOON + timedelta(minutes=10)):
        assert "đã kết thúc" in client.get(f"/r/{secret(told)}/").content.decode()
        receipts.confirm(told)
    notice.refresh_from_db()
    made = board.board(notice, officer(city))
    assert (made.total.confirmed, made.total.late) == (1, 1)
    assert board.people(notice, city.west)[0].is_late


@pytest.mark.slow
def test_who_leaves_in_between_stays_on_the_board_and_gets_no_new_copy(city: City) -> None:
    one = head(city.west)
    notice = tell(city.west)
    actions.end(one, "Thôi nhiệm vụ", by=BY)
    found = board.people(notice, city.west)[0]
    assert (found.ended, found.state) == (True, "unreachable")
    actions.erase(one, "Theo yêu cầu", by=BY)
    assert spread() == []
    assert board.people(notice, city.west)[0].told.contact.name == ""
    later = tell(city.west, subject="warnings.warning:2")
    assert not later.told.exists()


@pytest.mark.slow
def test_two_officers_who_call_the_same_head_hear_of_each_other(city: City) -> None:
    head(city.west)
    notice = tell(city.west)
    told = Told.objects.get()
    ann, bob = officer(city, "ann"), officer(city, "bob")
    assert [one.value for one in receipts.take_up(told, by=ann)] == ["+84914123456"]
    assert board.people(notice, city.west)[0].is_called
    with pytest.raises(Refused) as fault:
        receipts.take_up(told, by=bob)
    assert fault.value.code == "calling"
    assert "Nguyễn ann" in fault.value.message
    assert receipts.take_up(told, by=bob, anyway=True)
    receipts.called(told, "reached", "sẽ gõ kẻng", by=bob)
    with pytest.raises(Refused) as fault:
        receipts.called(told, "reached", "", by=ann)
    assert fault.value.code == "confirmed"
    assert "Nguyễn bob" in fault.value.message
    told.refresh_from_db()
    assert (told.via, told.note, told.calls.count()) == (Via.CALL, "sẽ gõ kẻng", 1)
    # The head's own press afterwards changes nothing.
    receipts.confirm(told)
    told.refresh_from_db()
    assert told.via == Via.CALL
    assert Entry.objects.filter(action="contacts.read").count() == 2


@pytest.mark.slow
def test_calls_that_reach_nobody_are_noted_and_leave_it_open(city: City) -> None:
    head(city.west)
    tell(city.west)
    told = Told.objects.get()
    by = officer(city)
    receipts.called(told, "silent", "", by=by)
    receipts.called(told, "wrong", "số của con trai", by=by)
    told.refresh_from_db()
    assert (told.confirmed_at, told.calls.count()) == (None, 2)
    for outcome, note in (("maybe", ""), ("silent", "x" * 301)):
        with pytest.raises(Refused):
            receipts.called(told, outcome, note, by=by)
    with pytest.raises(NotAllowed):
        receipts.called(told, "reached", "", by=officer(city, "dong", city.east))


def test_who_answers_elsewhere_sees_only_his_communes(city: City) -> None:
    head(city.west)
    notice = tell(city.west, city.east)
    east = officer(city, "dong", city.east)
    assert [line.unit for line in board.board(notice, east).lines] == [city.east]
    other = tell(city.west, subject="warnings.warning:2")
    with pytest.raises(NotFound):
        board.find(other.pk, east)
    assert board.of_subject("warnings.warning:2", east) is None
    assert [one.notice for one in board.newest(east)] == [notice]


@pytest.mark.slow
def test_pages_show_who_is_to_be_called(city: City, client: Client) -> None:
    client.force_login(person("truc", city.province))
    assert "Chưa có ai được báo" in client.get("/console/contacts/receipts/").content.decode()
    one = head(city.west)
    notice = tell(city.west, city.east)
    here = f"/console/contacts/receipts/{notice.pk}/"
    assert "Đã nhận 0/2 xã, phường" in client.get(here).content.decode()
    part = client.get(f"/console/contacts/receipts/of/{SUBJECT}/").content.decode()
    assert "Phường Dương Nỗ" in part
    assert "danh bạ chưa có ai" in part
    assert "tc-communes" in client.get(f"{here}?wall=1").content.decode()
    told = Told.objects.get()
    calling = f"{here}90001/"
    assert "0914 123 456" not in client.get(calling).content.decode()
    shown = client.post(calling, {"told": told.pk, "do": "call"}).content.decode()
    assert 'href="tel:+84914123456"' in shown
    assert client.post(calling, {"told": told.pk, "do": "reached", "note": "đã loa"}).status_code == 302
    text = client.get(calling).content.decode()
    assert "đã gọi, đã nhận" in text
    assert "đã loa" in text
    assert "1/2" in client.get("/console/contacts/receipts/").content.decode()
    assert client.get(f"{here}board.xlsx").content[:2] == b"PK"
    assert client.post(calling, {"told": told.pk + 1, "do": "call"}).status_code == 404
    other = Client()
    other.force_login(person("dong", city.east))
    assert other.get(calling).status_code == 404
    assert one.name not in other.get(here).content.decode()


@pytest.mark.slow
def test_part_is_worked_out_anew_only_when_something_changed(
    city: City, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Pages ask every few seconds how many copies have come to a device: mostly the answer is 304."""
    client, url = Client(), f"/console/contacts/receipts/of/{SUBJECT}/"
    client.force_login(person("truc", city.province))
    head(city.west)
    tell(city.west)
    (copy,) = spread()

    def asked(etag: str = "") -> Any:
        return client.get(url, headers={"if-none-match": etag} if etag else {})

    first = asked()
    assert "đã đến máy của 0" in first.content.decode()
    with django_assert_max_num_queries(8):
        same = asked(first["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    receipts_of_gateways.receive("sms", reference=copy.reference, state=State.RECEIVED)
    second = asked(first["ETag"])
    assert second.status_code == 200
    assert "đã đến máy của 1" in second.content.decode()
    assert asked(second["ETag"]).status_code == 304
    receipts.confirm(Told.objects.get())
    assert asked(second["ETag"]).status_code == 200
    # Somebody else on the same computer is answered for himself.
    other = asked()["ETag"]
    client.force_login(person("dong", city.east))
    assert asked(other).status_code == 200


def test_open_pages_hear_of_a_confirmation(city: City) -> None:
    head(city.west)
    tell(city.west)
    hub = Hub()
    telling_pages = announcing.announcements(hub)
    telling_pages.look()
    receipts.confirm(Told.objects.get())
    telling_pages.look()
    assert [(note.kind, path) for note, path in hub._notes.values()] == [("receipt", city.west.path)]


def test_numbers_leave_the_copies_of_messages_after_a_week(city: City) -> None:
    head(city.west)
    tell(city.west)
    spread()
    Delivery.objects.update(state="received")
    assert telling.tidy() == 0
    with clock.set_to(NOON + timedelta(days=8)):
        assert telling.tidy() == 1
        assert telling.tidy() == 0
    assert Delivery.objects.get().address == ""


def test_list_is_registered() -> None:
    assert site.RECIPIENTS[telling.SOURCE] == "toancanh.kernel.contacts.telling.recipients"
