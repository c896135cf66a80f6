"""Warnings as templates write them."""

from __future__ import annotations

from django import template

from toancanh.kernel.warnings import words

register = template.Library()
register.filter("warning_state", words.state)
register.filter("warning_sign", words.sign)
register.filter("warning_kind", words.kind)
register.filter("warning_step", words.step)
register.filter("warning_event", words.event)
register.filter("warning_level", words.level)
register.filter("headline", words.headline)
register.filter("channel", words.channel)
register.filter("channel_icon", words.channel_icon)
register.filter("template_title", words.template)
register.filter("decision", words.order)
