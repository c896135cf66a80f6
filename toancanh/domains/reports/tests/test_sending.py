"""Sending a report: once whatever the network does, to the right place, and only what belongs here."""

from __future__ import annotations

import pytest

from tests.city import BY
from tests.office import Office, at
from toancanh.domains.reports import actions, admission, defaults, elsewhere, looking, sending, similar
from toancanh.domains.reports.models import Category, Marker, Sending
from toancanh.domains.reports.places import Outside, Unplaced
from toancanh.domains.reports.tests.saying import key, photo, said, send
from toancanh.kernel.cases import keeping, moving, parties
from toancanh.kernel.cases.models import Case, Clock, Party
from toancanh.kernel.files import queries as files
from toancanh.kernel.journal import outbox
from toancanh.kernel.journal.models import Entry
from toancanh.lib.errors import NotAllowed, NotFound, Refused


def test_a_report_gets_a_code_a_term_and_a_link(desk: Office) -> None:
    made = send()
    case = made.case
    assert (case.code, case.state, case.unit, case.category) == (
        "PA26-000001",
        "received",
        desk.city.west,
        "water.drain",
    )
    assert case.title == "Nắp cống vỡ trước số 12, rất nguy hiểm"
    party = parties.by_link(made.secret)
    assert (party.case, party.role) == (case, "reporter")
    assert len(made.secret) >= 22, "128 bits"
    main = Clock.objects.get(case=case, is_main=True)
    assert main.term == 3 * 8 * 60, "three working days, as its category says"


def test_the_same_form_is_one_report_with_one_link_however_often_it_arrives(desk: Office) -> None:
    one = key()
    made = [send(key=one) for _turn in range(50)]
    assert {(sent.case.pk, sent.secret) for sent in made} == {(made[0].case.pk, made[0].secret)}
    assert (Case.objects.count(), Party.objects.count(), Sending.objects.count()) == (1, 1, 1)


def test_who_reads_the_table_cannot_ask_for_the_link(desk: Office) -> None:
    one = key()
    made = send(key=one)
    row = Sending.objects.get()
    assert one not in (row.digest, made.case.key)
    assert made.secret not in row.sealed


def test_photos_come_before_the_report_and_belong_to_it(desk: Office) -> None:
    first, second = key(), key()
    for name in (first, first, second):
        actions.photo(photo(), "anh.jpg", name)
    made = send(photos=(first, second))
    kept = files.of(f"case:{made.case.pk}")
    assert [str(one.pk) for one in kept] == made.case.facts["pictures"]
    assert len(kept) == 2


def test_a_photo_that_did_not_arrive_is_asked_for_and_nothing_is_kept_meanwhile(desk: Office) -> None:
    lost = key()
    with pytest.raises(actions.PhotosMissing) as fault:
        send(photos=(lost,))
    assert fault.value.keys == [lost]
    assert Case.objects.count() == 0


def test_nobody_takes_the_photos_of_another_report(desk: Office) -> None:
    one = key()
    actions.photo(photo(), "anh.jpg", one)
    send(photos=(one,))
    with pytest.raises(Refused):
        send(photos=(one,))
    assert Case.objects.count() == 1


def test_a_place_outside_is_offered_to_whose_it_is(desk: Office) -> None:
    with pytest.raises(Outside):
        send(lon="100.5", lat="13.7")
    assert Case.objects.count() == 0


@pytest.mark.parametrize("address", ["12 Lê Lợi, phường Dương Nỗ", "số 3, P. duong no", "PHUONG DUONG NO"])
def test_an_address_says_the_ward(desk: Office, address: str) -> None:
    made = send(lon="", lat="", address=address)
    assert made.case.unit == desk.city.west


def test_without_a_place_the_form_asks_for_one(desk: Office) -> None:
    with pytest.raises(Unplaced):
        send(lon="", lat="", address="gần cầu")
    assert send(lon="", lat="", unit="90002").case.unit == desk.city.east


