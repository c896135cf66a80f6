"""Windows in which stations are worked at: nothing of them rings meanwhile."""
