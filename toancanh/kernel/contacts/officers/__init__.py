"""How people with accounts are told what cannot wait until they look at a page (*cách báo cho tôi*)."""
