"""Alerts as templates write them."""

from __future__ import annotations

from django import template

from toancanh.kernel.alerts import words

register = template.Library()
register.filter("alert_title", words.title)
register.filter("severity", words.severity)
register.filter("alert_state", words.state)
register.filter("chapter", words.chapter)
register.filter("passage", words.passage)
register.filter("measured", words.reading)
register.filter("span", words.span)
register.filter("lasted", words.lasted)
register.filter("peak", words.peak)
register.filter("kind_title", words.kind)
