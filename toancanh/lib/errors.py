"""The few ways in which the product says no, each with a stable code and a sentence for a person."""


class Refused(Exception):
    """A rule forbids the action. ``code`` is stable for programs, ``message`` says what to do."""

    code = "refused"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotAllowed(Refused):
    """The actor lacks the right; the message names who can grant it."""

    code = "not_allowed"


class Unavailable(Exception):
    """An engine beneath cannot be reached; nothing of what was being done was kept."""


class Full(Unavailable):
    """There is no room left; nothing of what was being done was kept."""


class NotFound(Refused):
    """Nothing of that name exists, or the actor may not know that it does."""

    code = "not_found"
