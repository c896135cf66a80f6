"""An alert that comes to somebody on duty is shown in his browsers, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.city import BY, NOON, City, measure, person
from toancanh.kernel.alerts import rules
from toancanh.kernel.alerts.escalation import delays
from toancanh.kernel.alerts.escalation.escalating import Escalator
from toancanh.kernel.alerts.models import Alert
from toancanh.kernel.alerts.tests.test_desk import begun
from toancanh.kernel.contacts.tests.test_devices import DOOR, browser, say, signed_in
from toancanh.kernel.notify.tests.parts import hand, pushing
from toancanh.kernel.people.models import Organisation
from toancanh.kernel.people.shifts import actions as shifts

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_alert_that_comes_to_somebody_is_shown_in_each_of_his_browsers(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    an = person("an", city.province)
    with pushing(monkeypatch) as service:
        client = signed_in(an)
        assert len(client.get(DOOR).json()["key"]) == 87
        for path in ("/ok/desk", "/ok/phone"):
            assert say(client, **browser(service, path))["state"] == "on"
        rules.declare()
        delays.declare()
        duty = shifts.create_post(Organisation.objects.get(code="office"), "Trực ban", 1, by=BY)
        shifts.add_shift(duty, an, NOON - timedelta(days=1), NOON + timedelta(days=1), by=BY)
        desk = begun()
        measure(city.gauge, NOON, 2.1)
        desk.look()
        for _look in range(2):
            Escalator().look()
        hand("webpush")
        assert sorted(path for path, _text, _headers in service.told) == ["/ok/desk", "/ok/phone"]
        _path, text, headers = service.told[0]
        alert = Alert.objects.get()
        assert text["link"] == f"/console/alerts/{alert.pk}/"
        assert "Trạm Cầu Gỗ" in text["body"]
        assert headers["urgency"] == "high"
        assert service.faults == []
        assert len(set(service.topics.values())) == 1
