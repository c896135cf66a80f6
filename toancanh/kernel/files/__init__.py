"""Attachments: what people send is checked, made anew, kept once and shown by signed links.

A module that takes a photo with a form first takes the file, outside its own transaction, and then names it
inside the transaction of its action::

    photo = files.actions.take(content, name, by=actor, key=key_of_the_sending)
    with transaction.atomic():
        …
        files.actions.attach(photo, f"case:{case.pk}", by=actor)

`take` writes the bytes to the disk before it returns and looks at nothing but their beginning; a worker
decodes them in a child process within a second or two (`work.prepare` does it at once where somebody waits).
Until then the file is `waiting` and no link leads to it. What no row names within a day is forgotten.

`queries.of(subject)` lists files, `links.url(file, variant)` leads a browser to one, `actions.redact` makes
the version for the public, `actions.destroy` takes the content away and keeps the record.
"""
