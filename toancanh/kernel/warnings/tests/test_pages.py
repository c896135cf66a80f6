"""Pages of warnings: drafted, looked at, approved in two touches, followed; who may press what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.city import NOON, City, measure
from toancanh.kernel.alerts import rules
from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.declare import Actor
from toancanh.kernel.notify.models import Setup
from toancanh.kernel.people import actions as people
from toancanh.kernel.people.models import Person
from toancanh.kernel.runtime import clock
from toancanh.kernel.warnings import actions, filling, queries
from toancanh.kernel.warnings.models import StandingOrder, State, Template, Warning
from toancanh.kernel.warnings.tests.making import VI, approved, full, leader, officer, told

pytestmark = pytest.mark.django_db
URL = "/console/warnings/"


@pytest.fixture
def by(city: City) -> Actor:
    filling.declare()
    return officer(city)


@pytest.fixture
def order(city: City) -> Actor:
    return leader(city)


def client_of(who: Actor) -> Client:
    client = Client()
    client.force_login(Person.objects.get(pk=int(who.key.partition(":")[2])))
    return client


def typed(**other: Any) -> dict[str, Any]:
    """A form that lacks nothing."""
    return {
        "event": "flood.river",
        "level": "2",
        "headline_vi": "Nước sông tại Trạm Cầu Gỗ",
        "what_vi": "Mực nước 2,10 m.",
        "instruction_vi": "Không đi qua đường ngập.",
        "units": ["90001"],
        "channels": ["webpush", "sms"],
        "valid_until": "22/11/2026 07:00",
        **other,
    }


@pytest.mark.slow
def test_alert_leads_to_a_filled_draft(city: City, by: Actor) -> None:
    rules.declare()
    desk = begun()
    measure(city.gauge, NOON, 2.1)
    desk.look()
    alert = Alert.objects.get()
    client = client_of(by)
    assert (
        f"/console/warnings/new/?alert={alert.pk}"
        in client.get(f"/console/alerts/{alert.pk}/").content.decode()
    )
    page = client.get(f"{URL}new/?alert={alert.pk}").content.decode()
    assert "Nước sông tại Trạm Cầu Gỗ: 2,10 m, trên BĐ2 0,10 m" in page
    assert "River at Trạm Cầu Gỗ: 2.10 m, 0.10 m above BĐ2" in page
    assert 'value="90001" checked' in page
    assert not Warning.objects.exists()
    answer = client.post(f"{URL}new/?alert={alert.pk}", typed(then="submit"))
    warning = Warning.objects.get()
    assert answer.headers["Location"] == f"{URL}{warning.pk}/"
    assert (warning.origin, warning.state) == (alert, State.SUBMITTED)


@pytest.mark.slow
def test_open_page_is_another_one_once_the_state_has_moved(by: Actor, order: Actor) -> None:
    waiting = actions.draft(full(), by=by)
    waiting = actions.submit(waiting, waiting.version, by=by)
    client, url = client_of(by), f"{URL}{waiting.pk}/"
    part = f'data-part-src="{url}?seen=submitted"'
    assert part in client.get(url).content.decode()
    assert "data-reload" not in client.get(f"{url}?seen=submitted").content.decode()
    actions.approve(waiting, waiting.version, by=order)
    page = client.get(f"{url}?seen=submitted").content.decode()
    assert part in page
    assert "data-reload" in page
    assert "data-reload" not in client.get(f"{url}?seen=nonsense").content.decode()


@pytest.mark.slow
def test_draft_without_an_alert_leaves_what_is_to_be_filled(by: Actor) -> None:
    client = client_of(by)
    page = client.get(f"{URL}new/?template=flood.river.level").content.decode()
    assert "[tên trạm]" in page
    client.post(f"{URL}new/", typed(headline_vi="Nước tại [tên trạm]", then="submit"))
    warning = Warning.objects.get()
    assert warning.state == State.DRAFT
    assert "Hãy điền: [tên trạm]." in client.get(f"{URL}{warning.pk}/").content.decode()


@pytest.mark.slow
def test_approval_takes_two_touches_and_shows_who_is_told(by: Actor, order: Actor) -> None:
    warning = actions.draft(full("90"), by=by)
    warning = actions.submit(warning, warning.version, by=by)
    client = client_of(order)
    listing = client.get(URL).content.decode()
    assert "1 bản tin chờ bạn duyệt" in listing
    assert f'href="{URL}{warning.pk}/"' in listing
    page = client.get(f"{URL}{warning.pk}/").content.decode()
    assert "2 xã, phường" in page
    assert page.index("<summary") < page.index('value="approve"')
    answer = client.post(f"{URL}{warning.pk}/", {"do": "approve", "version": warning.version})
    assert answer.status_code == 302
    assert Warning.objects.get().number == "CB-2026-0001"
    assert "chờ bạn duyệt</span>" not in client.get(URL).content.decode()


@pytest.mark.slow
def test_page_names_the_channels_by_which_nothing_leaves(by: Actor, order: Actor) -> None:
    warning = actions.draft(full("90"), by=by)
    page = client_of(by).get(f"{URL}{warning.pk}/").content.decode()
    assert "Chưa kết nối:" in page
    assert 'href="/console/messages/channels/"' not in page
    for name in warning.channels:
        Setup.objects.update_or_create(channel=name, defaults={"is_on": True, "changed_at": clock.now()})
    assert "Chưa kết nối:" not in client_of(by).get(f"{URL}{warning.pk}/").content.decode()
    Setup.objects.filter(channel=warning.channels[0]).update(is_on=False)
    assert "Chưa kết nối:" in client_of(by).get(f"{URL}new/").content.decode()


@pytest.mark.slow
def test_who_may_not_order_has_no_button_and_no_way(city: City, by: Actor, order: Actor) -> None:
    warning = actions.draft(full(), by=by)
    warning = actions.submit(warning, warning.version, by=by)
    client = client_of(by)
    assert 'value="approve"' not in client.get(f"{URL}{warning.pk}/").content.decode()
    refused = client.post(f"{URL}{warning.pk}/", {"do": "approve", "version": warning.version})
    assert refused.status_code == 422
    east = client_of(officer(city, "dong", "east"))
    assert east.get(f"{URL}{warning.pk}/").status_code == 404
    assert east.get(f"{URL}{warning.pk}/edit/").status_code == 404
    assert Client().get(f"{URL}{warning.pk}/").status_code == 302
    own = actions.edit(warning, warning.version, full(), by=order)
    own = actions.submit(own, own.version, by=by)
    page = client_of(order).get(f"{URL}{own.pk}/").content.decode()
    assert "người khác có thẩm quyền sẽ duyệt" in page
    assert 'value="approve"' not in page


@pytest.mark.slow
def test_page_that_shows_an_older_version_approves_nothing(by: Actor, order: Actor) -> None:
    warning = actions.draft(full(), by=by)
    warning = actions.submit(warning, warning.version, by=by)
    seen = warning.version
    warning = actions.edit(warning, seen, full(level=4), by=by)
    actions.submit(warning, warning.version, by=by)
    answer = client_of(order).post(f"{URL}{warning.pk}/", {"do": "approve", "version": seen})
    assert answer.status_code == 422
    assert "Nguyễn truc đã sửa bản tin này" in answer.content.decode()
    assert Warning.objects.get().state == State.SUBMITTED
    for mangled in ("", "x", "-1", "9" * 20):
        assert (
            client_of(order).post(f"{URL}{warning.pk}/", {"do": "approve", "version": mangled}).status_code
            == 422
        )


@pytest.mark.slow
def test_second_officer_sees_what_changed_beside_what_he_typed(city: City, by: Actor) -> None:
    warning = actions.draft(full(), by=by)
    seen = warning.version
    actions.edit(
        warning, seen, full(vi=replace(VI, headline="Tiêu đề của người kia")), by=officer(city, "kia")
    )
    client, url = client_of(by), f"{URL}{warning.pk}/edit/"
    answer = client.post(url, typed(version=seen, headline_vi="Tiêu đề của tôi"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Tiêu đề của người kia" in page
    assert 'value="Tiêu đề của tôi"' in page
    assert Warning.objects.get().headline_vi == "Tiêu đề của người kia"
    again = client.post(url, typed(version=seen + 1, headline_vi="Tiêu đề của tôi"))
    assert again.status_code == 302
    assert Warning.objects.get().headline_vi == "Tiêu đề của tôi"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("valid_until", "mai"),
        ("level", "7"),
        ("units", ["99999"]),
        ("area", "{"),
        ("area", "[" * 5000),
        ("channels", ["telepathy"]),
        ("quote0_at", "32/13/2026"),
        ("event", "flood.nothing"),
    ],
)
def test_mistyped_field_is_told_and_nothing_typed_is_lost(by: Actor, field: str, value: Any) -> None:
    answer = client_of(by).post(f"{URL}new/", typed(what_vi="Giữ lại <chữ> này", **{field: value}))
    assert answer.status_code == 422
    assert "Giữ lại &lt;chữ&gt; này" in answer.content.decode()
    assert not Warning.objects.exists()


@pytest.mark.slow
def test_quoted_bulletin_and_area_are_kept_by_the_form(by: Actor) -> None:
    ring = [[107.02, 16.02], [107.05, 16.02], [107.05, 16.05], [107.02, 16.02]]
    area = f'{{"type":"Polygon","coordinates":[{ring}]}}'
    said = {"quote0_issuer": "Đài KTTV thành phố Huế", "quote0_number": "12", "quote0_at": "21/11/2026 10:00"}
    client = client_of(by)
    client.post(f"{URL}new/", typed(units=[], area=area, **said))
    warning = Warning.objects.get()
    assert warning.quotes[0]["at"] == "2026-11-21T10:00:00+07:00"
    assert [unit.code for unit in warning.units.all()] == ["90001"]
    form = client.get(f"{URL}{warning.pk}/edit/").content.decode()
    assert 'value="21/11/2026 10:00"' in form
    assert "107.02,16.02" in form.replace(" ", "")


@pytest.mark.slow
def test_exercise_is_marked_on_every_page(by: Actor, order: Actor) -> None:
    client = client_of(by)
    client.post(f"{URL}new/", typed(exercise="1"))
    warning = Warning.objects.get()
    assert warning.is_exercise
    for path in (URL, f"{URL}{warning.pk}/", f"{URL}{warning.pk}/edit/"):
        assert "DIỄN TẬP" in client.get(path).content.decode()
    # What an exercise is stays one: the box is not on the page of the draft.
    client.post(f"{URL}{warning.pk}/edit/", typed(version=warning.version))
    assert Warning.objects.get().is_exercise
    sent = approved(Warning.objects.get(), by, order)
    assert sent.number == "DT-2026-0001"


@pytest.mark.slow
def test_message_is_followed_from_its_page(by: Actor, order: Actor) -> None:
    sent = told(by, order)
    client = client_of(by)
    answer = client.post(f"{URL}{sent.pk}/", {"do": "update", "version": sent.version})
    follow = Warning.objects.get(previous=sent)
    assert answer.headers["Location"] == f"{URL}{follow.pk}/edit/"
    assert "Bản tin cập nhật đang được Nguyễn truc soạn" in client.get(f"{URL}{sent.pk}/").content.decode()
    again = client.post(f"{URL}{sent.pk}/", {"do": "all_clear", "version": sent.version})
    assert again.status_code == 422
    assert "Nguyễn truc đang soạn bản tin tiếp theo" in again.content.decode()
    client.post(f"{URL}{follow.pk}/", {"do": "withdraw", "version": follow.version, "text": "Nhầm"})
    assert 'value="update"' in client.get(f"{URL}{sent.pk}/").content.decode()


@pytest.mark.slow
def test_lapsed_message_says_so(by: Actor, order: Actor) -> None:
    sent = told(by, order)
    with clock.set_to(NOON + timedelta(hours=13)):
        client = client_of(by)
        for path in (URL, f"{URL}{sent.pk}/"):
            assert "Hết hiệu lực, chưa có tin kết thúc" in client.get(path).content.decode()


@pytest.mark.slow
def test_standing_order_lets_the_officer_issue_at_once(city: City, by: Actor, order: Actor) -> None:
    client = client_of(order)
    decision = {
        "number": "12/QĐ-BCH",
        "issuer": "Ban Chỉ huy Phòng thủ dân sự",
        "decided_on": "01/09/2026",
        "template": "flood.river.level",
        "rule": "",
        "max_level": "2",
        "units": ["90"],
    }
    assert client_of(by).post(f"{URL}orders/new/", decision).status_code == 302
    assert not StandingOrder.objects.exists()
    assert client.post(f"{URL}orders/new/", {**decision, "units": []}).status_code == 422
    assert client.post(f"{URL}orders/new/", decision).status_code == 302
    decided = StandingOrder.objects.get()
    assert "12/QĐ-BCH" in client_of(by).get(f"{URL}orders/").content.decode()
    warning = actions.draft(full(template="flood.river.level"), by=by)
    url = f"{URL}{warning.pk}/"
    assert "Phát ngay theo quyết định 12/QĐ-BCH" in client_of(by).get(url).content.decode()
    worse = actions.draft(full(template="flood.river.level", level=3), by=by)
    said = {"do": "issue", "order": decided.pk, "version": worse.version}
    assert client_of(by).post(f"{URL}{worse.pk}/", said).status_code == 422
    assert client_of(by).post(url, {**said, "version": warning.version}).status_code == 302
    sent = Warning.objects.get(pk=warning.pk)
    assert (sent.number, sent.order) == ("CB-2026-0001", decided)
    assert "Theo quyết định 12/QĐ-BCH" in client_of(by).get(url).content.decode()
    assert client_of(by).post(f"{URL}orders/", {"order": decided.pk, "reason": "x"}).status_code == 422
    assert client.post(f"{URL}orders/", {"order": decided.pk, "reason": "Hết mùa lũ"}).status_code == 302
    last = actions.draft(full(template="flood.river.level"), by=by)
    said = {"do": "issue", "order": decided.pk, "version": last.version}
    assert client_of(by).post(f"{URL}{last.pk}/", said).status_code == 422


@pytest.mark.slow
def test_words_and_terms_are_changed_by_the_administrator_with_a_reason(city: City, by: Actor) -> None:
    keeper = client_of(officer_with(city, people.ADMINISTRATOR))
    url = f"{URL}templates/flood.river.level/"
    page = keeper.get(url).content.decode()
    assert "{reading}" in page
    version = filling.in_force(clock.now())["flood.river.level"]
    words = {f"{name}_{code}": text for code in ("vi", "en") for name, text in version.words[code].items()}
    said = {**words, "lasts_h": "6", "level": "", "basis": "", "reason": "Theo phương án 2026", "do": "save"}
    with clock.set_to(NOON + timedelta(minutes=1)):
        for unknown in ("{password}", "{thing.secret}", "{}"):
            assert keeper.post(url, {**said, "what_vi": unknown}).status_code == 422
        assert keeper.post(url, {**said, "headline_vi": "Lũ: {reading}"}).status_code == 302
        assert client_of(by).post(url, said).status_code == 422
        assert filling.from_template("flood.river.level", clock.now()).vi.headline == "Lũ: [trị số đo được]"
        assert keeper.post(url, {"do": "drop", "reason": "Thôi"}).status_code == 302
    assert Template.objects.filter(is_declared=False, valid_to=None).count() == 0
    terms = {"remind": "5", "escalate": "3", "notice": "30", "reason": "x"}
    assert keeper.post(f"{URL}terms/", terms).status_code == 422
    assert client_of(by).post(f"{URL}terms/", {**terms, "escalate": "15"}).status_code == 422
    assert keeper.post(f"{URL}terms/", {**terms, "escalate": "15"}).status_code == 302


def officer_with(city: City, rights: tuple[str, ...]) -> Actor:
    from tests.city import actor

    return actor("quantri", None, rights)


@pytest.mark.slow
def test_list_is_filtered_and_costs_the_same(
    by: Actor, order: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    sent = told(by, order)
    client = client_of(order)
    client.get(URL)

    def cost() -> int:
        queries.forget()
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(URL)
        return len(seen)

    before = cost()
    for _n in range(5):
        warning = actions.draft(full("90001", "90002"), by=by)
        actions.submit(warning, warning.version, by=by)
        told(by, order, full("90001", "90002"))
    assert cost() <= before + 2
    row = f'href="{URL}{sent.pk}/"'
    for query, is_there in (
        ("?state=now", True),
        ("?state=past", False),
        ("?event=flood.river&level=2", True),
        ("?level=3", False),
        ("?event=flood.rain", False),
        ("?exercise=yes", False),
        ("?state=nonsense&level=x&after=9-", True),
    ):
        assert (row in client.get(f"{URL}{query}").content.decode()) is is_there, query


@pytest.mark.slow
def test_list_goes_on_by_key(by: Actor, order: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "LENGTH", 2)
    for _n in range(5):
        told(by, order)
    seen, query = [], "?state=all"
    while query:
        page = queries.page(order, queries.Wish.of(dict(pair.split("=") for pair in query[1:].split("&"))))
        seen += [row.number for row in page.rows]
        query = page.next_url
    assert seen == [f"CB-2026-{n:04d}" for n in (5, 4, 3, 2, 1)]
