"""Open311 GeoReport v2 at ``/open311/v2``: programs read published reports and send new ones."""
