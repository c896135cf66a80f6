"""What the list of work posts about kept views."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _

from toancanh.kernel.cases.queue import views
from toancanh.kernel.cases.queue.wishes import Wish
from toancanh.kernel.people.web import of
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.lib.errors import NotAllowed, Refused

SIGHT = "console.see"
HOME = "/console/work/"


@door(right=SIGHT, data="staff", methods=("POST",), max_body=SMALL)
def change(request: HttpRequest) -> HttpResponse:
    """Keep, rename, delete, or let the list open with one; back to where it was posted from."""
    by, post = of(request), request.POST
    wanted, number = post.get("do", ""), post.get("view", "")
    wish = post.get("wish", "")
    back = HOME + (wish if wish.startswith("?") else "?stand=open")
    try:
        if wanted == "keep":
            asked = Wish.of(QueryDict(wish.removeprefix("?")).dict())
            row = views.keep(post.get("name", ""), asked, by=by, is_shared=bool(post.get("shared")))
            back = f"{HOME}?view={row.pk}"
            messages.success(request, _("“%(name)s” was kept.") % {"name": row.name})
        elif wanted == "rename":
            views.rename(number, post.get("name", ""), by=by)
        elif wanted == "forget":
            name = views.forget(number, by=by)
            back = f"{HOME}?stand=open"
            messages.success(request, _("“%(name)s” was deleted; the work stays as it is.") % {"name": name})
        elif wanted == "first":
            views.open_with(number, by=by)
        elif wanted == "unfirst":
            views.open_with("", by=by)
        else:
            raise Refused(_("Choose what is to be done."), "bad_request")
    except NotAllowed:
        raise
    except Refused as fault:
        messages.error(request, fault.message)
    return HttpResponseRedirect(back)
