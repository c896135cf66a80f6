"""Administrative units with validity and lineage, their boundaries, and what lies where."""
