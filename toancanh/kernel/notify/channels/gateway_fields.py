"""What an administrator says of a gateway: where it is, what it is told, what its answers mean."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from toancanh.kernel.notify.channels import Field

HINT = _(
    "Holes: {phone} +84…, {phone84} 84…, {phone0} 0…, {text}, {id} our number, {sender}, {user}, {secret}"
)

SENDING = (
    Field(name="url", title=_("Address of the gateway"), kind="url", required=True, most=1000, hint=HINT),
    Field(
        name="method",
        title=_("Method"),
        kind="choice",
        choices=(("POST", "POST"), ("GET", "GET")),
        default="POST",
    ),
    Field(
        name="format",
        title=_("Format of the body"),
        kind="choice",
        choices=(("json", "JSON"), ("form", _("form")), ("xml", "XML")),
        default="json",
    ),
    Field(
        name="body",
        title=_("Body"),
        kind="area",
        most=4000,
        hint=_("Values are written as the format needs them: no quotes or marks have to be escaped."),
        default='{"to": "{phone84}", "from": "{sender}", "text": "{text}", "id": "{id}"}',
    ),
    Field(
        name="headers",
        title=_("Headers, one a line"),
        kind="area",
        most=4000,
        default="Authorization: Bearer {secret}",
    ),
    Field(name="sender", title=_("Name shown as sender (brandname)"), most=60),
    Field(name="user", title=_("Account at the gateway"), most=200),
    Field(name="secret", title=_("Key or password at the gateway"), kind="secret", most=2000),
    Field(name="per_second", title=_("Messages a second at most"), kind="number", default="20", most=4),
)
ANSWERS = (
    Field(
        name="ok_path",
        group=_("What the gateway answers"),
        title=_("Where the answer says that it worked"),
        hint=_("A path such as status or data.0.code; empty: the HTTP status decides."),
    ),
    Field(name="ok_words", title=_("Words that mean it worked"), hint=_("Separated by commas: 0, success")),
    Field(
        name="final_words",
        title=_("Words that mean it never will"),
        hint=_("For a number that does not exist, say. Anything else is tried again."),
    ),
    Field(name="error_path", title=_("Where the answer tells the error")),
    Field(name="id_path", title=_("Where the answer tells the gateway's own number")),
)
REPLIES = (
    Field(
        name="reply_number_path",
        group=_("What people answer"),
        title=_("Where an answer of a person tells his number"),
        hint=_("Only where the gateway passes on what people send back. Its address stands above."),
    ),
    Field(name="reply_text_path", title=_("Where it tells the text")),
    Field(
        name="reply_id_path",
        title=_("Where it tells the answer's own number"),
        hint=_("By it an answer that the gateway passes on twice counts once."),
    ),
)
RECEIPTS = (
    Field(
        name="hook_id",
        group=_("Receipts"),
        title=_("Receipts name"),
        kind="choice",
        choices=(("ours", _("our number ({id})")), ("theirs", _("the gateway's own number"))),
        default="ours",
    ),
    Field(name="hook_id_path", title=_("Where a receipt tells the number")),
    Field(name="hook_path", title=_("Where a receipt tells what happened")),
    Field(name="received_words", title=_("Words for received"), default="delivered, DELIVRD, 1"),
    Field(
        name="failed_words",
        title=_("Words for not received"),
        default="undelivered, UNDELIV, EXPIRED, REJECTD, failed",
    ),
    Field(
        name="poll_url",
        title=_("Address to ask for receipts"),
        kind="url",
        most=1000,
        hint=_("Only where the gateway does not tell by itself. {peer_id} is its own number, {id} is ours."),
    ),
    Field(name="poll_path", title=_("Where its answer tells what happened")),
    Field(name="poll_every", title=_("Seconds between two questions"), kind="number", default="60", most=5),
    Field(
        name="hook_secret",
        title=_("Secret of the address for receipts"),
        kind="secret",
        hint=_("Made by itself. Type another one to shut out who knows the old one."),
        most=100,
    ),
)
