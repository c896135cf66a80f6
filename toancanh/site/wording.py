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

# What argparse says by itself (Python 3.11 to 3.13).
COMMAND_LINE = (
    _("usage: "),
    _("options"),
    _("positional arguments"),
    _("show this help message and exit"),
    _("%(prog)s: error: %(message)s\n"),
    _("argument %(argument_name)s: %(message)s"),
    _("the following arguments are required: %s"),
    _("unrecognized arguments: %s"),
    _("expected one argument"),
    _("invalid %(type)s value: %(value)r"),
    _("invalid choice: %(value)r (choose from %(choices)s)"),
    _("ignored explicit argument %r"),
    _("ambiguous option: %(option)s could match %(matches)s"),
)

# Debian 12's xgettext does not look inside f-strings.
IN_F_STRINGS = (_("row"), _("Value"))
