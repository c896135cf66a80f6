"""Run on the store of a journey: a report with a photo of a face, and one beside it."""

from __future__ import annotations

import io
import json
import sys

import django


def main() -> None:
    """Make them; prints their codes."""
    django.setup()
    from PIL import Image, ImageDraw

    from toancanh.domains.reports.routing import taking
    from toancanh.kernel.cases.opening import Said
    from toancanh.kernel.declare import ANYONE, program
    from toancanh.kernel.files import actions as files
    from toancanh.kernel.files import work
    from toancanh.kernel.territory import queries as territory

    said = json.load(sys.stdin)
    unit = territory.unit(said["unit"])
    assert unit is not None
    picture = Image.new("RGB", (800, 600), "lightsteelblue")
    ImageDraw.Draw(picture).ellipse((340, 220, 460, 380), fill="peachpuff", outline="black")
    drawn = io.BytesIO()
    picture.save(drawn, "JPEG", quality=90)
    photo = files.take(drawn.getvalue(), "cong.jpg", by=ANYONE, key="journey-of-the-photo")
    codes = []
    for title in ("Nắp cống vỡ có người", "Nắp cống vỡ gần đó"):
        facts = {"facts": {"pictures": [str(photo.pk)]}} if not codes else {}
        made = Said(
            title=title, words=title, unit=unit, lon=said["lon"], lat=said["lat"], channel="portal", **facts
        )
        case = taking.open_report(made, by=program("journey"))
        if facts:
            files.attach(photo, f"case:{case.pk}", by=ANYONE)
        codes.append(case.code)
    work.prepare(photo)
    print(json.dumps(codes))


if __name__ == "__main__":
    main()
