"""Clock, ids, the register of doors, the live hub and the edge: what runs the house."""
