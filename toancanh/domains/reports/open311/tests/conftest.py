"""What tests of the door stand on: the desk of reports, a key, questions and posts of a program."""

from __future__ import annotations

from toancanh.domains.reports.tests.conftest import desk

__all__ = ["desk"]
