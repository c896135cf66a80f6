"""*Nguồn số liệu*: the list of feeds, the page of one, its address, and what came when it was tried."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from toancanh.kernel.exchange import taking
from toancanh.kernel.exchange.feeds import access, actions, forms, queries, trying
from toancanh.kernel.exchange.feeds.models import Brings, Feed, Trial
from toancanh.kernel.exchange.sheets import faults, known
from toancanh.kernel.exchange.sheets import forms as sheets
from toancanh.kernel.exchange.sheets import pages as imports
from toancanh.kernel.exchange.sheets.judging import Preview
from toancanh.kernel.exchange.sheets.mapping import Mapping
from toancanh.kernel.exchange.sheets.models import SavedMapping
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime import clock
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, NotFound, Refused

HOME = "/console/feeds/"
FORM = ("GET", "HEAD", "POST")


@door(right=taking.RIGHT, data="staff")
def listing(request: HttpRequest) -> HttpResponse:
    """Every feed that the administrator may see, and how it does."""
    before = request.GET.get("before", "")
    feeds, more = queries.listing(of(request), before, clock.now())
    shown = {"feeds": feeds, "next_url": more, "first_url": HOME if before else "", "tab": "feeds"}
    return render(request, "exchange/feeds/list.html", shown)


@door(right=taking.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def new(request: HttpRequest) -> HttpResponse:
    """Say where and when; then what comes is looked at."""
    if request.method != "POST":
        return _form(request, None)
    try:
        feed = actions.make(forms.said(request.POST), by=of(request))
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        return _form(request, None, status=422)
    if feed.brings == Brings.WARNINGS:
        actions.turn_on(feed, by=of(request))
        messages.success(request, _("%(name)s is fetched from now on.") % {"name": feed.name})
        return HttpResponseRedirect(f"{HOME}{feed.pk}/")
    return _try(request, feed)


@door(right=taking.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """Say anew where, when and with which secrets."""
    feed = access.find(number, by=of(request))
    if request.method != "POST":
        return _form(request, feed)
    try:
        actions.change(feed, forms.said(request.POST), by=of(request))
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        return _form(request, feed, status=422)
    messages.success(request, _("%(name)s was changed.") % {"name": feed.name})
    return HttpResponseRedirect(f"{HOME}{feed.pk}/")


def _form(request: HttpRequest, feed: Feed | None, status: int = 200) -> HttpResponse:
    post = request.POST if request.method == "POST" else None
    shown = {"feed": feed, "tab": "feeds", **forms.shown(feed, post)}
    if feed is None and post is None and request.GET.get("brings") == Brings.WARNINGS:
        # Weeks without a warning are nothing to be told.
        shown["typed"] |= {"brings": Brings.WARNINGS.value, "quiet": "0"}
    return render(request, "exchange/feeds/form.html", shown, status=status)


@door(right=taking.RIGHT, data="staff", methods=FORM, max_body=SMALL)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One feed: how it does, what its last fetches brought, and what can be done with it."""
    feed = access.find(number, by=of(request))
    if request.method == "POST":
        return _done(request, feed)
    before = request.GET.get("before", "")
    runs, more = queries.runs(feed, before)
    here = f"{HOME}{feed.pk}/"
    shown = {
        "one": queries.shown(feed, clock.now()),
        "feed": feed,
        "runs": runs,
        "next_url": more,
        "first_url": here if before else "",
        "is_first": not before,
        "tab": "feeds",
    }
    if request.GET.get("part") == "state":
        return render(request, "exchange/feeds/state.html", shown)
    shown["has_trial"] = Trial.objects.filter(of=feed).exists()
    return render(request, "exchange/feeds/feed.html", shown)


