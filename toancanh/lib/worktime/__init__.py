"""Working time: what hours a calendar works, and how deadlines are counted in them."""
