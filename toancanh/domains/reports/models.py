"""The tables of field reports."""

from toancanh.domains.reports.routing.models import Routed, Rule

__all__ = ["Routed", "Rule"]