COMPLAINTS = [
    ("Đơn khiếu nại về đất đai", "complaint", True),
    ("toi khieu nai quyet dinh thu hoi dat", "complaint", True),
    ("Nếu không sửa tôi sẽ gửi khiếu nại", "complaint", False),
    ("Tôi tố cáo ông A nhận tiền", "denunciation", True),
    ("TỐ CÁO cán bộ địa chính", "denunciation", True),
    ("Tôi nhặt được tài liệu mật ở công viên", "secret", True),
    ("văn bản đóng dấu TỐI MẬT", "secret", True),
]
REPORTS = [
    "Tôi mất điện từ tối qua",
    "toi mat dien tu toi qua",
    "cay to cao sap do, toi mat ngu",
    "Tố chất tốt, cáo phó dán đầy tường",
    "Ổ gà trước nhà, xe máy ngã nhiều lần",
]


@pytest.mark.parametrize(("words", "kind", "is_certain"), COMPLAINTS)
def test_what_the_law_has_another_door_for_is_led_there(
    desk: Office, words: str, kind: str, is_certain: bool
) -> None:
    found = elsewhere.recognise(words)
    assert found is not None
    assert (found.kind, found.is_certain) == (kind, is_certain)
    assert found.basis.startswith("Luật")


@pytest.mark.parametrize("words", REPORTS)
def test_what_is_a_report_is_taken_for_one(desk: Office, words: str) -> None:
    assert elsewhere.recognise(words) is None


def test_nothing_is_kept_of_what_is_led_elsewhere(desk: Office) -> None:
    before = Entry.objects.count()
    with pytest.raises(elsewhere.LedElsewhere):
        send(words="Tôi tố cáo ông Nguyễn Văn Kín")
    with pytest.raises(elsewhere.LedElsewhere):
        send(words="Tôi tố cáo ông Nguyễn Văn Kín", meant="1")
    assert (Case.objects.count(), Entry.objects.count()) == (0, before)


def test_who_means_a_report_may_say_so_where_words_alone_are_doubtful(desk: Office) -> None:
    words = "Cống tắc, nếu không sửa tôi sẽ khiếu nại"
    with pytest.raises(elsewhere.LedElsewhere):
        send(words=words)
    assert send(words=words, meant="1").case.words == words


def test_words_hold_while_a_law_does(desk: Office) -> None:
    with at("2026-02-27 08:00"):
        old = elsewhere.recognise("tài liệu mật")
    new = elsewhere.recognise("tài liệu mật")
    assert old is not None
    assert new is not None
    assert ("29/2018" in old.basis, "117/2025" in new.basis) == (True, True)


def test_a_near_report_of_the_same_kind_is_shown_and_followed(desk: Office) -> None:
    first = send()
    send(category="clean.noise", words="Karaoke ồn ào suốt đêm", lon="107.08")
    found = similar.near("water.drain", "cống vỡ nắp", 107.0502, 16.0501)
    assert [one.case for one in found] == [first.case]
    assert found[0].metres == 20
    one = key()
    followed = [actions.follow(first.case.code, one) for _turn in range(3)]
    assert {sent.secret for sent in followed} == {followed[0].secret}
    assert followed[0].secret != first.secret
    first.case.refresh_from_db()
    assert first.case.followers == 1


def test_by_anothers_number_nobody_gets_his_link(desk: Office) -> None:
    first = send(phone="0914 123 456")
    follower = actions.follow(first.case.code, key(), proof="0914123456")
    assert follower.secret != first.secret


def test_what_is_restricted_is_neither_shown_nor_followed(desk: Office) -> None:
    made = send()
    Case.objects.filter(pk=made.case.pk).update(level=2)
    assert similar.near("water.drain", "cống", 107.05, 16.05) == []
    assert looking.by_code(made.case.code) is None
    with pytest.raises(NotFound):
        actions.follow(made.case.code, key())


def test_a_code_tells_the_state_alone(desk: Office) -> None:
    made = send(phone="0914123456")
    found = looking.by_code(made.case.code)
    assert found is not None
    assert "Nắp cống" not in repr(found)
    assert looking.by_code("PA26-999999") is None


def test_ten_thousand_guesses_find_no_report(desk: Office) -> None:
    import secrets

    send()
    for _turn in range(100):
        with pytest.raises(NotFound):
            parties.by_link(secrets.token_urlsafe(16))


NAUGHTY = {
    "a\0b": "ab",
    "ảnh \u202egnourt": "ảnh gnourt",
    "<script>alert(1)</script>": "<script>alert(1)</script>",
    "w" * 10_000: "w" * 10_000,
    "e\u0301": "é",
}


