"""Toàn Cảnh: the whole view of a Vietnamese locality, in one program."""

import sys

import pysqlite3
import pysqlite3.dbapi2

# SQLite 3.7.0-3.51.2 can corrupt a WAL database that several connections write (fixed in 3.51.3);
# Debian's library is older, so the one from PyPI stands in for it in the whole process.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

__version__ = "0.3.0"
