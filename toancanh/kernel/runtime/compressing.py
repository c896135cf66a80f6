"""Answers made smaller on their way, where that is worth the time."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

DENSE = ("image/jpeg", "image/png", "application/pdf", "application/zip", "application/vnd.openxmlformats")
"""Compressed by their own format: once more costs time and, streamed, the length that a browser counts by."""


class Compressing(GZipMiddleware):
    """Django's compression for everything that is not dense already."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress the answer if its kind gains by it."""
        if response.headers.get("Content-Type", "").startswith(DENSE):
            return response
        return super().process_response(request, response)
