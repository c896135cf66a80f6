"""Sets a watched folder's rule and confirms an upload, as a process of its own on the program's store."""

from __future__ import annotations

import sys

import django

MAPPING = {"time": "t", "thing": "s", "value": "v", "fixed_series": "level"}


def main() -> None:
    """With the name of a file: confirm its import."""
    django.setup()
    import msgspec

    from toancanh.kernel.declare import program
    from toancanh.kernel.exchange.inbox import actions as inbox
    from toancanh.kernel.exchange.sheets import actions as sheets
    from toancanh.kernel.exchange.sheets.mapping import Mapping

    by, said = program("tests"), msgspec.convert(MAPPING, Mapping)
    sheets.save_mapping("thử", said, by=by)
    inbox.set_rule("", "*", "thử", by=by)
    for name in sys.argv[1:]:
        with open(name, "rb") as file:
            one = sheets.upload(file.read(), name, by=by)
        sheets.understand(one, said, by=by)
        sheets.confirm(one, sheets.seal(one), by=by)


if __name__ == "__main__":
    main()
