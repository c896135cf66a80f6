"""The devices of the demo: a program of its own that knows the product only by its public HTTP door."""

from toancanh.site.simulate.program import main

__all__ = ["main"]
