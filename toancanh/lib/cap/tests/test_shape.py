"""Our tables of the schema against the schema itself, asked by a validator that is not ours."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from toancanh.lib.cap import message, shape
from toancanh.lib.cap.tests.validator import is_valid
from toancanh.lib.cap.tree import parsed

SAMPLES = Path(__file__).parent / "samples"
VALID = [
    etree.parse(str(SAMPLES / name)).getroot()
    for name in ("google_canada.cap", "google_australia.cap", "oasis_v1.2_appendix_a4.xml")
]
TEXTS = (
    "", " ", "Met", " Met", "Public", "Actual", "None", "Unknown", "vi", "vi-VN", "x_y", "12", "1.5", "+3",
    "-0.5", ".5", "1e3", "2026-11-22T09:00:00+07:00", "2026-11-22T09:00:00-00:00", "2026-11-22T02:00:00Z",
    "2026-11-22T09:00:00", "2026-11-22T09:00:00.5+07:00", "2026-13-22T09:00:00+07:00",
    " 2026-11-22T09:00:00+07:00 ",
)  # fmt: skip
ODD = (
    "info", "scope", "area", "headline", "value", "valueName", "language", "altitude", "resource", "size",
    "nothing", "{http://www.w3.org/2000/09/xmldsig#}Signature", "{urn:x}y",
)  # fmt: skip


def _is_text(element: Any) -> bool:
    return not len(element) and etree.QName(element).localname not in ("web", "uri")


def _changed(data: st.DataObject) -> Any:
    root = copy.deepcopy(data.draw(st.sampled_from(VALID)))
    for _n in range(data.draw(st.integers(1, 3))):
        every = [one for one in root.iter() if isinstance(one.tag, str)]
        one = data.draw(st.sampled_from(every))
        parent = one.getparent()
        what = data.draw(st.sampled_from(("drop", "double", "move", "text", "new", "attribute")))
        if what == "text" and _is_text(one):
            one.text = data.draw(st.sampled_from(TEXTS))
        elif what == "attribute":
            one.set(data.draw(st.sampled_from(("x", "{http://www.w3.org/XML/1998/namespace}lang"))), "vi")
        elif what == "new":
            name = data.draw(st.sampled_from(ODD))
            made = etree.Element(name if name.startswith("{") else f"{{{message.CAP_12}}}{name}")
            made.text = data.draw(st.sampled_from(TEXTS)) or None
            one.insert(data.draw(st.integers(0, len(one))), made)
        elif parent is not None and what == "drop":
            parent.remove(one)
        elif parent is not None and what == "double":
            parent.insert(parent.index(one), copy.deepcopy(one))
        elif parent is not None and what == "move":
            parent.remove(one)
            parent.insert(data.draw(st.integers(0, len(parent))), one)
    return root


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300, deadline=None)
def test_says_what_the_schema_says(data: st.DataObject) -> None:
    made = etree.tostring(_changed(data), encoding="utf-8")
    faults = shape.check(parsed(made))
    assert (not faults) == is_valid(made), faults


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("<scope>Public</scope>", "", "missing", "scope"),
        ("<scope>Public</scope>", "<scope>Everyone</scope>", "value", "scope"),
        ("<scope>Public</scope>", "<scope>Public</scope><scope>Public</scope>", "twice", "scope"),
        ("<scope>Public</scope>", "<scope>Public</scope><colour>red</colour>", "unknown", "colour"),
        ("<status>Actual</status>", "<scope>Public</scope><status>Actual</status>", "out_of_order", "scope"),
        ("-05:00</sent>", "</sent>", "value", "sent"),
        ("<alert", "<alert lang='vi'", "attribute", "alert"),
        ("<info>", "<info>hello", "stray_text", "info"),
    ],
)
def test_names_what_is_wrong(old: str, new: str, code: str, at: str) -> None:
    text = (SAMPLES / "oasis_v1.2_appendix_a1.xml").read_text(encoding="utf-8")
    assert old in text
    made = text.replace(old, new, 1).encode()
    assert not is_valid(made)
    assert (code, at) in {(fault.code, fault.at) for fault in shape.check(parsed(made))}
