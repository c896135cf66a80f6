"""The same office as every test of reports."""

from toancanh.domains.reports.tests.conftest import desk

__all__ = ["desk"]
