"""What happened is written with what was done, and the chain shows every later change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from tests.city import BY
from toancanh.kernel.journal import actions, sealer
from toancanh.kernel.journal.models import Entry, Link
from toancanh.kernel.runtime import clock, ids


def written(count: int) -> list[Entry]:
    """So many entries, in order."""
    with transaction.atomic():
        return [actions.record("test.done", f"thing:{n}", by=BY, content={"n": n}) for n in range(count)]


def told() -> list[tuple[int, str]]:
    """The faults of the journal as pairs."""
    return [(fault.number, fault.what) for fault in sealer.faults()]


@pytest.mark.django_db(transaction=True)
def test_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        actions.record("test.done", "thing:1", by=BY, content={})
    assert Entry.objects.count() == 0


def test_entry_says_who_what_and_in_which_request(db: None) -> None:
    at = datetime(2026, 11, 21, 5, 0, 0, 123456, tzinfo=UTC)
    mark = ids.request_id.set("abc123")
    with clock.set_to(at):
        made = actions.record("test.done", "thing:1", by=BY, content={"b": 1, "a": "ắ"})
    ids.request_id.reset(mark)
    entry = Entry.objects.get(pk=made.pk)
    assert (entry.at, entry.actor, entry.action) == (at, "program:tests", "test.done")
    assert (entry.subject, entry.request, entry.content) == ("thing:1", "abc123", '{"a":"ắ","b":1}')
    assert entry.digest == actions.entry_digest(entry)


CHANGED = {
    "at": datetime(2001, 1, 1, tzinfo=UTC),
    "actor": "somebody else",
    "post": "another post",
    "action": "test.undone",
    "subject": "thing:9",
    "request": "another",
    "content": "{}",
}


def test_digest_covers_every_field() -> None:
    fields = {f.name for f in Entry._meta.concrete_fields} - {"id", "digest"}
    assert fields == set(CHANGED)
    facts = {"at": clock.now(), "actor": "a", "post": "p", "action": "x", "subject": "s", "request": "r"}
    before = actions.entry_digest(Entry(content='{"a":1}', **facts))
    for name, value in CHANGED.items():
        after = actions.entry_digest(Entry(**{"content": '{"a":1}', **facts, name: value}))
        assert after != before, name


def test_digest_knows_where_one_field_ends() -> None:
    at = clock.now()
    one = Entry(at=at, actor="a\nb", post="", action="x", subject="s", request="", content="{}")
    other = Entry(at=at, actor="a", post="b\n", action="x", subject="s", request="", content="{}")
    assert actions.entry_digest(one) != actions.entry_digest(other)


def test_content_that_json_cannot_spell_once_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        actions.canonical({"value": float("nan")})


def test_sealer_links_every_entry_once_in_order(db: None) -> None:
    entries = written(5)
    assert sealer.unsealed() == 5
    assert sealer.seal() == 5
    later = written(2)
    assert sealer.seal() == 2
    assert sealer.seal() == 0
    assert sealer.unsealed() == 0
    links = list(Link.objects.order_by("number").values_list("number", "entry_id"))
    assert links == list(enumerate([e.pk for e in entries + later], start=1))
    assert told() == []


def test_running_journal_with_an_unsealed_tail_is_sound(db: None) -> None:
    written(3)
    sealer.seal()
    written(4)
    assert sealer.unsealed() == 4
    assert told() == []


@pytest.mark.parametrize("field", sorted(CHANGED))
def test_faults_name_an_edited_entry(db: None, field: str) -> None:
    entries = written(3)
    sealer.seal()
    Entry.objects.filter(pk=entries[1].pk).update(**{field: CHANGED[field]})
    assert told() == [(2, f"mục {entries[1].pk} đã bị sửa")]


def test_faults_name_an_entry_rewritten_with_its_digest(db: None) -> None:
    entries = written(3)
    sealer.seal()
    forged = entries[1]
    forged.content = '{"n":9}'
    forged.digest = actions.entry_digest(forged)
    forged.save()
    assert told() == [(2, "mắt xích 2 không khớp mắt xích trước")]


def test_faults_name_a_deleted_entry(db: None) -> None:
    entries = written(3)
    sealer.seal()
    Link.objects.filter(number=2).delete()
    entries[1].delete()
    assert (2, "thiếu mắt xích 2") in told()


def test_faults_name_an_entry_whose_link_alone_was_deleted(db: None) -> None:
    written(3)
    sealer.seal()
    Link.objects.filter(number=2).delete()
    missing, after = (2, "thiếu mắt xích 2"), (3, "mắt xích 3 không khớp mắt xích trước")
    assert told() == [missing, after]


def test_faults_name_an_entry_slipped_in_between_old_ones(db: None) -> None:
    entries = written(3)
    sealer.seal()
    gone = entries[1]
    Link.objects.filter(number__gt=1).delete()
    facts = {f: getattr(gone, f) for f in CHANGED} | {"at": gone.at - timedelta(days=3)}
    Entry.objects.filter(pk=gone.pk).delete()
    sealer.seal()
    forged = Entry(pk=gone.pk, **facts)
    forged.digest = actions.entry_digest(forged)
    forged.save(force_insert=True)
    sealer.seal()
    assert told() == [(3, f"mục {gone.pk} được chèn vào sau")]


def test_digest_is_the_same_for_one_moment_in_any_zone(db: None) -> None:
    with clock.set_to(datetime(2026, 11, 21, 12, 0, tzinfo=clock.VIETNAM)):
        written(1)
    sealer.seal()
    assert told() == []


def test_faults_name_a_cut_of_the_sealed_tail(db: None) -> None:
    entries = written(4)
    sealer.seal()
    Link.objects.filter(number__gt=2).delete()
    Entry.objects.filter(pk__in=[e.pk for e in entries[2:]]).delete()
    assert told() == [(2, "chuỗi bị cắt: đã niêm phong 4 mắt xích")]


def test_faults_name_a_whole_chain_that_was_removed(db: None) -> None:
    written(3)
    sealer.seal()
    Link.objects.all().delete()
    assert told() == [(0, "chuỗi bị cắt: đã niêm phong 3 mắt xích")]


def test_faults_find_links_in_another_order(db: None) -> None:
    first, second = written(2)
    sealer.seal()
    Link.objects.all().delete()
    ends = [sealer.chain(sealer.START, 1, first)]
    ends.append(sealer.chain(ends[0], 2, second))
    pairs = zip((1, 2), (second, first), ends, strict=True)
    Link.objects.bulk_create(Link(number=n, entry=e, digest=d, at=clock.now()) for n, e, d in pairs)
    assert [number for number, _ in told()] == [1, 2]


def test_entry_committed_late_is_no_fault(db: None) -> None:
    """Two transactions may commit in another order than their numbers: nothing was forged."""
    early, late = written(2)
    facts = {f: getattr(early, f) for f in CHANGED}
    Entry.objects.filter(pk=early.pk).delete()
    sealer.seal()
    Entry(pk=early.pk, digest=early.digest, **facts).save(force_insert=True)
    assert told() == []
    sealer.seal()
    assert list(Link.objects.order_by("number").values_list("entry_id", flat=True)) == [late.pk, early.pk]
    assert told() == []


def test_sealing_goes_on_in_batches(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH", 2)
    written(5)
    assert [sealer.seal() for _ in range(4)] == [2, 2, 1, 0]
    assert told() == []


def test_links_bear_the_time_of_sealing(db: None) -> None:
    written(1)
    at = clock.now() + timedelta(hours=1)
    with clock.set_to(at):
        sealer.seal()
    assert Link.objects.get().at == at
