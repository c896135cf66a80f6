"""Revisions: how one process learns that another changed something it keeps in memory."""

from django.db import models


class Revision(models.Model):
    """A number that grows with every change of what ``name`` stands for."""

    name = models.CharField(max_length=40, primary_key=True)
    number = models.BigIntegerField(default=0)


class Mark(models.Model):
    """A fact about this store as a whole, such as that it holds a demo city."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.CharField(max_length=200)
