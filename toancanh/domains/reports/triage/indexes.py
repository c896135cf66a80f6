"""The index that finds reports by their published text, beside the one of the words of all work."""

from __future__ import annotations

from toancanh.kernel.cases.indexes import WordIndex


class PublicWords(WordIndex):
    """Over `Report.folded`."""

    table = "report_words"
    columns = "folded"
    relation = "reports_report"
    vector = "to_tsvector('simple', folded)"
