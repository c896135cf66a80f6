"""The watched folder: files that people and machines put down are taken in by the rule of their folder."""
