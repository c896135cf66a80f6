"""How reports were dealt with, counted so that anybody can count it again."""
