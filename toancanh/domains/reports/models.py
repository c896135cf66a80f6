"""The tables of field reports."""

from toancanh.domains.reports.learning.models import Learned, Trust
from toancanh.domains.reports.routing.models import Routed, Rule
from toancanh.domains.reports.triage.models import Answer, Report

__all__ = ["Answer", "Learned", "Report", "Routed", "Rule", "Trust"]
