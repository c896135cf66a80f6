"""What a citizen does: send, follow somebody else's report, answer back, withdraw, rate, ask again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from toancanh.domains.reports import admission, elsewhere, phones, places, sending
from toancanh.domains.reports.models import Sending, Who
from toancanh.domains.reports.routing import taking
from toancanh.domains.reports.sending import Form
from toancanh.domains.reports.similar import KIND
from toancanh.kernel.cases import moving, opening, parties
from toancanh.kernel.cases.access import OPEN_LEVEL
from toancanh.kernel.cases.models import Case, Event, Party, PartyRole, Rating
from toancanh.kernel.cases.parties import Contact
from toancanh.kernel.cases.writing import writing
from toancanh.kernel.declare import ANYONE, Actor, program
from toancanh.kernel.files import actions as files
from toancanh.kernel.files import queries as kept_files
from toancanh.kernel.files.models import File
from toancanh.kernel.journal import actions as journal
from toancanh.kernel.runtime import clock, secrets
from toancanh.kernel.territory.models import Unit
from toancanh.lib.errors import NotAllowed, NotFound, Refused

CHANNEL = "portal"
BRINGING = program("reports")
RATINGS = (1, 2, 3)
MOST_RATINGS = 10
"""How often one party may say it anew in each round: every time is an event of the story."""
LONGEST_WORDS = 1_000


@dataclass(frozen=True)
class Through:
    """By which way a report comes, and the name of the key of the program that brings it."""

    channel: str = CHANNEL
    client: str = ""


PORTAL = Through()


@dataclass(frozen=True)
class Sent:
    """A report that is kept: its case and the secret of the sender's link."""

    case: Case
    secret: str


class PhotosMissing(Refused):
    """Photos that the form names have not come; ``keys`` are to be sent again."""

    code = "photos_missing"

    def __init__(self, keys: list[str]) -> None:
        super().__init__(_("Some photos have not arrived: they are sent once more."))
        self.keys = keys


class PhotosKept(Refused):
    """An answer was refused whose photos have come: they go with the next try."""

    def __init__(self, fault: Refused, photos: Sequence[File]) -> None:
        super().__init__(fault.message, fault.code)
        self.photos = photos


def photo(content: bytes, name: str, key: str) -> File:
    """Keep a photo until its report comes; the same key is the same photo."""
    if not sending.KEY.fullmatch(key):
        raise Refused(_("The form is damaged; open it anew."), "bad_key")
    made = files.take(content, name, by=ANYONE, key=key)
    if not made.is_image:
        raise Refused(_("Only photos go with a report."), "no_photo")
    return made


def send(form: Form, *, by: Actor = ANYONE, proof: str = "", through: Through = PORTAL) -> Sent:
    """Open the report. However often the form of one key arrives, it is one report with one link.

    Who is signed in (``by``) is admitted by it and kept sealed beside the contact alone: nothing that those
    who deal with the report read names him. ``proof``: that a telephone number is the sender's, as
    `phones.show` gave it. Raises Refused.
    """
    digest = digest_of(form.key)
    known = sent(digest)
    if known is not None:
        return known
    number = _admitted(by, proof)
    # A number that was only typed may be anybody's: the desk can call it, messages do not go there.
    typed = "" if number else _typed(form.phone, through)
    unit = check(form)
    pictures = _pictures(form)
    said = opening.Said(
        title=sending.title(form.words),
        unit=unit,
        words=form.words,
        facts={"pictures": [str(one.pk) for one in pictures]} if pictures else {},
        lon=form.lon,
        lat=form.lat,
        address=form.address,
        category=form.category,
        channel=through.channel,
        key=digest,
    )
    try:
        with transaction.atomic():
            case = taking.open_report(said, by=ANYONE, is_asked=True)
            contact = Contact(
                name=form.name,
                phone=number,
                unproven=typed,
                unproven_email=form.email,
                language=form.language,
                account=_account(by),
            )
            joined = parties.join(case, PartyRole.REPORTER, contact, by=ANYONE)
            for one in pictures:
                files.attach(one, f"case:{case.pk}", by=ANYONE)
            Sending.objects.create(
                digest=digest,
                case=case,
                party=joined.party,
                sealed=secrets.seal({"link": joined.secret}),
                at=clock.now(),
                client=through.client,
            )
            if through.client:
                told = {"channel": through.channel, "client": through.client}
                journal.record("reports.brought", f"case:{case.code}", by=BRINGING, content=told)
    except IntegrityError:
        # The same form came twice at once, and the other was first.
        known = sent(digest)
        if known is None:
            raise
        return known
    return Sent(case, joined.secret)


def check(form: Form) -> Unit:
    """Whose place it is. Raises Refused for what is not taken in here, before anything of it is kept."""
    elsewhere.check(f"{form.words}\n{form.address}", is_meant=form.is_meant)
    if form.lon is not None and form.lat is not None:
        return places.at(form.lon, form.lat)
    return places.of(form.unit, form.address)


def _typed(phone: str, through: Through) -> str:
    # Who comes by another program has typed no code there, so a landline will do as well.
    return phones.read(phone) if phone and not through.client else phone


def digest_of(key: str) -> str:
    """What is kept of the key of a sending: who reads the table cannot ask for links."""
    return hashlib.sha256(f"reports.report:{key}".encode()).hexdigest()


def sent(digest: str) -> Sent | None:
    """What a sending has made already. Raises Refused where its link was erased with the contact data."""
    row = Sending.objects.select_related("case").filter(digest=digest).first()
    if row is None:
        return None
    if not row.sealed:
        text = _("This was sent long ago as %(code)s; its link is no longer kept. Look it up by the code.")
        raise Refused(text % {"code": row.case.code}, "erased")
    return Sent(row.case, secrets.unseal(row.sealed)["link"])


