"""What can be wrong with a fetch, in words that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.utils.translation import gettext as _

from toancanh.lib.errors import Refused


class Failed(Refused):
    """A fetch came to nothing: a key of `WORDS`, what was said of it, how long we are asked to wait."""

    def __init__(
        self, code: str, said: str = "", retry_after: str = "", status: int = 0, size: int = 0
    ) -> None:
        super().__init__(words(code, said), code)
        self.said = said
        self.retry_after = retry_after
        self.status = status
        self.size = size


WORDS: dict[str, Callable[[], str]] = {
    "bad_url": lambda: _("The address is no address of the web. Correct it."),
    "bad_scheme": lambda: _("The address has to begin with http:// or https://. Correct it."),
    "userinfo": lambda: _("The address holds a name or password before @. Give them as a secret header."),
    "unresolved": lambda: _("There is no host of that name. Check the address, or the name server here."),
    "denied": lambda: _(
        "The address lies in a network that feeds may not reach. Where it is meant, whoever runs this "
        "installation opens it: EGRESS_ALLOW=192.168.10.0/24"
    ),
    "too_slow": lambda: _("The other side did not answer in time. It is tried again by itself."),
    "redirect": lambda: _("The other side leads elsewhere and not to an answer. Check the address."),
    "unreachable": lambda: _("The other side cannot be reached. It is tried again by itself."),
    "bad_answer": lambda: _("The answer is damaged or packed in an unknown way. Tell whoever serves it."),
    "too_large": lambda: _("The answer is too large. Ask for a shorter span of time or fewer stations."),
    "http_401": lambda: _(
        "The other side does not know our key. Type the secret anew, or ask for a new one."
    ),
    "http_404": lambda: _("There is nothing at this address any more. Check it."),
    "http_429": lambda: _("The other side finds that we come too often. Fetch less often."),
    "http_4xx": lambda: _("The other side refuses the request. Check the address and the headers."),
    "http_5xx": lambda: _("The other side has a fault of its own. It is tried again by itself."),
    "markup": lambda: _(
        "A web page came instead of readings, perhaps one for signing in. Check the address and the secrets."
    ),
    "no_cap": lambda: _(
        "What came holds no CAP message and no feed of them. Check the address, or tell whoever serves it."
    ),
    "unread_message": lambda: _(
        "Messages that could not be understood; they are kept under Received warnings."
    ),
    "bad_json": lambda: _("The answer is cut off or no valid JSON. Tell whoever serves it."),
    "unread": lambda: _("The answer cannot be read as a table. Try it and see what comes."),
    "changed": lambda: _(
        "The answer is built in another way than before. Try it, and say anew what its columns mean."
    ),
    "locked": lambda: _(
        "The secrets of this feed cannot be decrypted here: credentials.key is missing or another one. Put "
        "it back, or type the secrets anew."
    ),
    "revoked": lambda: _("The feed's token was revoked. Pause the feed and turn it on again for a new one."),
    "not_kept": lambda: _("The readings could not be stored here. See the page System."),
    "fault": lambda: _("This is a fault of the program; its log says more."),
}
"""By code; whatever else a table is refused for is told as `changed`."""
UNREAD = frozenset(
    ("empty", "no_table", "no_sheets", "bad_csv", "damaged", "password", "no_records", "uneven")
)
TOO_LARGE = frozenset(("too_large", "too_many_rows", "too_wide", "too_many_readings"))


def words(code: str, said: str = "") -> str:
    """A fault as a sentence, with what was said of it."""
    text = WORDS.get(code, WORDS["changed"])()
    return f"{text} ({said})" if said else text


def of_status(status: int) -> str:
    """The code for an answer that is none."""
    if status in (401, 403, 407):
        return "http_401"
    if status in (404, 410):
        return "http_404"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "http_429"
    return "http_5xx" if status >= 500 else "http_4xx"


def of_table(code: str) -> str:
    """The code for an answer of which no table could be made."""
    if code in UNREAD:
        return "unread"
    if code in TOO_LARGE:
        return "too_large"
    return code if code in WORDS else "changed"
