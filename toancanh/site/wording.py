"""Texts that xgettext does not find by itself, listed so that they are collected with the others."""

from django.utils.translation import gettext_noop as _

# Sentences of django-allauth that people here meet; it brings no Vietnamese.
SIGNING_IN = (
    _("The username and/or password you specified are not correct."),
    _("Too many failed login attempts. Try again later."),
    _("This account is currently inactive."),
    _("Successfully signed in as %(name)s."),
    _("You have signed out."),
)

# Debian 12's xgettext does not look inside f-strings.
IN_F_STRINGS = (_("row"), _("Value"))