def _admitted(by: Actor, proof: str) -> str:
    """The number that the sender has shown to be his, where one is asked for or given. Raises NotAllowed."""
    who = admission.now().who
    number = phones.shown(proof) if proof else ""
    if who == Who.ACCOUNT and not by.key.startswith("person:"):
        raise NotAllowed(_("Here reports are taken from who is signed in. Sign in, then send."), "sign_in")
    if who == Who.PHONE and not number and not by.key.startswith("person:"):
        raise NotAllowed(_("Show by a code that the telephone number is yours, then send."), "phone_code")
    return number


def _account(by: Actor) -> str:
    """Who is signed in, as the desk reads it with a reason; empty where nobody is."""
    return f"{by.name} ({by.key})" if by.key.startswith("person:") else ""


def _pictures(form: Form) -> list[File]:
    found = {key: kept_files.sent(key, ANYONE) for key in form.photos}
    missing = [key for key, file in found.items() if file is None]
    if missing:
        raise PhotosMissing(missing)
    return [file for file in found.values() if file is not None]


@transaction.atomic
def follow(code: str, key: str, *, proof: str = "", language: str = "vi") -> Sent:
    """Be told of a report that somebody else has sent; the same key is the same follower.

    A number counts only where ``proof`` shows it: by somebody else's number his own link would be told.
    """
    if not sending.KEY.fullmatch(key):
        raise Refused(_("The form is damaged; open it anew."), "bad_key")
    digest = digest_of(f"follow:{key}")
    known = sent(digest)
    if known is not None:
        return known
    case = Case.objects.filter(code=code, kind=KIND, is_open=True, level__lte=OPEN_LEVEL).first()
    if case is None:
        raise NotFound(_("This report is over, or there is none of that code. Send a report of your own."))
    contact = Contact(phone=phones.shown(proof), language=language)
    joined = parties.join(case, PartyRole.FOLLOWER, contact, by=ANYONE)
    Sending.objects.create(
        digest=digest,
        case=case,
        party=joined.party,
        sealed=secrets.seal({"link": joined.secret}),
        at=clock.now(),
    )
    return Sent(case, joined.secret)


def act(party: Party, move: str, said: Mapping[str, object], *, seen: int | None) -> Event:
    """A step that the graph gives to who sent the report: answer back, withdraw, ask again."""
    if party.role != PartyRole.REPORTER:
        raise NotAllowed(_("Only who sent the report does this."))
    words = {name: sending.clean(value) if isinstance(value, str) else value for name, value in said.items()}
    return moving.move(party.case, move, words, by=parties.actor(party), seen=seen)


def reply(
    party: Party, words: str, uploads: Sequence[tuple[bytes, str]], kept: Sequence[str], *, seen: int | None
) -> Event:
    """Answer what the desk asks, with photos: those that come now and those that came with a try before.

    Raises PhotosKept where the answer is refused though its photos are here.
    """
    by = parties.actor(party)
    if party.role != PartyRole.REPORTER or party.case.state != "asked":
        raise Refused(_("Nothing is asked here any more."), "not_asked")
    if len(uploads) + len(kept) > sending.MOST_PHOTOS:
        raise Refused(_("At most 5 photos go with a report."), "too_many_photos")
    own = {str(row.pk): row for row in File.objects.filter(made_by=by.key, subject="")}
    chosen = [own[key] for key in kept if key in own]
    # On the disk before the transaction; the same photo sent twice is one.
    for content, name in uploads:
        made = files.take(content, name, by=by, key=f"{party.case_id}-{hashlib.sha256(content).hexdigest()}")
        if not made.is_image:
            raise Refused(_("Only photos go with a report."), "no_photo")
        chosen += [made] if made not in chosen else []
    said = {"reply": words, "photos": [str(one.pk) for one in chosen]}
    try:
        with transaction.atomic():
            for one in chosen:
                files.attach(one, f"case:{party.case_id}", by=by)
            return act(party, "reply", said, seen=seen)
    except Refused as fault:
        raise PhotosKept(fault, chosen) from fault


def rate(party: Party, value: int, words: str) -> Rating:
    """Say how the answer of this round was; said again it replaces what was said before."""
    if party.role != PartyRole.REPORTER:
        raise NotAllowed(_("Only who sent the report rates its answer."))
    if value not in RATINGS:
        raise Refused(_("Choose one of what is offered."), "bad_choice")
    text = sending.clean(words)
    if len(text) > LONGEST_WORDS:
        told = _("%(count)s characters are too many: at most %(most)s.")
        raise Refused(told % {"count": len(text), "most": LONGEST_WORDS}, "too_long")
    with writing(party.case, by=parties.actor(party)) as on:
        if on.case.phase != "closed":
            raise Refused(_("What has not been answered yet cannot be rated."), "not_answered")
        known = Rating.objects.filter(case=on.case, party=party, round=on.case.round).first()
        if known is not None and (known.value, known.words) == (value, text):
            return known
        said = on.case.story.filter(kind="rated", actor=on.by.key).count()
        if said >= MOST_RATINGS * on.case.round:
            raise Refused(_("The rating was changed often enough: it stays as it is."), "too_often")
        facts = {"value": value, "words": text, "at": on.now}
        row, _is_new = Rating.objects.update_or_create(
            case=on.case, party=party, round=on.case.round, defaults=facts
        )
        on.case.rating = value
        on.tell("rated", {"value": value, "words": text}, is_public=False)
    return row
