"""Every route of the house, each with its door."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import path
from django.views.i18n import set_language

import toancanh
from toancanh.domains.damage import citizen as damage_link
from toancanh.domains.damage import pages as damage
from toancanh.domains.directives import figure_pages as directive_figures
from toancanh.domains.directives import giving_pages as giving
from toancanh.domains.directives import judging_pages as judging
from toancanh.domains.directives import pages as directives
from toancanh.domains.reports import admission_pages
from toancanh.domains.reports import citizen as reports
from toancanh.domains.reports import status as report_status
from toancanh.domains.reports.figures import pages as report_figures
from toancanh.domains.reports.importing import pages as report_imports
from toancanh.domains.reports.learning import pages as learning
from toancanh.domains.reports.open311 import urls as open311
from toancanh.domains.reports.public import disclosure_pages, open_data
from toancanh.domains.reports.public import figures as public_figures
from toancanh.domains.reports.public import pages as public_reports
from toancanh.domains.reports.routing import pages as routing
from toancanh.domains.reports.triage import pages as triage
from toancanh.domains.reports.triage import wording_pages as ready_words
from toancanh.kernel.alerts import pages as alerts
from toancanh.kernel.alerts import rule_pages as alert_rules
from toancanh.kernel.alerts.escalation import pages as escalation
from toancanh.kernel.alerts.handover import pages as handover
from toancanh.kernel.alerts.maintenance import pages as maintenance
from toancanh.kernel.cases import case_pages, covering_pages, kind_pages
from toancanh.kernel.cases import retention_pages as case_retention
from toancanh.kernel.cases.queue import bulk_pages as bulk
from toancanh.kernel.cases.queue import pages as queue
from toancanh.kernel.cases.queue import view_pages as work_views
from toancanh.kernel.console import calendars, health
from toancanh.kernel.console import pages as console
from toancanh.kernel.contacts import pages as contacts
from toancanh.kernel.contacts import receipt_pages as receipts
from toancanh.kernel.contacts import settings_pages as contact_rules
from toancanh.kernel.contacts.officers import pages as reach
from toancanh.kernel.contacts.officers import push_pages as reach_push
from toancanh.kernel.exchange import queries as exchange
from toancanh.kernel.exchange.cap import pages as received
from toancanh.kernel.exchange.cap import public as cap
from toancanh.kernel.exchange.feeds import pages as feeds
from toancanh.kernel.exchange.inbox import pages as inbox
from toancanh.kernel.exchange.rosters import pages as rosters
from toancanh.kernel.exchange.sensorthings import pages as sensorthings
from toancanh.kernel.exchange.sheets import pages as imports
from toancanh.kernel.files import pages as files
from toancanh.kernel.notify import hooks
from toancanh.kernel.notify import pages as sent
from toancanh.kernel.people.shifts import pages as shifts
from toancanh.kernel.portal import pages as portal
from toancanh.kernel.portal import trust, warned
from toancanh.kernel.runtime import api as house
from toancanh.kernel.runtime.doors import SMALL, door
from toancanh.kernel.telemetry import api as telemetry
from toancanh.kernel.telemetry import pages as readings
from toancanh.kernel.telemetry.devices import pages as devices
from toancanh.kernel.telemetry.devices import sensor_pages as sensors
from toancanh.kernel.telemetry.letterbox import pages as letterbox
from toancanh.kernel.telemetry.letterbox import retention_pages as retention
from toancanh.kernel.telemetry.openapi import document
from toancanh.kernel.territory import api as territory
from toancanh.kernel.territory import pages as places
from toancanh.kernel.warnings import arranging_pages as arranging
from toancanh.kernel.warnings import draft_pages as drafts
from toancanh.kernel.warnings import pages as warnings
from toancanh.site import operations

api = house.make(toancanh.__version__)
api.add_router("/things", telemetry.router)
api.add_router("/units", territory.router)
document(api)

FORM = ("GET", "HEAD", "POST")
# Signing in is what officers need first when the public crowds in.
sign_in = door(served_as="staff", methods=FORM, max_body=SMALL)(account.login)
sign_out = door(served_as="staff", methods=FORM, max_body=SMALL)(account.logout)
language = door(methods=("POST",), max_body=SMALL)(set_language)

urlpatterns = [
    path("", portal.home, name="portal"),
    path("map/", portal.city_map, name="map"),
    path("warnings/now.json", warned.now_json, name="warnings_json"),
    path("warnings/places.json", warned.places_json, name="warnings_places"),
    path("warnings/subscription", warned.subscription, name="warnings_subscription"),
    *(
        path(f"{root}warnings/{tail}", view, {"language": language, **more}, name=f"{name}_{language}")
        for language, root in (("vi", ""), ("en", "en/"))
        for tail, view, name, more in (
            ("", warned.now, "warnings", {}),
            ("past/", warned.past, "warnings_past", {}),
            ("rss.xml", warned.feed, "warnings_rss", {"name": "rss.xml"}),
            ("atom.xml", warned.feed, "warnings_atom", {"name": "atom.xml"}),
            ("<str:number>/", warned.message, "warning", {}),
        )
    ),
    path("manifest.webmanifest", warned.manifest, name="manifest"),
    path("sw.js", warned.service_worker, name="service_worker"),
    path("trust/", trust.trust, name="trust"),
    path("trust/root.crt", trust.certificate, name="trust_root"),
    path("search", portal.search, name="search"),
    path("things/<slug:code>/", readings.public, name="thing"),
    path("things/<slug:code>/<slug:series>.xlsx", readings.workbook, name="workbook"),
    path("things/<slug:code>/<slug:series>.csv", readings.table, name="table"),
    path("boundaries/national.json", places.national, name="national"),
    path("boundaries/<slug:code>.json", places.communes, name="communes"),
    path("layers/<str:key>.json", console.layer, name="layer"),
    path("console/", console.home, name="console"),
    path("console/search", console.search, name="console_search"),
    path("console/alerts/", alerts.listing, name="alerts"),
    path("console/alerts/column", alerts.column, name="alert_column"),
    path("console/alerts/bell", alerts.bell, name="alert_bell"),
    path("console/alerts/rules/", alert_rules.listing, name="alert_rules"),
    path("console/alerts/rules/<str:key>/", alert_rules.rule, name="alert_rule"),
    path("console/alerts/escalation/", escalation.page, name="escalation"),
    path("console/alerts/maintenance/", maintenance.listing, name="maintenance"),
    path("console/alerts/maintenance/new/", maintenance.new, name="maintenance_new"),
    path("console/alerts/maintenance/<int:number>/", maintenance.one, name="maintenance_one"),
    path("console/alerts/<int:number>/", alerts.alert, {"locality": exchange.locality}, name="alert"),
    path("console/contacts/", contacts.listing, {"locality": exchange.locality}, name="contacts"),
    path("console/contacts/lists/", rosters.listing, name="rosters"),
    path("console/contacts/lists/upload", rosters.upload, name="roster_upload"),
    path("console/contacts/lists/<int:number>/", rosters.one, name="roster"),
    path("console/contacts/lists/<int:number>/refused.xlsx", rosters.refused, name="roster_refused"),
    path("console/contacts/rules/", contact_rules.rules, name="contact_rules"),
    path("console/contacts/receipts/", receipts.listing, name="receipts"),
    path("console/contacts/receipts/of/<str:subject>/", receipts.part, name="receipts_part"),
    path("console/contacts/receipts/<int:number>/", receipts.notice, name="receipt"),
    path("console/contacts/receipts/<int:number>/board.xlsx", receipts.sheet, name="receipt_sheet"),
    path("console/contacts/receipts/<int:number>/<slug:code>/", receipts.commune, name="receipt_commune"),
    path("files/<slug:signed>/<str:name>", files.serve, name="file"),
    path("r/<slug:secret>/", receipts.confirm, name="receipt_confirm"),
    path("console/contacts/template.xlsx", contacts.template, {"locality": exchange.locality}),
    path("console/contacts/export.xlsx", contacts.export, {"locality": exchange.locality}),
    path("console/contacts/units/<slug:code>/", contacts.unit, name="contact_unit"),
    path("console/contacts/units/<slug:code>/new/", contacts.new, name="contact_new"),
    path("console/contacts/<int:number>/", contacts.contact, name="contact"),
    path("console/contacts/<int:number>/edit/", contacts.edit, name="contact_edit"),
    path("console/warnings/", warnings.listing, name="warnings"),
    path("console/warnings/new/", drafts.new, {"locality": exchange.locality}, name="warning_new"),
    path("console/warnings/orders/", arranging.standing, name="warning_orders"),
    path(
        "console/warnings/orders/new/",
        arranging.new_order,
        {"locality": exchange.locality},
        name="warning_order_new",
    ),
    path("console/warnings/templates/", arranging.templates, name="warning_templates"),
    path("console/warnings/templates/<str:key>/", arranging.template, name="warning_template"),
    path("console/warnings/terms/", arranging.terms, name="warning_terms"),
    path("console/warnings/<int:number>/", warnings.warning, {"locality": exchange.locality}, name="warning"),
    path(
        "console/warnings/<int:number>/edit/",
        drafts.edit,
        {"locality": exchange.locality},
        name="warning_edit",
    ),
    path("console/duty/", shifts.roster, name="roster"),
    path("console/duty/reach/", reach.mine, name="reach"),
    path("console/duty/reach/push", reach_push.push, name="reach_push"),
    path("console/sw.js", reach_push.worker, name="console_worker"),
    path("console/duty/reach/people/", reach.people, name="reach_people"),
    path("console/duty/reach/<int:number>/", reach.one, name="reach_one"),
    path("console/duty/book/", handover.book, name="handover_book"),
    path("console/duty/book/new/<int:number>/", handover.new, name="handover_new"),
    path("console/duty/book/<int:number>/", handover.one, name="handover"),
    path("console/duty/posts/new/", shifts.new_post, name="duty_post_new"),
    path("console/duty/posts/<int:number>/", shifts.post, name="duty_post"),
    path("console/duty/posts/<int:number>/shift/", shifts.new_shift, name="shift_new"),
    path("console/duty/shifts/<int:number>/", shifts.shift, name="shift"),
    path("console/work/", queue.work, {"locality": exchange.locality}, name="work"),
    path("console/work/bulk/", bulk.page, name="work_bulk"),
    path("console/work/views/", work_views.change, name="work_views"),
    path("console/work/export.<str:kind>", queue.export, name="work_export"),
    path("console/calendar/", calendars.year, name="calendar"),
    path("console/calendar/new/", calendars.new, name="calendar_new"),
    path("console/calendar/<slug:code>/", calendars.year, name="calendar_of"),
    path("console/calendar/<slug:code>/days/", calendars.days, name="calendar_days"),
    path("console/calendar/<slug:code>/hours/", calendars.week, name="calendar_week"),
    path("console/work/retention/", case_retention.page, name="case_retention"),
    path("console/work/retention/<slug:code>/", case_retention.record, name="case_retention_record"),
    path("console/work/kinds/", kind_pages.listing, name="case_kinds"),
    path("console/work/kinds/<str:key>/", kind_pages.kind, name="case_kind"),
    path("console/work/<slug:code>/", case_pages.case, {"locality": exchange.locality}, name="case"),
    path("console/work/<slug:code>/photos/<int:file>/", covering_pages.page, name="case_photo"),
    path("console/work/<slug:code>/people/", case_pages.people, name="case_people"),
    path("console/work/<slug:code>/move/<slug:name>/", case_pages.move, name="case_move"),
    path("console/work/<slug:code>/do/<slug:name>/", case_pages.deed, name="case_deed"),
    path("console/things/", console.things, name="console_things"),
    path("console/things/<slug:code>/", readings.staff, {"beside": maintenance.beside}, name="console_thing"),
    path("console/health/", health.health, name="console_health"),
    path("console/alarms", health.alarms, name="console_alarms"),
    path("console/devices/", devices.devices, name="devices"),
    path("console/devices/<path:name>/", devices.device, name="device"),
    path("console/gateways/new/", devices.new_gateway, name="new_gateway"),
    path("console/sensors/new/", sensors.new_sensor, {"locality": exchange.locality}, name="new_sensor"),
    path("console/waiting/", letterbox.room, name="waiting"),
    path("console/waiting/<path:code>/", letterbox.adopt, name="adopt"),
    path("console/letters/", letterbox.letters, name="letters"),
    path("console/letters/keeping/", retention.keeping, name="letter_keeping"),
    path("console/letters/rows/", letterbox.rows, name="letter_rows"),
    path("console/imports/", imports.listing, name="imports"),
    path("console/imports/upload", imports.upload, name="import_upload"),
    path("console/imports/mappings/forget", imports.forget, name="mapping_forget"),
    path("console/imports/folder/", inbox.folder, name="inbox"),
    path("console/imports/folder/samples/<int:number>/", inbox.sample, name="inbox_sample"),
    path("console/imports/folder/settle/<int:number>/", inbox.settle, name="inbox_settle"),
    path("console/imports/<int:number>/", imports.one, name="import"),
    path("console/imports/<int:number>/refused.<str:kind>", imports.refused, name="import_refused"),
    path("console/feeds/", feeds.listing, name="feeds"),
    path("console/feeds/new/", feeds.new, name="feed_new"),
    path("console/feeds/<int:number>/", feeds.one, name="feed"),
    path("console/feeds/<int:number>/edit/", feeds.edit, name="feed_edit"),
    path("console/feeds/<int:number>/trial/", feeds.trial, name="feed_trial"),
    *open311.urlpatterns,
    path("console/directives/", directives.page, name="directives"),
    path("console/directives/list.xlsx", directives.workbook, name="directives_workbook"),
    path("console/directives/owed/", directive_figures.debts, name="directives_owed"),
    path("console/directives/record/", directive_figures.evaluation, name="directives_record"),
    path("console/directives/record/rows/", directive_figures.behind, name="directives_record_rows"),
    path("console/directives/new/", giving.new, {"locality": exchange.locality}, name="directive_new"),
    path("console/directives/<slug:code>/judge/", judging.page, name="directive_judge"),
    path("console/reports/triage/", triage.page, name="report_triage"),
    path("console/reports/learning/", learning.page, name="report_learning"),
    path("console/reports/figures/", report_figures.page, name="report_figures"),
    path("console/reports/figures/rows/", report_figures.behind, name="report_figure_rows"),
    path("console/reports/figures/rows.csv", report_figures.table, name="report_figures_csv"),
    path("console/reports/admission/", admission_pages.page, name="report_admission"),
    path("console/reports/words/", ready_words.page, name="report_words"),
    path("console/reports/import/", report_imports.listing, name="report_imports"),
    path("console/reports/import/upload", report_imports.upload, name="report_import_upload"),
    path("console/reports/import/mappings/forget", report_imports.forget, name="report_mapping_forget"),
    path("console/reports/import/<int:number>/", report_imports.one, name="report_import"),
    path(
        "console/reports/import/<int:number>/refused.xlsx",
        report_imports.refused,
        name="report_import_refused",
    ),
    path("console/reports/disclosure/", disclosure_pages.page, name="report_disclosure"),
    path("console/reports/routing/", routing.rules, name="report_routing"),
    path("console/reports/routing/new/", routing.new, name="report_rule_new"),
    path("console/reports/routing/<int:number>/", routing.one, name="report_rule"),
    path("d/<slug:secret>/", damage_link.form, name="damage_link"),
    path("console/damage/", damage.listing, name="damage"),
    path("console/damage/new/", damage.new, name="damage_new"),
    path("console/damage/<int:number>/", damage.one, {"locality": exchange.locality}, name="damage_count"),
    path("console/damage/<int:number>/areas.json", damage.areas, name="damage_areas"),
    path("console/damage/<int:number>/damage.xlsx", damage.workbook, name="damage_workbook"),
    path(
        "console/damage/<int:number>/damage.pdf",
        damage.document,
        {"locality": exchange.locality},
        name="damage_document",
    ),
    path("console/damage/<int:number>/<slug:code>/", damage.commune, name="damage_commune"),
    path("reports/new/", reports.new, name="report_new"),
    path("reports/send/", reports.send, name="report_send"),
    path("reports/photos/", reports.photo, name="report_photo"),
    path("reports/hints/", reports.hints, name="report_hints"),
    path("reports/follow/", reports.follow, name="report_follow"),
    path("reports/phone/", reports.phone, name="report_phone"),
    path("reports/open-data/reports.<str:form>", open_data.file, name="public_report_file"),
    path("reports/pins.json", public_reports.pins, name="public_report_pins"),
    path("reports/<str:code>/photos/<int:number>.jpg", public_reports.photo, name="public_report_photo"),
    *(
        path(f"{root}reports/{tail}", view, {"language": language}, name=f"{name}_{language}")
        for language, root in (("vi", ""), ("en", "en/"))
        for tail, view, name in (
            ("", public_reports.reports, "public_reports"),
            ("figures/", public_figures.page, "public_report_figures"),
            ("open-data/", open_data.page, "public_report_data"),
            ("<str:code>/", public_reports.report, "public_report"),
        )
    ),
    path("pa/<slug:secret>/", report_status.page, name="report_status"),
    path("pa/<slug:secret>/reply/", report_status.reply, name="report_reply"),
    path("cap", cap.feed, name="cap"),
    path("cap/<slug:number>.xml", cap.message, name="cap_message"),
    path("console/received/", received.listing, name="received"),
    path("console/received/upload", received.upload, name="received_upload"),
    path(
        "console/received/<int:number>/", received.one, {"locality": exchange.locality}, name="received_one"
    ),
    path("console/received/<int:number>/areas.json", received.areas, name="received_areas"),
    path("console/received/<int:number>/original.xml", received.original, name="received_original"),
    path("console/messages/", sent.listing, name="messages"),
    path("console/messages/<int:number>/", sent.one, name="message"),
    path("console/messages/channels/", sent.channels, name="channels"),
    path("console/messages/channels/<slug:name>/", sent.channel, name="channel"),
    path("hooks/messages/<slug:channel>", hooks.told, name="message_hook"),
    path("hooks/messages/<slug:channel>/<str:secret>", hooks.told, name="message_hook_secret"),
    path("hooks/messages/<slug:channel>/<str:secret>/replies", hooks.replied, name="message_replies"),
    path("sign-in/", sign_in, name="account_login"),
    path("sign-out/", sign_out, name="account_logout"),
    path("language/", language, name="set_language"),
    *operations.urlpatterns,
    path("sta/v1.1", sensorthings.service, name="sensorthings"),
    path("sta/v1.1/", sensorthings.service),
    path("sta/v1.1/<path:rest>", sensorthings.service, name="sensorthings_at"),
    path("api/v1/", (house.register(api.urls[0]), "api", "api")),
]

handler400 = "toancanh.kernel.runtime.web.malformed"
handler403 = "toancanh.kernel.runtime.web.forbidden"
handler404 = "toancanh.kernel.runtime.web.missing"
handler500 = "toancanh.kernel.runtime.web.broken"