@pytest.mark.parametrize("words", NAUGHTY, ids=lambda words: words[:12].encode("unicode_escape").decode())
def test_odd_words_are_kept_as_text(desk: Office, words: str) -> None:
    made = send(words=words)
    assert made.case.words == NAUGHTY[words]
    assert len(made.case.title) <= 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"words": ""},
        {"words": "\u200e \0"},
        {"words": "w" * 10_001},
        {"category": ""},
        {"category": "roads"},
        {"category": "no.such"},
        {"lon": ""},
        {"lon": "1e5"},
        {"lon": "nan", "lat": "nan"},
        {"lat": "107.05'; --"},
        {"key": "short"},
        {"key": "x" * 65},
        {"phone": "113"},
    ],
)
def test_what_cannot_be_is_refused_with_words(desk: Office, wrong: dict[str, str]) -> None:
    with pytest.raises(Refused) as fault:
        send((), **wrong)
    assert fault.value.message
    assert Case.objects.count() == 0


def test_more_than_five_photos_are_refused(desk: Office) -> None:
    with pytest.raises(Refused):
        sending.read(said(), [key() for _n in range(6)], "vi")


def test_the_sender_answers_back_rates_and_reopens(desk: Office) -> None:
    made = send()
    party = parties.by_link(made.secret)
    moving.move(party.case, "ask", {"question": "Số nhà nào?"}, by=desk.desk)
    actions.act(party, "reply", {"reply": "Số 12 \0"}, seen=None)
    moving.move(party.case, "accept", {"organisation": "qlhtgt"}, by=desk.desk)
    with pytest.raises(Refused):
        actions.rate(party, 3, "")
    moving.move(party.case, "take", by=desk.engineer)
    moving.move(party.case, "answer", {"answer": "Đã thay nắp"}, by=desk.engineer)
    moving.move(party.case, "publish", by=desk.desk)
    actions.rate(party, 1, "vẫn vỡ")
    actions.rate(party, 2, "tạm được")
    assert (party.case.ratings.get().value, party.case.rating) == (2, 2)
    actions.act(party, "reopen", {"reason": "Lại vỡ"}, seen=None)
    assert (party.case.state, party.case.round, party.case.rating) == ("returned", 2, None)


def test_a_follower_only_looks(desk: Office) -> None:
    made = send()
    follower = parties.by_link(actions.follow(made.case.code, key()).secret)
    for step in ("withdraw", "reopen"):
        with pytest.raises(NotAllowed):
            actions.act(follower, step, {"reason": "x"}, seen=None)
    with pytest.raises(NotAllowed):
        actions.rate(follower, 3, "")


def test_defaults_are_declared_once_and_leave_what_a_locality_changed(desk: Office) -> None:
    Category.objects.filter(code="roads.surface").update(title_vi="Đường hỏng")
    counts = (Category.objects.count(), Marker.objects.count())
    assert defaults.declare() == 0
    assert (Category.objects.count(), Marker.objects.count()) == counts
    assert Category.objects.get(code="roads.surface").title_vi == "Đường hỏng"


def test_the_locality_says_who_may_send(desk: Office) -> None:
    with pytest.raises(Refused):
        admission.change("phone", "", "thử", by=BY)
    admission.change("account", "12 Lê Lợi", "Quyết định 1", by=BY)
    with pytest.raises(NotAllowed):
        send()
    admission.change("anyone", "12 Lê Lợi", "Quyết định 2", by=BY)
    assert send().case.code == "PA26-000001"
    assert [row.reason for row in admission.history()] == ["Quyết định 2", "Quyết định 1"]
    with pytest.raises(NotAllowed):
        admission.change("anyone", "", "không có quyền", by=desk.engineer)


def test_link_is_not_told_again_once_contact_data_is_erased(desk: Office) -> None:
    form = sending.read(said(), [], "vi")
    sent = actions.send(form)
    moving.move(sent.case, "refuse", {"reason": "Trùng"}, by=desk.desk)
    with at("2027-11-25 08:00"):
        assert keeping.look() == 1
        outbox.deliver()
        with pytest.raises(Refused, match=sent.case.code):
            actions.send(form)
    assert Sending.objects.get().sealed == ""
    assert Case.objects.count() == 1
