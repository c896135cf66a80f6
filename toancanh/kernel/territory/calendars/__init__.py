"""Working calendars: the dated table that rules which minutes are worked, where, and by which decision."""