def _done(request: HttpRequest, feed: Feed) -> HttpResponse:
    """What the person asked for; a refusal is told on the feed's page."""
    by, wanted = of(request), request.POST.get("do", "")
    try:
        if wanted == "try" and feed.brings == Brings.READINGS:
            return _try(request, feed)
        if wanted == "delete":
            actions.delete(feed, by=by)
            told = _("%(name)s was deleted; what it brought stays.")
            messages.success(request, told % {"name": feed.name})
            return HttpResponseRedirect(HOME)
        if wanted == "on":
            actions.turn_on(feed, by=by)
        elif wanted == "off":
            actions.turn_off(feed, by=by)
        elif wanted == "fetch":
            actions.fetch_now(feed, by=by)
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
    return HttpResponseRedirect(f"{HOME}{feed.pk}/")


def _try(request: HttpRequest, feed: Feed) -> HttpResponse:
    """Fetch an answer to be looked at; on to it, or back to the feed where nothing came."""
    by = of(request)
    try:
        made = trying.fetch(feed, by=by)
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        return HttpResponseRedirect(f"{HOME}{feed.pk}/")
    said = msgspec.convert(made.mapping, Mapping)
    try:
        trying.understand(made, said, by=by, replaces=made.replaces, passes_over=made.passes_over)
    except NotAllowed:
        raise
    except Refused:
        pass  # its page says what is still to be said
    return HttpResponseRedirect(f"{HOME}{feed.pk}/trial/")


@door(right=taking.RIGHT, data="staff", methods=FORM, max_body=imports.SAID)
def trial(request: HttpRequest, number: int) -> HttpResponse:
    """What came, how it is understood, and what would be kept of it."""
    by = of(request)
    feed = access.find(number, by=by)
    found = trying.trial_of(feed)
    if request.method != "POST":
        return _trial(request, feed, found, msgspec.convert(found.mapping, Mapping))
    wanted = request.POST.get("do", "")
    try:
        if wanted == "accept":
            trying.accept(found, request.POST.get("seen", ""), by=by)
            told = _("%(name)s is fetched from now on; the first readings come in a moment.")
            messages.success(request, told % {"name": feed.name})
            return HttpResponseRedirect(f"{HOME}{feed.pk}/")
        if wanted == "discard":
            trying.discard(found, by=by)
            return HttpResponseRedirect(f"{HOME}{feed.pk}/")
    except (NotAllowed, NotFound):
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        return HttpResponseRedirect(f"{HOME}{feed.pk}/trial/")
    if wanted == "try":
        return _try(request, feed)
    return _understand(request, feed, found)


def _understand(request: HttpRequest, feed: Feed, found: Trial) -> HttpResponse:
    """Take what the form says; what was typed stays on the page where it does not do."""
    by, post, book = of(request), request.POST, trying.book_of(found)
    said, name = sheets.asked(post, msgspec.convert(found.mapping, Mapping), book, known.of(by))
    replaces, passes_over = bool(post.get("replaces")), bool(post.get("passes_over"))
    try:
        trying.understand(found, said, by=by, replaces=replaces, passes_over=passes_over, name=name)
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, fault.message)
        found.preview, found.replaces, found.passes_over = None, replaces, passes_over
        return _trial(request, feed, found, said, status=422)
    return HttpResponseRedirect(f"{HOME}{feed.pk}/trial/#preview")


def _trial(request: HttpRequest, feed: Feed, found: Trial, said: Mapping, status: int = 200) -> HttpResponse:
    who, book = known.of(of(request)), trying.book_of(found)
    preview = msgspec.convert(found.preview["made"], Preview) if found.preview is not None else None
    shown: dict[str, Any] = {
        "feed": feed,
        "one": found,
        "said": said,
        **sheets.shown(said, book, who),
        "preview": preview,
        "passed_over": found.preview["passed_over"] if found.preview is not None else 0,
        "open": imports.still_open(said, preview),
        "tiles": imports.outlook(preview) if preview else [],
        "lines": imports.named(preview.shown, who) if preview else [],
        "faults": imports.named(preview.faults, who) if preview else [],
        "reasons": [(faults.sentence(code), n) for code, n in preview.reasons.items()] if preview else [],
        "seal": trying.seal(found),
        "saved": SavedMapping.objects.order_by("name"),
        "tab": "feeds",
    }
    return render(request, "exchange/feeds/trial.html", shown, status=status)
