"""The outside broker: observations through a broker of the locality's own, such as mosquitto or EMQX.

Its PUBACK to a device proves nothing here. What is promised is the receipt: it leaves after our commit, and a
device that numbers its messages either gets it or is named in a gap event within a minute.
"""
