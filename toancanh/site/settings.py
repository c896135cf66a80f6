"""Django's settings, read from the environment; docs/handbook lists every variable."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from toancanh.kernel import catalogue
from toancanh.kernel.runtime import keyfile
from toancanh.site import environment, listening

ROOT = Path(__file__).resolve().parents[1]
DATA = environment.data_folder()
CITY = DATA / "city.db"
DATABASE_URL = environment.database_url()
TELEMETRY = DATABASE_URL or str(DATA / "telemetry.db")
PORT = environment.port()
DEMO = environment.demo()
EGRESS_ALLOW = environment.egress_allow()
MQTT = environment.mqtt()
FILES_PHOTO_MB = environment.megabytes("FILES_PHOTO_MB", 30)
FILES_PDF_MB = environment.megabytes("FILES_PDF_MB", 30)

LOOKING = {
    "connect_timeout": 5,
    "options": "-c default_transaction_read_only=on -c statement_timeout=5000 -c lock_timeout=2000",
}


def _secret_key() -> str:
    """The key of this installation, kept beside the data."""
    path = DATA / "secret.key"
    if environment.looks_only():
        return keyfile.kept(path) or "nothing is signed by who only looks"
    return keyfile.kept_or_made(path, lambda: secrets.token_urlsafe(50))


def _database() -> dict[str, Any]:
    if DATABASE_URL:
        url = urlsplit(DATABASE_URL)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.lstrip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": url.hostname or "",
            "PORT": str(url.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": LOOKING if environment.looks_only() else {},
        }
    if environment.looks_only():
        opening = "PRAGMA synchronous=FULL; PRAGMA mmap_size=0; PRAGMA query_only=ON"
        options = {"timeout": 3, "init_command": opening}
        name = environment.to_look_at(CITY)
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": CITY,
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=0;",
        },
        "TEST": {"NAME": environment.test_database()},
    }


SECRET_KEY = _secret_key()
DEBUG = False
LISTENING = listening.wanted(PORT)
TRUST_ROOT = DATA / "tls" / "root.crt" if LISTENING.is_own else None
METRICS_FROM = environment.metrics_from()
ALLOWED_HOSTS = list(dict.fromkeys([*environment.hosts(), *map(listening.bracketed, LISTENING.names)]))
FEED_URL = environment.public_url() or LISTENING.public_url(PORT)
"""Put before addresses in feeds, which cannot do without; on a machine alone it is its own."""
PUBLIC_URL = environment.public_url() or LISTENING.beyond(PORT)
"""Put before links in messages; empty where they would lead nowhere."""
CSRF_TRUSTED_ORIGINS = LISTENING.origins(PORT)
ROOT_URLCONF = "toancanh.site.urls"
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "people.Person"

KERNEL = [
    "runtime",
    "journal",
    "territory",
    "people",
    "files",
    "registry",
    "notify",
    "contacts",
    "telemetry",
    "cases",
    "alerts",
    "warnings",
    "exchange",
    "console",
    "portal",
]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "toancanh.web",
    *(f"toancanh.kernel.{module}" for module in KERNEL),
    *catalogue.folders(),
    # After our own, so that our pages for signing in are found first.
    "allauth",
    "allauth.account",
]
MIDDLEWARE = [
    "toancanh.kernel.runtime.web.frame",
    "toancanh.kernel.runtime.compressing.Compressing",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "toancanh.kernel.people.web.acting",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "toancanh.kernel.exchange.slots.fill",
                "toancanh.kernel.console.slots.fill",
                "toancanh.kernel.portal.slots.fill",
                "toancanh.site.demo.notice",
            ],
        },
    }
]

# Lines on the cards of devices, of doors that lie above telemetry: `Sender` → `Example` or None.
WAYS_TO_SEND = ["toancanh.kernel.exchange.sensorthings.card.example"]

# What follows from events of the kernel, before the domains' reactions: callables that take the payload.
REACTIONS = {
    "warnings.issued": ["toancanh.kernel.warnings.telling.issued"],
    "warnings.lapsed": ["toancanh.kernel.warnings.telling.lapsed"],
    "alerts.acknowledged": ["toancanh.kernel.alerts.escalation.telling.settled"],
    "alerts.closed": ["toancanh.kernel.alerts.escalation.telling.settled"],
    "alerts.opened": ["toancanh.site.demo_drafts.rang"],
    "alerts.raised": ["toancanh.site.demo_drafts.rang"],
    "cases.due_moved": ["toancanh.kernel.cases.telling.due_moved"],
    "cases.extension_settled": ["toancanh.kernel.cases.telling.extension_settled"],
    "cases.identities_erased": ["toancanh.domains.reports.keeping.identities_erased"],
    "cases.moved": ["toancanh.kernel.cases.telling.moved", "toancanh.kernel.cases.splitting.part_moved"],
    "people.organisation_ceased": ["toancanh.kernel.cases.following.organisation_ceased"],
    "territory.calendar_changed": ["toancanh.kernel.cases.recounting.calendar_changed"],
}

# Codes of categories of work and what domains call them: callables that return pairs.
CASE_CATEGORIES = ["toancanh.domains.reports.naming.choices"]

# Ways to reach people, by which messages leave; those of modules above `notify` stand here too.
CHANNELS = [
    "toancanh.kernel.notify.channels.webpush.CHANNEL",
    "toancanh.kernel.notify.channels.sms.CHANNEL",
    "toancanh.kernel.notify.channels.voice.CHANNEL",
    "toancanh.kernel.notify.channels.zalo.CHANNEL",
    "toancanh.kernel.notify.channels.email.CHANNEL",
    "toancanh.kernel.telemetry.sirens.CHANNEL",
]
# Lists of recipients by name: a callable of the type `notify.messages.Source`.
RECIPIENTS = {
    "notify.subscribers": "toancanh.kernel.notify.subscriptions.recipients",
    "contacts.chain": "toancanh.kernel.contacts.telling.recipients",
    "telemetry.sirens": "toancanh.kernel.telemetry.sirens.recipients",
}
# Boxes on the page of a case, by its kind: callables of the type `cases.panels.Maker`.
CASE_PANELS = {
    "directives.directive": ["toancanh.domains.directives.panels.progress"],
    "reports.report": [
        "toancanh.domains.reports.routing.panels.why",
        "toancanh.domains.reports.importing.panels.brought",
    ],
}
# Things that others link to and speak of, by the word before the colon of their name: callables of the type
# `runtime.subjects.Finder`.
SUBJECTS = {
    "alert": "toancanh.kernel.alerts.subjects.find",
    "case": "toancanh.kernel.cases.subjects.find",
    "figure": "toancanh.domains.reports.figures.subjects.find",
    "thing": "toancanh.kernel.telemetry.subjects.find",
    "warning": "toancanh.kernel.warnings.subjects.find",
}
# What goes with a case of a kind that is destroyed: callables that take it.
CASE_ERASERS = {"reports.report": ["toancanh.domains.reports.keeping.erase"]}
# Terms that a domain gives to cases of a kind as they stand: callables of the type `cases.reterming.TermsOf`.
CASE_TERMS = {"reports.report": "toancanh.domains.reports.routing.taking.terms_of"}
# What people answer to messages: callables that take the number and the text.
REPLIES = ["toancanh.kernel.contacts.receipts.replied"]
PUSH_HOSTS = environment.push_hosts()

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 14}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_ADAPTER = "toancanh.kernel.people.signin.Accounts"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,5/5m/key"}
ACCOUNT_SESSION_REMEMBER = False
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/console/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"

SESSION_COOKIE_NAME = "toancanh_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = LISTENING.is_secure
CSRF_COOKIE_NAME = "toancanh_csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = LISTENING.is_secure
CSRF_FAILURE_VIEW = "toancanh.kernel.runtime.web.forged"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "toancanh_language"
LANGUAGE_COOKIE_SECURE = LISTENING.is_secure
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "web" / "static"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "toancanh": {"level": "WARNING"},
        # Every 4xx of a stranger is not a line in the officer's log.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
    },
}
