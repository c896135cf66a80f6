"""The command ``toancanh``: run, and what an administrator does on the host."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from toancanh.site import environment, speech, tokens
from toancanh.site.speech import _

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; refusals are told in a sentence and end with 1."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["simulate"]:
        from toancanh.site.simulate import main as simulate  # stands alone: no Django

        return simulate(given[1:])
    said = parser().parse_args(given)
    try:
        return call(said.call, said)
    except KeyboardInterrupt:
        # Ctrl-C while starting: every step so far may be repeated.
        return 0


def call(command: Command, said: argparse.Namespace) -> int:
    """Set Django up, do the command, tell a refusal as a sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toancanh.site.settings")
    if command in (build_web, doctor, alerts_replay):
        return command(said)
    import django  # app ready
    from django.apps import apps
    from django.db import DatabaseError
    from django.utils import translation

    from toancanh.kernel.telemetry.store import StoreUnavailable
    from toancanh.lib.errors import Refused

    if not apps.ready:
        # Before the settings are read, which would leave files behind in a folder that was mistyped.
        environment.check(makes_store=command in (run, migrate))
    try:
        django.setup()
        translation.activate(speech.language())
        return command(said)
    except Refused as fault:
        print(fault.message, file=sys.stderr)
    except (DatabaseError, StoreUnavailable) as fault:
        from toancanh.site import upkeep  # app ready

        print(f"{' '.join(str(fault).split())}\n{upkeep.advice(fault)}", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """Every command and its arguments."""
    speech.teach_argparse()
    more = _(
        "Settings are environment variables: TOANCANH_DATA, PORT, DATABASE_URL and others (docs/handbook). "
        "TOANCANH_LANGUAGE=en speaks English, =vi Vietnamese."
    )
    what = "Toàn Cảnh – " + _("operations centre of a city, province or commune")
    top = argparse.ArgumentParser(prog="toancanh", description=what, epilog=more)
    commands = top.add_subparsers(required=True, title=_("commands"), metavar=_("COMMAND"))

    def add(
        group: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, do: Command
    ) -> argparse.ArgumentParser:
        made = group.add_parser(name, help=what, description=what)
        made.set_defaults(call=do)
        return made

    def group(name: str, what: str) -> argparse._SubParsersAction[argparse.ArgumentParser]:
        made = commands.add_parser(name, help=what, description=what)
        return made.add_subparsers(required=True, title=_("actions"), metavar=_("ACTION"))

    made = add(commands, "run", _("serve the city on this machine"), run)
    text = _("one part apart: web (pages), ingest (doors for data), worker (duties); everything unless given")
    roles = ("", "web", "ingest", "worker")
    made.add_argument("role", nargs="?", default="", choices=roles, metavar=_("ROLE"), help=text)
    add(commands, "migrate", _("bring the store to this version"), migrate)
    made = add(commands, "doctor", _("look at everything the program stands on; say what mends it"), doctor)
    made.add_argument("--json", action="store_true", help=_("for programs"))
    commands.add_parser(
        "simulate", help=_("send a storm's readings through the public door (see simulate --help)")
    )

    keys = group("token", _("keys of devices, gateways and other programs"))
    made = add(keys, "create", _("make a token; it stands alone on the last line"), tokens.create)
    made.add_argument("name", metavar=_("NAME"), help=_("of the device, gateway or program"))
    text = _("may write this thing only (repeatable)")
    made.add_argument("--thing", action="append", metavar=_("CODE"), help=text)
    made.add_argument("--rate", type=int, metavar="N", help=_("at most N observations or reports a minute"))
    text = _("of a program that brings reports by Open311, and writes no observations")
    made.add_argument("--reports", action="store_true", help=text)
    made = add(keys, "revoke", _("end a token"), tokens.revoke)
    made.add_argument("name", metavar=_("NAME"), help=_("of the device, gateway or program"))
    add(keys, "list", _("names of tokens in force, what they may write, and since when"), tokens.tell)

    people = group("person", _("accounts"))
    made = add(
        people, "create", _("open an account: an administrator's unless said otherwise"), person_create
    )
    text = _("with which to sign in; admin unless given")
    made.add_argument("username", nargs="?", default="admin", metavar=_("USERNAME"), help=text)
    made.add_argument("--name", default="", metavar=_("NAME"), help=_("full name"))
    text = _("of a duty officer over the locality instead")
    made.add_argument("--officer", action="store_true", help=text)
    text = _("of a leader who may order warnings over the locality instead")
    made.add_argument("--leader", action="store_true", help=text)
    text = _("asked for, or made and printed last, unless given")
    made.add_argument("--password", default="", metavar=_("PASSWORD"), help=text)

    made = add(group("pack", _("locality packs")), "load", _("load a folder of locality data"), pack_load)
    made.add_argument("folder", type=Path, metavar=_("FOLDER"), help=_("such as packs/hue"))

    alerts = group("alerts", _("what the rules would have rung"))
    made = add(
        alerts, "replay", _("judge a file of one gauge's readings; one JSON line an alert"), alerts_replay
    )
    made.add_argument("file", type=Path, metavar=_("FILE"), help=_("CSV with the columns time and value"))
    text = _("lines follow from what was measured before, and rules hold from then on: 2020-01-20T00:00:00Z")
    made.add_argument("--fit-before", required=True, metavar=_("TIME"), help=text)

    work = group("work", _("work with a deadline"))
    text = _("find every due time again from the story; ends with 1 where a stored one differs")
    made = add(work, "rebuild", text, work_rebuild)
    made.add_argument("--write", action="store_true", help=_("put right what differs"))

    made = add(commands, "due", _("count working days: until when something is due"), due_command)
    text = _("when it was received: 2026-11-21T14:05, or a day alone, which does not count itself")
    made.add_argument("time", metavar=_("TIME"), help=text)
    made.add_argument("days", metavar=_("DAYS"), help=_("working days, such as 5 or 0.5"))
    text = _("code of the calendar; that of the locality unless given")
    made.add_argument("--calendar", default="", metavar=_("CODE"), help=text)
    text = _("counts at once, from the next working day, or from there when the cut-off hour is over")
    made.add_argument("--from", dest="begin", choices=("now", "next", "cutoff"), default="now", help=text)

    journal = group("journal", _("the record of what happened"))
    add(journal, "verify", _("check the chain"), journal_verify)
    web = group("web", _("the front end"))
    made = add(web, "build", _("build scripts, styles and translations"), build_web)
    made.add_argument("--translations", action="store_true", help=_("translations only"))
    return top


def run(said: argparse.Namespace) -> int:
    """Serve a role, or everything: bring the store up, open the doors."""
    from django.conf import settings

    from toancanh.site import building, demo, locks, server, upkeep
    from toancanh.site import listening as reached

    role, port = said.role, environment.port(said.role)
    listening = reached.wanted(port)
    building.check()
    environment.mqtt()
    environment.inbox_settled()
    environment.broker()
    held = locks.hold(settings.DATA, role, many=bool(settings.DATABASE_URL))
    ports = server.Ports(server.listen(port, listening.host))
    if listening.http_port:
        ports.redirect = server.listen(listening.http_port, listening.host, "HTTP_PORT")
    upkeep.migrate()
    token = "" if role else prepare()
    upkeep.keep_real()
    demo.settle()
    print(f"Toàn Cảnh {role}".rstrip() + f": {listening.url(port)}", flush=True)
    if listening.is_own:
        tell_root(listening.url(port))
    command, inner = None, port
    if token:
        if not environment.is_here(listening.host):
            print(_("The demo's accounts are open to everyone who reaches this address."), file=sys.stderr)
        if listening.speaks_tls or not environment.is_here(listening.host):
            ports.inner = server.listen(0)
            inner = ports.inner.getsockname()[1]
        command = server.simulator_command(f"http://127.0.0.1:{inner}")
    try:
        return server.serve(role, listening, ports, command, token)
    finally:
        for lock in held:
            lock.close()


def tell_root(url: str) -> None:
    """Make the own authority's certificate, and print how devices come to trust it."""
    from django.conf import settings

    from toancanh.site import authority

    own = authority.Authority(settings.DATA / authority.FOLDER, settings.LISTENING.names)
    own.keep()
    text = _("Devices that are to trust it: %(url)strust/ (SHA-256 %(fingerprint)s)")
    print(text % {"url": url, "fingerprint": authority.fingerprint(own.root_file)}, flush=True)


def prepare() -> str:
    """Fill a new store with the demo where that is wanted; the key of its simulator, empty without a demo."""
    from django.conf import settings

    from toancanh.site import demo, upkeep

    is_new = upkeep.is_new()
    if settings.DEMO and (is_new or demo.is_unfinished()):
        demo.build(tell=lambda line: print(line, flush=True))
    upkeep.keep_real()
    if demo.is_on():
        demo.settle()
        return demo.simulator_token()
    if is_new:
        text = _("The store is empty. Make an administrator: %(person)s; load a locality: %(pack)s")
        print(text % {"person": "toancanh person create", "pack": "toancanh pack load packs/hue"})
    return ""


def migrate(said: argparse.Namespace) -> int:
    """Bring the store to this version."""
    from toancanh.site import upkeep

    upkeep.migrate()
    upkeep.keep_real()
    return 0


def person_create(said: argparse.Namespace) -> int:
    """Open an account of an administrator, officer or leader, with a password typed, given, or made."""
    from django.db import transaction

    from toancanh.kernel.declare import program
    from toancanh.kernel.exchange import queries as exchange
    from toancanh.kernel.people import actions

    by, made = program("command"), ""
    password = said.password
    if not password and sys.stdin.isatty():
        password = getpass.getpass(_("Password (at least 14 characters; leave empty to have one made): "))
    if not password:
        password = made = secrets.token_urlsafe(18)
    with transaction.atomic():
        person = actions.create_person(said.username, said.name or said.username, password, by=by)
        if said.officer:
            unit = home.unit if (home := exchange.home()) else None
            centre = "Trung tâm Giám sát, điều hành thông minh"
            office = actions.found_organisation("ioc", centre, by=by, unit=unit)
            actions.appoint(person, office, "Cán bộ trực", actions.STAFF, by=by, unit=unit)
        elif said.leader:
            unit = home.unit if (home := exchange.home()) else None
            office = actions.found_organisation("command", "Ban Chỉ huy Phòng thủ dân sự", by=by, unit=unit)
            actions.appoint(person, office, "Lãnh đạo Ban Chỉ huy", actions.LEADER, by=by, unit=unit)
        else:
            office = actions.found_organisation("administration", "Quản trị hệ thống", by=by)
            actions.appoint(person, office, "Quản trị viên", actions.ADMINISTRATOR, by=by)
    text = _("Account %(name)s is made. Password:") if made else _("Account %(name)s is made.")
    print(text % {"name": said.username})
    if made:
        print(made)
    return 0


def pack_load(said: argparse.Namespace) -> int:
    """Load a locality pack."""
    from toancanh.kernel.declare import program
    from toancanh.kernel.exchange import packs

    pack = packs.load(said.folder.resolve(), by=program("command"))
    print(f"{pack.title} ({pack.version})")
    return 0


def alerts_replay(said: argparse.Namespace) -> int:
    """Tell what would have rung; what people want to know beside it goes to the other stream."""
    from toancanh.lib.errors import Refused
    from toancanh.site import replay

    try:
        found = replay.run(said.file, said.fit_before)
    except Refused as fault:
        print(fault.message, file=sys.stderr)
        return 1
    for line in found.lines():
        print(json.dumps(line))
    for remark in replay.aside(found):
        print(remark, file=sys.stderr)
    return 0


def due_command(said: argparse.Namespace) -> int:
    """Print the due time alone; why it is so goes to the other stream."""
    from toancanh.kernel.runtime import clock
    from toancanh.site import due

    found = due.count(said.time, said.days, said.calendar, said.begin)
    print(found.due.astimezone(clock.VIETNAM).isoformat())
    for remark in due.remarks(found):
        print(remark, file=sys.stderr)
    return 0


def work_rebuild(said: argparse.Namespace) -> int:
    """Compare stored due times with those that the events give; with ``--write`` put them right."""
    from toancanh.site import rebuilding

    if said.write:
        print(rebuilding.put_right())
    found = rebuilding.differing()
    print(*found, _("%(count)s due times differ.") % {"count": len(found)}, sep="\n")
    return 1 if found else 0


def journal_verify(said: argparse.Namespace) -> int:
    """Check the chain; ends with 1 and names each fault where it is broken."""
    from toancanh.kernel.journal import sealer

    faults = list(sealer.faults())
    for fault in faults:
        print(f"{fault.number}: {fault.what}")
    text = _("%(faults)s faults; %(unsealed)s entries not sealed yet.")
    print(text % {"faults": len(faults), "unsealed": sealer.unsealed()})
    return 1 if faults else 0


def doctor(said: argparse.Namespace) -> int:
    """Name what is wrong and what mends it; ends with 1 where something is."""
    from toancanh.site import doctor as examining

    troubles = examining.examine()
    is_well = all(one.code in examining.NOTES for one in troubles)
    if said.json:
        rows = [
            {"code": one.code, "grave": one.is_grave, "what": one.what, "mend": one.mend} for one in troubles
        ]
        print(json.dumps({"ok": is_well, "troubles": rows}, ensure_ascii=False, indent=2))
        return 0 if is_well else 1
    for one in troubles:
        mark = "-" if one.code in examining.NOTES else "✗"
        print(f"{mark} {one.what}\n  → {one.mend}")
    if is_well:
        print("✓", _("Nothing is wrong."))
    return 0 if is_well else 1


def build_web(said: argparse.Namespace) -> int:
    """Build the front end and compile the translations."""
    from toancanh.site import building

    building.translations()
    if not said.translations:
        building.assets()
    return 0


if __name__ == "__main__":
    sys.exit(main())
