"""The look: templates, tags, icons and the built front end; it knows no kernel module."""
