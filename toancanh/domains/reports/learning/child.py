"""The child process that learns: takes pairs of text and label as JSON, gives the model. No Django.

Learning from 20,000 reports takes a processor for many seconds; beside the program it takes nobody's turn.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from toancanh.domains.reports.learning import bayes

MEMORY = 2_000_000_000
SECONDS = 300
LATER = 0.2
"""The share of the reports, the newest, by which it is measured."""


def learned(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The model, the place from which on it was measured, and each trial: confidence, right, among three."""
    cut = round(len(pairs) * (1 - LATER))
    # The temperature is found on the last of what came before, so that the later ones stay unseen.
    inner = round(cut * (1 - LATER))
    temperature = bayes.fitted_temperature(bayes.train(pairs[:inner]), pairs[inner:cut])
    before = replace(bayes.train(pairs[:cut]), temperature=temperature)
    tried = bayes.attempt(before, pairs[cut:])
    return {
        "model": replace(bayes.train(pairs), temperature=temperature).to_json(),
        "cut": cut,
        "tried": [
            [math.floor(one.confidence * 10_000) / 10_000, int(one.is_right), int(one.is_among)]
            for one in tried
        ],
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    json.dump(learned(json.load(sys.stdin)), sys.stdout)
