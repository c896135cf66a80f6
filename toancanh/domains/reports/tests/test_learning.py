"""What was learned is measured on what came later, and acts alone only where that proves it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from tests.city import BY, NOON
from tests.kept_rows import Made
from tests.office import OFFICE, Office, moment
from toancanh.domains.reports.learning import acting, bayes, proposing, training
from toancanh.domains.reports.learning.bayes import Tried
from toancanh.domains.reports.learning.models import Learned, Target, Trust
from toancanh.domains.reports.routing import arranging, taking
from toancanh.domains.reports.routing.arranging import Draft
from toancanh.domains.reports.triage import actions
from toancanh.kernel.cases.models import Case
from toancanh.kernel.cases.opening import Said
from toancanh.kernel.runtime import clock
from toancanh.lib.errors import NotAllowed, Refused
from toancanh.lib.fold import fold

START = moment("2026-11-02 08:00")
PLACES = ("đường Lê Lợi", "kiệt 12 Bà Triệu", "cầu Gỗ", "chợ Đông Ba", "trước trường học")
TALK = {
    "qlhtgt": ("Mặt đường có ổ gà sâu", "Nắp cống bị vỡ", "Vỉa hè sụt lún", "Đường ngập vì cống tắc"),
    "syt": (
        "Quán ăn bán đồ ôi thiu",
        "Nghi ngộ độc thực phẩm",
        "Muỗi nhiều, lo sốt xuất huyết",
        "Chó dại cắn người",
    ),
    "sxd": (
        "Nhà xây không phép",
        "Công trình đổ vật liệu ra ngõ",
        "Cẩu tháp quá gần nhà dân",
        "Xây lấn ra đường",
    ),
}


def spoken(dice: random.Random) -> tuple[str, str]:
    """Words of a report and whose work it is."""
    whose = dice.choice(sorted(TALK))
    return f"{dice.choice(TALK[whose])} ở {dice.choice(PLACES)}", whose


def test_words_without_tone_marks_mean_the_same() -> None:
    dice = random.Random(1)
    pairs = [(fold(text), whose) for text, whose in (spoken(dice) for _n in range(120))]
    model = bayes.Model.from_json(bayes.train(pairs).to_json())
    assert model.ranked(fold("O GA TREN DUONG"))[0][0] == "qlhtgt"
    assert model.ranked(fold("ngộ độc ở quán"))[0][0] == "syt"
    ranked = model.ranked(fold("hoàn toàn chuyện khác"))
    assert sum(confidence for _name, confidence in ranked) == pytest.approx(1)


def test_share_that_few_trials_prove_is_less_than_what_they_show() -> None:
    assert bayes.least(10, 10) < 0.75
    assert bayes.least(1000, 1000) > 0.99
    assert bayes.least(0, 0) == 0.0
    assert bayes.least(85, 100) == pytest.approx(0.767, abs=0.002)


def test_confidence_to_act_alone_is_the_lowest_that_later_data_proves() -> None:
    sure = [Tried(0.9 + n / 10_000, True, True) for n in range(100)]
    unsure = [Tried(0.4, n % 2 == 0, True) for n in range(100)]
    assert bayes.surest([*sure, *unsure], 0.9) == pytest.approx(0.9)
    assert bayes.surest([*sure, *unsure], 0.6) == 0.4
    assert bayes.surest([*sure, *unsure], 0.99) is None
    assert bayes.surest([], 0.5) is None
    # All of the same confidence stand or fall together: the right ones are not picked out.
    assert bayes.surest(unsure, 0.6) is None


def decide(office: Office) -> None:
    """Let the desk pass on a hundred and fifty reports."""
    dice = random.Random(2)
    for n in range(150):
        text, whose = spoken(dice)
        with clock.set_to(START + timedelta(minutes=10 * n)):
            case = taking.open_report(Said(title=text, unit=office.city.west), by=office.desk)
            actions.accept(case, whose, by=office.desk)


DECIDED = Made(decide, upon=OFFICE, at=NOON)


@pytest.mark.slow
@pytest.mark.xdist_group("learning")
@pytest.mark.django_db
def test_training_needs_decisions_measures_later_ones_and_guards_acting_alone(office: Office) -> None:
    with pytest.raises(Refused):
        training.train(Target.ORGANISATION, by=BY)
    DECIDED(office)
    learned = training.train(Target.ORGANISATION, by=BY)
    assert (learned.texts, learned.tried) == (150, 30)
    assert learned.split_at == START + timedelta(minutes=1200)
    assert learned.right >= 27
    assert proposing.three(Target.ORGANISATION, "nap cong vo")[0].code == "qlhtgt"
    assert len(proposing.three(Target.ORGANISATION, "nắp cống vỡ")) == 3
    assert proposing.three(Target.CATEGORY, "nắp cống vỡ") == []

    assert proposing.alone_from() is None
    proposing.set_trust(0.8, by=BY, reason="đủ tin cậy")
    assert proposing.alone_from() is not None
    proposing.set_trust(0.999, by=BY, reason="chưa đủ")
    # Thirty right ones out of thirty do not prove 99.9 percent.
    assert proposing.alone_from() is None
    proposing.set_trust(None, by=BY, reason="không bao giờ")
    assert proposing.alone_from() is None
    assert Trust.objects.count() == 3
    for precision, by in ((0.4, BY), (1.1, BY)):
        with pytest.raises(Refused):
            proposing.set_trust(precision, by=by, reason="x")
    with pytest.raises(NotAllowed):
        proposing.set_trust(0.9, by=office.desk, reason="x")


@pytest.mark.slow
@pytest.mark.xdist_group("learning")
@pytest.mark.django_db
def test_report_is_passed_on_alone_only_where_proven_and_no_rule_fits(office: Office) -> None:
    DECIDED(office)
    assert training.look() == 1
    assert training.look() == 0

    def sent(text: str, **more: Any) -> Case:
        said = Said(**{"title": text, "unit": office.city.west, **more})
        case = taking.open_report(said, by=office.desk)
        acting.opened({"case": case.pk, "kind": case.kind, "number": 1})
        return Case.objects.get(pk=case.pk)

    assert sent("Nắp cống bị vỡ ở đường Lê Lợi").state == "received"
    proposing.set_trust(0.8, by=BY, reason="đủ tin cậy")
    passed = sent("Nắp cống bị vỡ ở đường Lê Lợi")
    assert (passed.state, passed.organisation) == ("assigned", office.roads)
    row = passed.routings.get(given__isnull=False)
    assert row.by_program
    assert row.confidence is not None
    assert sent("Nắp cống bị vỡ ở đường Lê Lợi", priority=1).state == "received"
    assert sent("zzz").state == "received"
    draft = Draft(name="cống", organisation=office.health, words=["nắp cống"])
    arranging.set_rule(draft, by=BY, reason="có quy tắc")
    assert sent("Nắp cống bị vỡ ở đường Lê Lợi").state == "received"
    # What it passed on by itself teaches it nothing.
    assert len(training.samples(Target.ORGANISATION)) == 150


@pytest.mark.django_db
def test_few_trials_never_let_it_act_alone(office: Office) -> None:
    now = clock.now()
    facts = {"target": Target.ORGANISATION, "at": now, "content": {}, "texts": 60, "split_at": now}
    trials = [[0.99, 1]] * (proposing.FEWEST_TRIED - 1)
    Learned.objects.create(**facts, tried=len(trials), right=len(trials), among=len(trials), trials=trials)
    proposing.set_trust(0.5, by=BY, reason="thử")
    assert proposing.alone_from() is None
