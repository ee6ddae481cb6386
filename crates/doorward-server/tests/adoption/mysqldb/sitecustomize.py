"""Lets Flask-MySQLdb run on PyMySQL, so that no C client library is needed."""

import pymysql

pymysql.install_as_MySQLdb()
