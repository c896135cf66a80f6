"""Takes reports of an earlier system in, on a real store, and is killed at a chosen write.

``begin ROWS``: an office, and a file of so many rows, confirmed. ``run WRITES``: go on, die at that write; 0:
to the end. ``undo``: have it taken back. ``tell``: what there is, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import django

HEAD = "Mã phản ánh;Thời gian gửi;Ngày hoàn thành;Trạng thái;Nội dung;Vĩ độ;Kinh độ;Đơn vị xử lý;Họ và tên"
ROW = "K{n};03/03/2025 08:00;05/03/2025 10:00;Đã xử lý;Nắp cống vỡ ở số {n};16,05;107,05;Sở Y tế;Lê Thị Hoa"


def begin(rows: int) -> None:
    """Until the worker would begin."""
    import msgspec

    from tests.city import City, person
    from tests.office import Office
    from toancanh.domains.reports import defaults
    from toancanh.domains.reports.importing import actions
    from toancanh.domains.reports.importing.mapping import Mapping
    from toancanh.kernel.people import access
    from toancanh.kernel.people import actions as people

    Office.build(City.build())
    defaults.declare()
    by = access.actor(person("quantri", None, people.ADMINISTRATOR))
    table = "\n".join((HEAD, *(ROW.format(n=n) for n in range(rows))))
    made = actions.upload(table.encode(), "cu.csv", by=by)
    said = msgspec.structs.replace(msgspec.convert(made.mapping, Mapping), source="1022")
    assert actions.understand(made, said, by=by).new == rows
    made.refresh_from_db()
    actions.confirm(made, made.preview["of"], by=by)


def run(writes: int) -> None:
    """As the worker does; dies as by a power cut at that write."""
    from django.db import connection

    from toancanh.domains.reports.importing import work

    count = 0

    def step(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += sql.startswith(("INSERT", "UPDATE", "DELETE"))
        if writes and count >= writes:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    duty = work.Duty()
    with connection.execute_wrapper(step):
        while duty():
            pass


def undo() -> None:
    """Have it taken back."""
    from toancanh.domains.reports.importing import actions
    from toancanh.domains.reports.importing.models import ReportImport
    from toancanh.kernel.people import access
    from toancanh.kernel.people.models import Person

    by = access.actor(Person.objects.get(username="quantri"))
    actions.undo(ReportImport.objects.get(), by=by)


def tell() -> None:
    """Everything that may be there too often or not at all."""
    from toancanh.domains.reports.importing.models import ImportedRow, ReportImport
    from toancanh.kernel.cases import recounting
    from toancanh.kernel.cases.models import Case, Event, Identity

    one = ReportImport.objects.get()
    codes = [case.facts["old_code"] for case in Case.objects.filter(channel="import").order_by("pk")]
    told = {
        "state": one.state,
        "counts": [one.new, one.same, one.refused, one.withdrawn, one.left],
        "codes": codes,
        "rows": ImportedRow.objects.count(),
        "events": Event.objects.count(),
        "identities": Identity.objects.count(),
        "differences": len(list(recounting.differences())),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    django.setup()
    what, *more = sys.argv[1:]
    {"begin": begin, "run": run, "undo": undo, "tell": tell}[what](*map(int, more))  # type: ignore[operator]
