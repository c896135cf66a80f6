"""What a report keeps beside its case, and what of it goes with contact data and with the case itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toancanh.domains.reports.models import Report, Routed, Sending
from toancanh.domains.reports.public import finding
from toancanh.kernel.cases.models import Case


def identities_erased(payload: Mapping[str, Any]) -> None:
    """Reaction to ``cases.identities_erased``: links of those parties are not told again either."""
    Sending.objects.filter(party__in=payload["parties"]).update(sealed="")


def erase(case: Case) -> None:
    """Take away every word and link; who got it and by which rule stays. Called as the case is destroyed."""
    Report.objects.filter(case=case).update(public_title="", public_words="", folded="")
    finding.forget([case.pk])
    Routed.objects.filter(case=case).update(return_reason="")
    Sending.objects.filter(case=case).update(sealed="")
