"""Work that an organisation owes by a time: one engine for reports, orders, dossiers and the like."""
