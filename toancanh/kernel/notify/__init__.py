"""One outbox, many channels, receipts: how the product tells people outside its own pages.

A module that wants to tell somebody something writes, inside the transaction of its own action::

    notify.actions.send(
        Message(key="warnings.warning:17:1", kind="warnings.warning", subject="warnings.warning:17",
                title=Title("…", "…"), body=Title("…", "…"), link="/warnings/17/", urgency=Urgency.HIGH,
                is_exercise=False, expires=…),
        [Recipient("person:3", "sms", "+84901234567", "vi", name="Nguyễn Văn A")],
        by=actor,
    )

Tens of thousands are named instead of listed: ``Named("notify.subscribers", {"units": ["19816"]})``; a module
contributes such a list by ``RECIPIENTS`` of the site's settings, a channel by ``CHANNELS``.

`queries.progress(key)` counts what became of a message, `queries.of(subject)` says who was told of something,
`actions.cancel(key, by=…)` takes back what still waits. Its README tells the rest.
"""
