"""The queue in words: phases, channels, and what happened to a case last in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from toancanh.kernel.cases import words
from toancanh.kernel.cases.models import Event
from toancanh.kernel.cases.words import channels as channels
from toancanh.kernel.declare_cases import CaseType, Phase

LONGEST = 160


def phases() -> dict[str, str]:
    """Every phase and its word, in the order in which work goes through them."""
    return {name: words.phase(name) for name in get_args(Phase)}


def happened(event: Event, said: CaseType) -> str:
    """An event as one line: what was done, and the words that were said with it."""
    head = words.sentence(said, event)
    return f"{head}: {text}" if (text := _words_of(event.content)) else head


def _words_of(content: Mapping[str, Any]) -> str:
    said = content.get("said")
    sources = [content, said if isinstance(said, Mapping) else {}]
    for name in ("answer", "reason", "question", "reply", "note", "words", "text"):
        for source in sources:
            text = source.get(name)
            if isinstance(text, str) and text.strip():
                return " ".join(text.split())[:LONGEST]
    return ""
