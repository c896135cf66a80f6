"""What anybody may read of reports: the map and list, each report, its figures, open data."""
